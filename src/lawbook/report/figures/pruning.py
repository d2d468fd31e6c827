"""`pruning`: error after pruning by a metric against random pruning, and their paired differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._series import (
    MAX_LINES,
    RANDOM,
    WHERE,
    Line,
    as_data,
    check_control,
    chosen_runs,
    draw_points,
    flops_axis,
    make_lines,
    means,
    repeats_text,
    shown,
    whole_flops,
)
from lawbook.report.style import BLACK, DOUBLE, legend_columns, log_axis, new_figure
from lawbook.results.paired import paired_difference
from lawbook.results.reader import Results
from lawbook.results.selection import OF_SELECTION, varying_axes, where
from lawbook.results.words import label, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.roles import REPEATS
from lawbook.studies.schema import StudyFile


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw y against the examples kept, metrics solid and random dashed, and metric − random beside it.

    Where runs of a pool differ in what they cost, as at equal epochs, y is drawn against FLOPs, too.
    """
    runs, sweep = chosen_runs(block, results, content)
    y = str(block.options.get("y", "test_error"))
    pruned = runs[runs["keep_fraction"] < 1]
    others = [a for a in varying_axes(pruned, content, sweep) if a not in ("keep_fraction", "kept", "metric")]
    metrics = sorted(set(pruned["metric"]) - {RANDOM})
    lines, held = make_lines(
        pruned[pruned["metric"] != RANDOM], others, most=max(1, MAX_LINES // (len(metrics) + 1))
    )

    cheaper = runs.groupby("samples")["flops"].nunique().max() > 1
    figure = new_figure(DOUBLE, 3.2 if cheaper else 3.4)
    left, *between, right = figure.subplots(1, 3 if cheaper else 2)
    # Random pruning and whole pools know nothing of how scores are made and used: they belong to several lines.
    pool_axes = [axis for axis in others if axis not in OF_SELECTION]
    random = runs[(runs["metric"] == RANDOM) | (runs["keep_fraction"] == 1)]
    parts: list[tuple[dict[str, Any], pd.DataFrame]] = []
    differences: list[pd.DataFrame] = []
    drawn: list[dict[str, Any]] = []

    def add(of: pd.DataFrame, line: Line, metric: str, whose: str) -> None:
        points = means(of, y, "n_train")
        named = {"line": whose, "metric": metric}
        spent = points.assign(x=points["x"].map(whole_flops(of).groupby(of["n_train"]).mean()))
        _draw_line(left, points, line, metric, metrics, ", ".join(filter(None, (whose, plain(metric)))))
        for axes in between:
            _draw_line(axes, spent, line, metric, metrics, "")
        parts.extend([({"part": y, **named}, points), ({"part": "cost", **named}, spent)])

    for line in lines:
        pool = {axis: line.runs[axis].iloc[0] for axis in pool_axes}
        control = where(random, pool)
        if pool not in drawn:
            drawn.append(pool)
            add(control, line, RANDOM, ", ".join(shown(axis, value) for axis, value in pool.items()))
        # Without pruning every metric is the same run: it ends each line.
        whole = control[control["keep_fraction"] == 1]
        for metric in metrics:
            add(pd.concat([line.runs[line.runs["metric"] == metric], whole]), line, metric, line.label)
        differences.append(_differences(line, control, metrics, y, results.axes))
    gaps = pd.concat(differences, ignore_index=True)
    _draw_differences(right, gaps, lines, metrics)
    parts.append(({"part": "difference"}, gaps))
    log_axis(left, "x", runs["n_train"])
    positive = pd.concat([p["y"] for names, p in parts if names["part"] == y])
    log_axis(left, "y", positive[positive > 0])
    left.set(xlabel=label("n_train"), ylabel=label(y, content, sweep))
    for axes in between:
        log_axis(axes, "y", positive[positive > 0])
        flops_axis(axes, pd.concat([p["x"] for names, p in parts if names["part"] == "cost"]))
        axes.tick_params(labelleft=False)
    right.axhline(0, color=BLACK, lw=0.7)
    right.set_xscale("log")
    fractions = sorted(pruned["keep_fraction"].unique())
    right.set_xticks(fractions, [number(f) for f in fractions])
    right.set_xticks([], minor=True)
    right.set(xlabel=label("keep_fraction"), ylabel=f"{plain(y)}: metric − random")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=legend_columns(labels))

    folds = int(gaps["folds"].max()) if len(gaps) else 1
    how = (
        f"corrected for {folds} test folds (Nadeau and Bengio 2003)"
        if folds > 1
        else "plain t, one test split"
    )
    about = [
        f"Left: mean {plain(y)} over seeds with 95 % intervals ({repeats_text(runs)}), random dashed",
        _cost_text(runs, cheaper),
        f"Right: differences paired by seed and fold, 95 % intervals, {how}; below 0 the metric is better",
    ]
    if lacking := int((gaps["lacking"] != "").sum()):
        about.append(
            f"{number(lacking)} differences lack pairs (hollow): "
            + "; ".join(sorted(set(gaps["lacking"]) - {""}))
        )
    if held:
        about.append(f"Held fixed, since more lines cannot be told apart: {held}")
    return Drawn(figure, as_data(parts), f"Pruned against random: {plain(sweep)}", ". ".join(about) + ".")


