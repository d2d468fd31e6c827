"""`downstream_metrics`: the same runs under four metrics, with all seeds, and what is not resolved as bounds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.analyses.downstream_metrics.words import metric_name, ratio_to_truth
from lawbook.errors import LawbookError
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import (
    BLACK,
    DOUBLE,
    GREY,
    MARKERS,
    PALETTE,
    colours,
    legend_columns,
    log_axis,
    new_figure,
)
from lawbook.results.reader import Results
from lawbook.results.words import label, measured, name_of, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw accuracy, exact matches by length, PassUntil beside the truth, and the Brier score, along x."""
    asked, found = analysis_shown(block, "downstream_metrics", results, content)
    if not asked.answers:
        raise LawbookError(
            f"figure {block.kind}: the analysis follows no answers; draw seed_distribution of it"
        )
    metrics, values, slopes = (found.table(name) for name in ("metrics", "values", "slopes"))
    figure = new_figure(DOUBLE, 4.6)
    panels = figure.subplots(2, 2)
    (token, exact), (until, brier) = panels
    _line(token, metrics, values, "token_accuracy", PALETTE[0], "o")
    _line(brier, metrics, values, "token_brier", PALETTE[1], "s")
    _exact(exact, metrics[metrics["metric"] == "exact_match"])
    _until(until, metrics, values)
    titles = ("Accuracy per token", "Exact match of K tokens", "PassUntil", "Brier score per token")
    labels = (
        "share of tokens right",
        "share of answers right",
        "probability to pass",
        "Brier score (0 to 2)",
    )
    for axes, title, y in zip(panels.ravel(), titles, labels, strict=True):
        axes.set_title(title)
        axes.set(xlabel=label(asked.x), ylabel=y)
        log_axis(axes, "x", metrics["x"])
    handles, texts = exact.get_legend_handles_labels()
    figure.legend(
        handles, texts, loc="outside lower center", ncols=legend_columns(texts), title="Exact match"
    )
    data = as_data([({"part": "mean"}, metrics), ({"part": "seed"}, values)])
    name = plain(block.of or next(iter(content.analyses.of("downstream_metrics"))))
    return Drawn(
        figure,
        data,
        f"Four metrics of the same runs: {name}",
        _caption(metrics, values, slopes, asked.passes, asked.x),
    )


def _line(
    axes: Axes, metrics: pd.DataFrame, values: pd.DataFrame, metric: str, hue: str, marker: str
) -> None:
    """Draw one metric's seeds as faint dots, and its mean with its interval."""
    rows, dots = metrics[metrics["metric"] == metric], values[values["metric"] == metric]
    axes.plot(dots["x"], dots["value"], ".", color=hue, alpha=0.3, ms=4, mew=0)
    _means(axes, rows, hue, marker, None)


def _means(axes: Axes, rows: pd.DataFrame, hue: str, marker: str, name: str | None) -> None:
    rows = rows[rows["mean"].notna()].sort_values("x")
    spread = np.array(rows[["low", "high"]].sub(rows["mean"], axis=0).abs().fillna(0.0)).T
    spread[0] = np.minimum(spread[0], 0.9 * rows["mean"])  # an interval down to 0 has no lower end in logs
    axes.errorbar(
        rows["x"],
        rows["mean"],
        yerr=spread,
        color=hue,
        marker=marker,
        ms=3.5,
        lw=1.0,
        elinewidth=0.8,
        label=name,
    )


def _exact(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the exact matches of each length; dashed what independent tokens would have, and bounds as triangles."""
    lengths = sorted(rows["length"].dropna().unique())
    shown = [*rows["mean"].dropna()]
    for i, (length, hue) in enumerate(zip(lengths, colours([int(one) for one in lengths]), strict=True)):
        part = rows[rows["length"] == length].sort_values("x")
        known = f"K = {int(length)}" if part["mean"].notna().any() else None
        _means(axes, part, hue, MARKERS[i % len(MARKERS)], known)
        bounds = part[part["bound"].notna()]
        name = None if part["mean"].notna().any() else f"K = {int(length)}"
        axes.plot(bounds["x"], bounds["bound"], "v", color=hue, mfc="white", ms=5, label=name)
        axes.plot(part["x"], part["independent"], color=hue, lw=0.8, ls="--")
        shown += [*bounds["bound"]]
    log_axis(axes, "y", [one for one in shown if one > 0])
    axes.set_ylim(bottom=0.3 * min(one for one in shown if one > 0))


def _until(axes: Axes, metrics: pd.DataFrame, values: pd.DataFrame) -> None:
    """Draw PassUntil and the plain r/n beside what they estimate, and the exact match of as many tokens."""
    rows = metrics[metrics["metric"] == "pass_until"].sort_values("x")
    dots = values[values["metric"] == "pass_until"]
    axes.plot(dots["x"], dots["value"], ".", color=PALETTE[2], alpha=0.3, ms=4, mew=0)
    _means(axes, rows, PALETTE[2], "^", "PassUntil")
    naive = metrics[metrics["metric"] == "passes_by_samples"].sort_values("x")
    axes.plot(naive["x"], naive["mean"], "x", color=PALETTE[1], ms=5, label="plain r/n")
    axes.plot(rows["x"], rows["truth"], color=BLACK, lw=0.9, label="exact")
    length = rows["length"].iloc[0]
    same = metrics[
        (metrics["metric"] == "exact_match") & (metrics["length"] == length) & metrics["mean"].notna()
    ]
    axes.plot(
        same["x"],
        same["mean"],
        "--",
        color=GREY,
        lw=0.9,
        label=f"greedy, {metric_name('exact_match', length)}",
    )
    log_axis(axes, "y", [*rows["mean"], *naive["mean"], *same.loc[same["mean"] > 0, "mean"]])
    axes.legend()


def _caption(metrics: pd.DataFrame, values: pd.DataFrame, slopes: pd.DataFrame, passes: int, x: str) -> str:
    until = metrics[metrics["metric"] == "pass_until"].sort_values("x").iloc[0]
    ratio = measured(*ratio_to_truth(values, "pass_until"))
    told = "; ".join(
        f"{metric_name(row['metric'], row['length'])} {measured(row['slope'], row['low'], row['high'])}"
        for row in slopes.to_dict("records")
    )
    return (
        f"Means over {int(metrics['n_seeds'].max())} seeds with 95 % intervals, and each seed as a dot. Exact matches: "
        "dashed is p^K with the accuracy p of the same runs; an open triangle bounds a share that is not resolved. "
        f"PassUntil samples an answer of {int(until['length'])} tokens until {passes} pass, "
        f"{number(until['samples'])} times in the median at the smallest {name_of(x)}; it finds {ratio} of the truth. "
        f"Slopes of log(−log q) in log x: {told}."
    )


figure = Kind(draw, "downstream_metrics", {})
