"""`metrics`: every way of choosing what is kept against random pruning, as paired differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._series import RANDOM, WHERE, as_data, check_control, chosen_runs, repeats_text
from lawbook.report.style import BLACK, DOUBLE, MARKERS, PALETTE, legend_columns, new_figure
from lawbook.results.paired import paired_difference
from lawbook.results.reader import Results
from lawbook.results.selection import OF_SELECTION, varying_axes
from lawbook.results.words import conditions, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.roles import REPEATS
from lawbook.studies.schema import StudyFile

MAX_PANELS = 6


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw y of each selection less that of random pruning at the same keep fraction, a panel per pool and noise."""
    runs, sweep = chosen_runs(block, results, content)
    y = str(block.options.get("y", "test_error"))
    pruned = runs[runs["keep_fraction"] < 1]
    varying = varying_axes(pruned, content, sweep)
    selection = [axis for axis in varying if axis in OF_SELECTION and axis not in ("metric", "keep")]
    apart = [axis for axis in varying if axis not in ("keep_fraction", "kept", *OF_SELECTION)]
    panels = list(pruned.groupby(apart, sort=True)) if apart else [((), pruned)]
    gaps = pd.concat(
        [
            _differences(of, y, selection, results.axes).assign(
                panel=conditions(dict(zip(apart, key, strict=True)))
            )
            for key, of in panels
        ],
        ignore_index=True,
    )
    panels_shown = list(dict.fromkeys(gaps["panel"]))[:MAX_PANELS]
    order = gaps.groupby("selection")["y"].mean().sort_values(ascending=False).index.tolist()

    columns = min(2, len(panels_shown))
    rows = -(-len(panels_shown) // columns)
    figure = new_figure(DOUBLE, rows * (0.16 * len(order) + 0.75) + 0.35)
    places = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for axes, panel in zip(places, panels_shown, strict=False):
        _draw_panel(axes, gaps[gaps["panel"] == panel], order)
        axes.set_title(panel or "all runs")
    for axes in places[len(panels_shown) :]:
        axes.set_axis_off()
    for axes in places[max(0, len(panels_shown) - columns) : len(panels_shown)]:
        axes.set_xlabel(f"{plain(y)}: selection − random")
    handles, labels = places[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=legend_columns(labels))
    folds = int(gaps["folds"].max()) if len(gaps) else 1
    how = (
        f"corrected for {folds} test folds (Nadeau and Bengio 2003)"
        if folds > 1
        else "plain t, one test split"
    )
    lacking = sorted(set(gaps["lacking"]) - {""})
    left_out = list(dict.fromkeys(gaps["panel"]))[MAX_PANELS:]
    caption = (
        f"Differences paired by seed and fold, 95 % intervals, {how}; left of 0 the selection is better"
        f" ({repeats_text(runs)})."
        + (f" Pairs lack: {'; '.join(lacking)}." if lacking else "")
        + (f" Not drawn, but in the data: {'; '.join(left_out)}." if left_out else "")
    )
    return Drawn(
        figure, as_data([({"y_is": y}, gaps)]), f"Every selection against random: {plain(sweep)}", caption
    )


def _differences(runs: pd.DataFrame, y: str, selection: list[str], axes: list[str]) -> pd.DataFrame:
    """Return selection − random per selection and keep fraction, paired by fold and seed.

    selection: the axes besides metric and keep that tell selections apart; axes: those that tell runs apart.
    """
    keys = [axis for axis in REPEATS if axis in runs.columns]
    rows = []
    for keep, at in runs.groupby("keep_fraction"):
        base = at[at["metric"] == RANDOM]
        told_apart = ["metric", "keep", *selection]
        for values, of in at[at["metric"] != RANDOM].groupby(told_apart):
            d = paired_difference(of, base, y, keys, axes)
            named = _named(dict(zip(told_apart, values, strict=True)))
            rows.append((named, keep, d.estimate, d.low, d.high, d.n, d.folds, d.lacking))
    columns = ["selection", "keep_fraction", "y", "low", "high", "n_pairs", "folds", "lacking"]
    return pd.DataFrame(rows, columns=columns)


def _named(selection: dict[str, Any]) -> str:
    """Write a selection.

    >>> _named({"metric": "el2n", "keep": "hard", "drop_hardest": 0.1, "probes": 2})
    'el2n, hard, −10 % hardest, probes 2'
    """
    more = dict(selection)
    words = [plain(more.pop("metric")), more.pop("keep")]
    if dropped := more.pop("drop_hardest", 0.0):
        words.append(f"−{number(dropped * 100)} % hardest")
    return ", ".join([*words, *([conditions(more)] if more else [])])


def _draw_panel(axes: Axes, gaps: pd.DataFrame, order: list[str]) -> None:
    fractions = sorted(gaps["keep_fraction"].unique())
    for i, fraction in enumerate(fractions):
        at = gaps[gaps["keep_fraction"] == fraction].set_index("selection").reindex(order)
        apart = min(0.24, 0.8 / len(fractions))
        height = np.arange(len(order)) + apart * (i - (len(fractions) - 1) / 2)
        ends = at[["y", "low", "high"]].to_numpy(dtype=float)
        spread = np.nan_to_num(np.stack([ends[:, 0] - ends[:, 1], ends[:, 2] - ends[:, 0]]))
        axes.errorbar(
            ends[:, 0], height, xerr=np.maximum(spread, 0), ls="none", marker=MARKERS[i % len(MARKERS)], ms=3,
            color=PALETTE[i % len(PALETTE)], capsize=1.5, elinewidth=0.8, label=f"keep fraction {number(fraction)}",
        )  # fmt: skip
    axes.axvline(0, color=BLACK, lw=0.7)
    axes.set_yticks(np.arange(len(order)), order)
    axes.set_ylim(-0.7, len(order) - 0.3)


figure = Kind(draw, "sweep", {"y": "Column that is compared, test_error by default.", **WHERE}, check_control)
