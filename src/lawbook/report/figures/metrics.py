"""`metrics`: every way of choosing what is kept against random pruning, as paired differences."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.errors import LawbookError
from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._series import WHERE, as_data, chosen_runs, repeats_text
from lawbook.report.pairs import paired_difference
from lawbook.report.results import REPEATS, Results, varying_axes
from lawbook.report.style import BLACK, DOUBLE, MARKERS, PALETTE, new_figure
from lawbook.report.words import conditions, number, plain
from lawbook.studies.schema import FigureBlock, StudyFile

RANDOM = "random"
SELECTION = ("metric", "keep", "drop_hardest")
MAX_PANELS = 6


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw y of each selection less that of random pruning at the same keep fraction, a panel per pool and noise."""
    runs, sweep = chosen_runs(block, results, content)
    y = str(block.options.get("y", "test_error"))
    pruned = runs[runs["keep_fraction"] < 1]
    if RANDOM not in set(pruned["metric"]) or pruned["metric"].nunique() < 2:
        raise LawbookError(f"figure {block.kind}: the sweep {sweep!r} needs the metric random and one other")
    apart = [
        a for a in varying_axes(pruned, content, sweep) if a not in ("keep_fraction", "kept", *SELECTION)
    ]
    panels = list(pruned.groupby(apart, sort=True)) if apart else [((), pruned)]
    gaps = pd.concat(
        [
            _differences(of, y).assign(panel=conditions(dict(zip(apart, key, strict=True))))
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
    figure.legend(handles, labels, loc="outside lower center", ncols=max(1, len(labels)))
    folds = int(gaps["folds"].max()) if len(gaps) else 1
    how = (
        f"corrected for {folds} test folds (Nadeau and Bengio 2003)"
        if folds > 1
        else "plain t, one test split"
    )
    lacking = sorted(set(gaps["lacking"]) - {""})
    caption = (
        f"Differences paired by seed and fold, 95 % intervals, {how}; left of 0 the selection is better"
        f" ({repeats_text(runs)})." + (f" Pairs lack: {'; '.join(lacking)}." if lacking else "")
    )
    return Drawn(figure, as_data([({}, gaps)]), "Every selection against random", caption)


def _differences(runs: pd.DataFrame, y: str) -> pd.DataFrame:
    """Return selection − random per selection and keep fraction, paired by fold and seed."""
    keys = [axis for axis in REPEATS if axis in runs.columns]
    rows = []
    for keep, at in runs.groupby("keep_fraction"):
        base = at[at["metric"] == RANDOM]
        for selection, of in at[at["metric"] != RANDOM].groupby(list(SELECTION)):
            metric, kept, dropped = cast(tuple[str, str, float], selection)
            d = paired_difference(of, base, y, keys)
            named = f"{plain(metric)}, {kept}" + (f", −{number(dropped * 100)} % hardest" if dropped else "")
            rows.append((named, keep, d.estimate, d.low, d.high, d.n, d.folds, d.lacking))
    columns = ["selection", "keep_fraction", "y", "low", "high", "n_pairs", "folds", "lacking"]
    return pd.DataFrame(rows, columns=columns)


def _draw_panel(axes: Axes, gaps: pd.DataFrame, order: list[str]) -> None:
    fractions = sorted(gaps["keep_fraction"].unique())
    for i, fraction in enumerate(fractions):
        at = gaps[gaps["keep_fraction"] == fraction].set_index("selection").reindex(order)
        height = np.arange(len(order)) + 0.24 * (i - (len(fractions) - 1) / 2)
        ends = at[["y", "low", "high"]].to_numpy(dtype=float)
        spread = np.nan_to_num(np.stack([ends[:, 0] - ends[:, 1], ends[:, 2] - ends[:, 0]]))
        axes.errorbar(ends[:, 0], height, xerr=np.maximum(spread, 0), ls="none", marker=MARKERS[i], ms=3,
                      color=PALETTE[i % len(PALETTE)], capsize=1.5, elinewidth=0.8,
                      label=f"keep fraction {number(fraction)}")  # fmt: skip
    axes.axvline(0, color=BLACK, lw=0.7)
    axes.set_yticks(np.arange(len(order)), order)
    axes.set_ylim(-0.7, len(order) - 0.3)


figure = Kind(draw, "sweep", {"y": "Column that is compared, test_error by default.", **WHERE})
