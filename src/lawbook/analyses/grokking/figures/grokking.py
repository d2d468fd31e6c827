"""`grokking`: the phase of learning in each cell of two axes, with the lag where training and test are both learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.patches import Patch, Rectangle

from lawbook.analyses.grokking.block import PHASES, GrokkingBlock
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.style import BLACK, SINGLE, new_figure, tick_text
from lawbook.results.reader import Results
from lawbook.results.selection import parse_group
from lawbook.results.words import label, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

HUES = dict(zip(PHASES, ("#56B4E9", "#E69F00", "#CC79A7", "#DDDDDD"), strict=True))


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw a cell per case in the colour of the phase that most of its runs are in, with their median lag in steps."""
    asked, found = analysis_shown(block, "grokking", results, content)
    cells = _cells(asked, found.table("cases"))
    axes_of = [sorted(cells[axis].unique(), key=_order) for axis in ("x", "y")]
    figure = new_figure(SINGLE + 1.6, 1.1 + float(np.clip(0.42 * len(axes_of[1]), 0.8, 4.5)))
    axes = figure.subplots()
    for cell in cells.to_dict("records"):
        x, y = (values.index(cell[axis]) for values, axis in zip(axes_of, ("x", "y"), strict=True))
        hue = HUES.get(cell["phase"], "white")
        axes.add_patch(Rectangle((x, y), 1, 1, facecolor=hue, edgecolor="white", linewidth=0.8, zorder=2))
        if pd.notna(cell["lag"]):
            axes.text(x + 0.5, y + 0.5, number(cell["lag"]), ha="center", va="center", fontsize=6.5, zorder=4)
    differ = cells[cells[list(PHASES)].gt(0).sum(axis=1) > 1]
    places = [
        (axes_of[0].index(x) + 0.85, axes_of[1].index(y) + 0.8)
        for x, y in zip(differ["x"], differ["y"], strict=True)
    ]
    handles: list[Any] = [
        Patch(color=HUES[phase], label=phase) for phase in PHASES if (cells["phase"] == phase).any()
    ]
    if places:
        handles += axes.plot(*np.transpose(places), ls="none", marker="o", ms=4, mfc="white", mec=BLACK, mew=0.6,
                             zorder=5, label="runs differ: most")  # fmt: skip
    axes.set(xlim=(0, len(axes_of[0])), ylim=(0, len(axes_of[1])), xlabel=label(asked.by[0], content))
    axes.set_xticks(np.arange(len(axes_of[0])) + 0.5, [_text(value) for value in axes_of[0]])
    if len(asked.by) > 1:
        axes.set_yticks(np.arange(len(axes_of[1])) + 0.5, [_text(value) for value in axes_of[1]])
        axes.set_ylabel(label(asked.by[1], content))
    else:
        axes.set_yticks([])
    axes.tick_params(length=0)
    axes.grid(visible=False)
    figure.legend(handles=handles, title="lag in steps, and phase", loc="outside right upper")
    title = f"Phases of learning over {' and '.join(map(plain, asked.by[:2]))}"
    return Drawn(figure, cells, title, _caption(asked, cells))


def _cells(asked: GrokkingBlock, cases: pd.DataFrame) -> pd.DataFrame:
    """Return the cases with their places `x` and `y`, y the same for all where there is one axis."""
    groups = [parse_group(case) for case in cases["case"]]
    first, *rest = asked.by
    second = [_value(group[rest[0]]) if rest else 0.0 for group in groups]
    return cases.assign(x=[_value(group[first]) for group in groups], y=second)


def _value(text: str) -> float | str:
    """Return a number from its text, else the text."""
    try:
        return float(text)
    except ValueError:
        return text


def _order(value: float | str) -> tuple[bool, float | str]:
    return isinstance(value, str), value


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else tick_text(value)


def _caption(asked: GrokkingBlock, cells: pd.DataFrame) -> str:
    runs = int(cells["n_runs"].sum())
    return (
        f"Each cell the phase that most of its runs are in ({number(runs)} runs). Confusion: {plain(asked.train)} "
        f"is never reached; memorisation: {plain(asked.test)} is not; grokking: it is, later by "
        f"{number(100 * asked.late)} % of the steps or more; comprehension: sooner. Numbers: the median lag in steps."
    )


figure = Kind(draw, "grokking", {})