def _cost_text(runs: pd.DataFrame, cheaper: bool) -> str:
    """Write what pruned runs cost beside others."""
    if cheaper:
        return "Middle: the same against the FLOPs of a run and of scoring its pool for it alone"
    scoring = (runs["scoring_flops"] / runs["flops"]).median()
    return (
        "Runs of a pool take the same FLOPs whatever they keep; scoring it for one run alone takes"
        f" {number(scoring, 2)} times as many"
    )


def _draw_line(
    axes: Axes, points: pd.DataFrame, line: Line, metric: str, metrics: list[str], label: str
) -> None:
    draw_points(axes, points, line, label=label)
    if len(axes.containers):
        drawn = axes.containers[-1][0]
        drawn.set_linestyle("--" if metric == RANDOM else "-" if metric == metrics[0] else "-.")
        if metric == RANDOM:
            drawn.set_markerfacecolor("white")


def _differences(
    line: Line, control: pd.DataFrame, metrics: list[str], y: str, axes: list[str]
) -> pd.DataFrame:
    """Return metric − random per metric and keep fraction of a line, paired by fold and seed."""
    rows = []
    keys = [axis for axis in REPEATS if axis in line.runs.columns]
    for keep, at in line.runs[line.runs["keep_fraction"] < 1].groupby("keep_fraction"):
        base = control[control["keep_fraction"] == keep]
        for metric in metrics:
            of = at[at["metric"] == metric]
            if of.empty or base.empty:
                continue
            d = paired_difference(of, base, y, keys, axes)
            rows.append((line.label, metric, keep, d.estimate, d.low, d.high, d.n, d.folds, d.lacking))
    columns = ["line", "metric", "x", "y", "low", "high", "n_pairs", "folds", "lacking"]
    return pd.DataFrame(rows, columns=columns)


def _draw_differences(axes: Axes, gaps: pd.DataFrame, lines: list[Line], metrics: list[str]) -> None:
    n = len(lines) * len(metrics)
    for i, (line, metric) in enumerate((line, metric) for line in lines for metric in metrics):
        rows = gaps[(gaps["line"] == line.label) & (gaps["metric"] == metric)]
        # Side by side on the logarithmic axis, so that intervals do not cover one another.
        x = rows["x"].to_numpy(dtype=float) * 1.04 ** (i - (n - 1) / 2)
        ends = rows[["y", "low", "high"]].to_numpy(dtype=float)
        spread = np.nan_to_num(np.stack([ends[:, 0] - ends[:, 1], ends[:, 2] - ends[:, 0]]))
        axes.errorbar(x, ends[:, 0], yerr=spread, color=line.colour, marker=line.marker, ls="-", lw=0.6,
                      capsize=1.5, elinewidth=0.9)  # fmt: skip
        flawed = (rows["lacking"] != "").to_numpy()
        axes.plot(
            x[flawed], ends[flawed, 0], ls="none", marker=line.marker, mfc="white", mec=line.colour, zorder=5
        )


figure = Kind(draw, "sweep", {"y": "Column that is compared, test_error by default.", **WHERE}, check_control)
