"""What figures along training share: a column's values, their means over repeats, exact curves, an axis with step 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawbook.errors import LawbookError, suggest
from lawbook.fitting.exact import exact_along_steps
from lawbook.laws.repeats import independent
from lawbook.report.figures._series import plain_means
from lawbook.report.style import BLACK, log_axis, tick_text
from lawbook.storage.columns import SPLITS
from lawbook.storage.status import RunStatus
from lawbook.studies.figure_block import FigureBlock

_MOST_TICKS = 10
"""Labelled ticks that stand side by side over the width of a figure."""

_NARROW = 2.5
"""Ratio of the largest to the least value below which a linear axis is easier to read."""

ALONG = ("step", "samples_seen")

ALONG_OPTIONS = {
    "x_scale": "log or linear; along steps a logarithmic axis is linear between 0 and the first step after it.",
    "y_scale": "log or linear; log by default where all values are positive and span a factor of 2.5.",
    "exact": "An exact curve (a file in theory/ that offers one along steps) to draw over the runs.",
}


def one_of(block: FigureBlock, option: str, known: Sequence[str], default: str | None) -> Any:
    """Return an option that names one of `known`. Raises LawbookError for another value."""
    value = block.options.get(option, default)
    if value is not None and value not in known:
        raise LawbookError(f"figure {block.kind}: {option} = {value!r}; {suggest(value, known)}")
    return value


def check_scales(block: FigureBlock, *_: object) -> None:
    """Raise LawbookError for a scale that is neither log nor linear."""
    for option in ("x_scale", "y_scale"):
        one_of(block, option, ("log", "linear"), None)


def values_along(
    curves: pd.DataFrame, column: str, runs: pd.DataFrame, kind: Literal["scalar", "vector"] = "scalar"
) -> pd.DataFrame:
    """Return the values of one column along training: those rows of `curves` that belong to `runs`.

    column: a measurement; a metric with its split (test_loss); or a metric alone (loss), in every split that has it.
    Columns: run_id, step, samples_seen, split (null of a measurement), index (null of a scalar), value, and the
    repeats of the runs. Raises LawbookError if no run has such a column.
    """
    index = curves["index"] if "index" in curves else pd.Series(np.nan, index=curves.index)
    curves = curves.assign(index=index)[(index.notna() if kind == "vector" else index.isna())]
    curves = curves[curves["split"].isna() | curves["split"].isin(SPLITS)]
    named = curves["split"].fillna("").where(curves["split"].isna(), curves["split"] + "_") + curves["metric"]
    rows = curves[(curves["metric"] == column) | (named == column)]
    rows = rows.merge(runs[["run_id", *independent(runs)]], on="run_id")
    if rows.empty:
        known = {*curves["metric"], *named}
        what = "no measurement" if kind == "vector" else "no metric or measurement"
        fix = suggest(column, known) if known else "the study has none"
        raise LawbookError(f"the curves of these runs have {what} {column!r}; {fix}")
    return rows


def means_along(rows: pd.DataFrame, x: str) -> pd.DataFrame:
    """Return the mean value per x with its 95 % t interval over independent repeats: x, y, low, high, n_seeds.

    A run that has diverged has no value from then on, and is not counted there.
    """
    return plain_means(rows[rows["value"].notna()], "value", x).drop(columns="censored")


def last_values(rows: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return the last row with a value of each run that diverged."""
    diverged = runs.loc[runs["status"] == RunStatus.DIVERGED, "run_id"]
    seen = rows[rows["run_id"].isin(diverged) & rows["value"].notna()]
    return seen.sort_values("step").groupby("run_id", sort=False).tail(1)


