"""`unseen_schedules`: curves under schedules that laws were not fitted to, and how far off each law is."""

from __future__ import annotations

from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import BLACK, DOUBLE, GREY, PALETTE, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import enumerate_words, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

STYLES = {
    "steps": (GREY, ":"), "rate_sum": (PALETTE[4], "-."), "annealing": (PALETTE[0], "--"),
    "multi_power": (PALETTE[1], "-"),
}  # fmt: skip
MOST = 4
"""Schedules that have a column of their own."""


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw a column for each unseen schedule: its rates, the curves, and each law's relative error."""
    asked, found = analysis_shown(block, "unseen_schedules", results, content)
    table = found.table("curves")
    unseen = table[table["fitted"] == 0]
    names = [*dict.fromkeys(unseen["schedule"])][:MOST]
    figure = new_figure(DOUBLE if len(names) > 1 else 0.6 * DOUBLE, 4.6)
    grid = figure.subplots(
        3, len(names), sharex="col", sharey="row", squeeze=False, gridspec_kw={"height_ratios": [0.5, 1.3, 1]}
    )
    for (top, middle, bottom), name in zip(grid.T, names, strict=True):
        part = unseen[unseen["schedule"] == name]
        seen = part[part["law"] == ""]
        top.plot(seen["step"], seen["rate"], color=BLACK, lw=1)
        top.set_title(plain(name))
        if seen["low"].notna().any():
            middle.fill_between(seen["step"], seen["low"], seen["high"], color=BLACK, alpha=0.15, lw=0)
        middle.plot(seen["step"], seen["y"], "o", color=BLACK, ms=2.2, label="measured")
        if seen["exact"].notna().any():
            middle.plot(seen["step"], seen["exact"], color=PALETTE[2], lw=0.8, label="exact")
        bottom.axhline(0, color=BLACK, lw=0.6)
        for law, (colour, dashes) in STYLES.items():
            one = part[part["law"] == law]
            middle.plot(one["step"], one["y"], color=colour, ls=dashes, lw=1, label=plain(law))
            away = 100 * (one["y"].to_numpy() / seen["y"].to_numpy() - 1)
            bottom.plot(one["step"], away, color=colour, ls=dashes, lw=1)
        log_axis(middle, "x", part["step"])
        log_axis(middle, "y", part["y"])
        bottom.set_xlabel("step")
    for row, text in zip(grid, ("learning rate", plain(asked.y), "prediction off by (%)"), strict=True):
        row[0].set_ylabel(text)
    grid[1][-1].legend(fontsize=6)
    caption = (
        f"Laws fitted to the curves under {enumerate_words(map(plain, asked.fitted))} and held against those under "
        "schedules that they were not fitted to: means over seeds, their 95 % interval shaded. Steps: a power law with "
        "a floor of the steps alone; rate sum: one of the rate summed over them."
    )
    if len({*unseen["schedule"]}) > MOST:
        caption += f" Of {len({*unseen['schedule']})} schedules {MOST} are drawn."
    shown = unseen[unseen["schedule"].isin(names)]
    return Drawn(figure, as_data([({}, shown)]), "Schedules that were not seen", caption)


figure = Kind(draw, "unseen_schedules", {})
