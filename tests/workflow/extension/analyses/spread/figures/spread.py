"""`spread`: the standard deviation over seeds against the number of samples."""

from typing import Any

from lawbook.report.figures import Drawn, Kind
from lawbook.report.style import SINGLE, new_figure


def draw(block: Any, results: Any, content: Any) -> Drawn:
    """Draw one line."""
    table = results.analysis("spread", block.of).table("spreads")
    figure = new_figure(SINGLE, 2.4)
    axes = figure.subplots()
    axes.loglog(table["samples"], table["spread"], marker="o")
    axes.set(xlabel="samples", ylabel="standard deviation over seeds")
    return Drawn(figure, table, "Spread over seeds", "Standard deviation over seeds.")


figure = Kind(draw, shows="spread", options={})