def exact_means(curve: str, runs: pd.DataFrame, rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the exact curve of a column along the steps of `rows`: step, samples_seen, index, value.

    The mean over the runs; `index` is null of a scalar. Steps at which the theory says nothing are left out.
    """
    steps = np.unique(rows["step"].to_numpy(dtype=np.int64))
    parts = []
    for run in runs.to_dict("records"):
        config = {str(axis): None if value != value else value for axis, value in run.items()}
        exact = exact_along_steps(curve, config, steps, column)
        indices: Any = np.arange(exact.shape[1]) if exact.ndim == 2 else [np.nan]
        grid = np.meshgrid(steps, indices, indexing="ij")
        values = exact.reshape(len(steps), -1)
        parts.append(
            pd.DataFrame({"step": grid[0].ravel(), "index": grid[1].ravel(), "value": values.ravel()})
        )
    every = pd.concat(parts, ignore_index=True).dropna(subset=["value"])
    means = every.groupby(["step", "index"], dropna=False)["value"].mean().reset_index()
    return means.merge(rows[["step", "samples_seen"]].drop_duplicates("step"), on="step")


def draw_means(
    axes: Axes, points: pd.DataFrame, *, colour: str, label: str | None = None, dashes: Any = "-"
) -> None:
    """Draw means as a line and their intervals as a band; a single point as a dot."""
    points = points.sort_values("x")
    marker = "o" if len(points) == 1 else None
    axes.plot(points["x"], points["y"], color=colour, label=label, ls=dashes, marker=marker)
    known = points.dropna(subset=["low", "high"])
    # Below a mean on a logarithmic axis a band may reach beyond 0; it then reaches beyond the panel.
    floor = known["y"] * 1e-6 if (points["y"] > 0).all() else known["low"]
    axes.fill_between(
        known["x"], np.maximum(known["low"], floor), known["high"], color=colour, alpha=0.18, lw=0
    )


def draw_exact(axes: Axes, exact: pd.DataFrame, x: str) -> None:
    """Draw exact values as a thin dashed black line over the measured ones."""
    exact = exact.sort_values(x)
    name = "exact" if len(exact) else None
    axes.plot(exact[x], exact["value"], color=BLACK, lw=0.8, ls=(0, (4, 2)), zorder=4, label=name)


def side_by_side(panels: int) -> int:
    """Return how many panels stand in a row: three at most, and four are two by two.

    >>> [side_by_side(n) for n in (1, 2, 3, 4, 5)]
    [1, 2, 3, 2, 3]
    """
    return 2 if panels == 4 else min(3, panels)


def legend_beside(figure: Figure) -> None:
    """Draw one legend of all panels right of them, each name once."""
    handles = {
        text: handle
        for axes in figure.axes
        for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    if handles:
        figure.legend(handles.values(), handles.keys(), loc="outside right upper")


def along_axis(axes: Axes, x: Sequence[float] | pd.Series, scale: str | None, wide: int) -> None:
    """Make x logarithmic, its part from 0 to the first positive value linear; or all of it linear.

    wide: panels side by side. The more, the fewer ticks have room.
    """
    values = np.unique(np.asarray(x, dtype=float))
    positive = values[values > 0]
    if scale == "linear" or len(positive) < 2:
        axes.xaxis.set_major_locator(ticker.MaxNLocator(_MOST_TICKS // wide))
        axes.xaxis.set_major_formatter(ticker.FuncFormatter(tick_text))
        return
    log_axis(axes, "x", positive)
    axes.set_xlim(positive[0], positive[-1])
    within = [at for at in axes.xaxis.get_majorticklocs() if positive[0] <= at <= positive[-1]]
    within = within[:: 1 + len(within) * wide // _MOST_TICKS]
    axes.xaxis.set_major_locator(ticker.FixedLocator(within))
    if len(positive) < len(values):
        axes.set_xscale("symlog", linthresh=positive[0], linscale=0.4)
        axes.xaxis.set_major_locator(ticker.FixedLocator([0.0, *within]))
        axes.xaxis.set_major_formatter(ticker.FuncFormatter(tick_text))
        axes.xaxis.set_minor_locator(ticker.NullLocator())
        axes.set_xlim(-0.15 * positive[0], positive[-1] * 1.15)
    else:
        axes.set_xlim(positive[0] / 1.15, positive[-1] * 1.15)


def value_axis(axes: Axes, shown: Sequence[float], scale: str | None) -> None:
    """Make y logarithmic where all values are positive (or as it is said), its limits those of the values."""
    values = np.array([value for value in shown if np.isfinite(value)], dtype=float)
    positive = values[values > 0]
    narrow = len(positive) == len(values) > 0 and values.max() < _NARROW * values.min()
    if scale == "linear" or not len(values) or (scale is None and narrow):
        return
    if scale == "log":
        values = positive
    log_axis(axes, "y", values)
    if len(values) and (values > 0).all():
        room = (values.max() / values.min()) ** 0.05 * 1.02
        axes.set_ylim(values.min() / room, values.max() * room)
