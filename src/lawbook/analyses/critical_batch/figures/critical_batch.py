"""`critical_batch`: the fewest steps to a loss against the examples that they take, over batch sizes."""

from __future__ import annotations

import numpy as np

from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import BLACK, GREY, PALETTE, SINGLE, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import measured, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw steps over examples of each batch size, the fitted hyperbola, its asymptotes and the critical batch."""
    asked, found = analysis_shown(block, "critical_batch", results, content)
    steps, row = found.table("steps").dropna(subset="steps"), found.table("trade_off").iloc[0]
    figure = new_figure(1.35 * SINGLE, 3.0)
    axes = figure.subplots()
    critical, s_min, e_min = (float(row[name]) for name in ("critical_batch", "steps_min", "examples_min"))
    sizes = np.geomspace(steps["batch_size"].min() / 2, 2 * steps["batch_size"].max(), 100)
    fitted = s_min * (1 + critical / sizes)
    axes.plot(sizes * fitted, fitted, color=PALETTE[0], lw=1.0, label="fitted")
    if steps["exact"].notna().any():
        axes.plot(
            steps["batch_size"] * steps["exact"],
            steps["exact"],
            "o",
            mfc="none",
            mec=BLACK,
            ms=6,
            label="exact",
        )
    spread = steps[["low", "high"]].sub(steps["steps"], axis=0).abs().fillna(0.0).to_numpy().T
    axes.errorbar(
        steps["examples"], steps["steps"], yerr=spread, color=PALETTE[0], ls="none", marker="o", ms=3, elinewidth=0.8,
        label="measured",
    )  # fmt: skip
    for batch, x, y in zip(steps["batch_size"], steps["examples"], steps["steps"], strict=True):
        axes.annotate(f"B = {batch:g}", (x, y), (5, 3), textcoords="offset points", fontsize=6.5)
    axes.axhline(s_min, color=GREY, lw=0.7, ls=":")
    axes.axvline(e_min, color=GREY, lw=0.7, ls=":")
    axes.plot(2 * e_min, 2 * s_min, "*", color=PALETTE[1], ms=9, label=f"critical batch {number(critical)}")
    log_axis(axes, "x", steps["examples"])
    log_axis(axes, "y", steps["steps"])
    axes.set(xlabel="examples E = B S", ylabel="steps S")
    axes.legend()
    caption = (
        f"Steps and examples to a {plain(asked.y)} of {number(asked.level)}, at the best rate of each batch size, and "
        "the trade-off (S/S_min − 1)(E/E_min − 1) = 1; dotted are S_min and E_min. The critical batch size is "
        f"{measured(critical, row['low'], row['high'])}."
    )
    return Drawn(figure, as_data([({}, steps)]), "Steps against examples", caption)


figure = Kind(draw, "critical_batch", {})
