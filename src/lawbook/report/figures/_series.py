"""What several kinds of figure share: the lines of a sweep, the means along them, and how they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator

from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.laws.fit import point_table
from lawbook.laws.points import gather
from lawbook.laws.repeats import independent, t_reach
from lawbook.report.interactive import Trace, each_run, limits_of, runs_behind
from lawbook.report.style import MARKERS, colours, log_axis
from lawbook.results.reader import Results
from lawbook.results.selection import sweep_runs, varying_axes, where
from lawbook.results.words import conditions, count, number, plain, text_of
from lawbook.storage.status import RunStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.roles import REPEATS
from lawbook.studies.schema import StudyFile

MAX_LINES = 14
"""More lines than this in one panel cannot be told apart."""

FEW_DECADES = 1.6
"""Decades at which powers of ten alone label two ticks at least."""

RANDOM = "random"
"""The metric that all others are held against."""

WHERE = {"where": "Show only the runs with these values, {axis: value or list}."}


@dataclass(frozen=True)
class Line:
    """The runs of one line of a panel, what tells them from the others, and how they are drawn."""

    label: str
    values: tuple[Any, ...]
    runs: pd.DataFrame
    colour: str
    marker: str
    axes: tuple[str, ...] = ()


def chosen_runs(block: FigureBlock, results: Results, content: StudyFile) -> tuple[pd.DataFrame, str]:
    """Return the runs of the sweep that a figure shows (the study's first if it names none), and its name."""
    sweep = block.of or next(iter(content.sweeps))
    runs = sweep_runs(results.runs, content, sweep)
    return where(runs, block.options.get("where", {})), sweep


def check_control(block: FigureBlock, configs: Sequence[Config]) -> None:
    """Raise LawbookError unless some of a sweep's runs are pruned at random, and some otherwise."""
    pruned = {config["metric"] for config in configs if config["keep_fraction"] < 1}
    if RANDOM not in pruned or len(pruned) < 2:
        raise LawbookError(
            f"figure {block.kind}: the sweep needs pruned runs of the metric random and of one other;"
            " add them, or leave the figure out"
        )


def swept_axis(
    block: FigureBlock, runs: pd.DataFrame, content: StudyFile, sweep: str
) -> tuple[str, list[str]]:
    """Return the axis along x (option x, else the first that varies and is a number), and the other ones."""
    axes = varying_axes(runs, content, sweep)
    numeric = [a for a in axes if pd.api.types.is_numeric_dtype(runs[a]) and not runs[a].isna().any()]
    x = str(block.options.get("x") or next(iter([*numeric, *axes]), "seed"))
    where(runs, {x: []})  # names the column if the runs lack it
    # A count that follows from an axis (n_params from width) stands for it.
    return x, [a for a in axes if a != x and not _follows(runs, a, x)]


def _follows(runs: pd.DataFrame, axis: str, x: str) -> bool:
    """Tell whether a column other than an axis, such as n_params, fixes the value of an axis."""
    return x.startswith("n_") and all(len(part.unique()) <= 1 for _, part in runs.groupby(x)[axis])


def needed_axes(runs: pd.DataFrame, axes: Sequence[str], keep: str | None = None) -> list[str]:
    """Return the axes without those whose values follow from the others', the last ones first; `keep` stays.

    >>> sizes = pd.DataFrame({"compute": [1, 1, 2], "width": [4, 8, 16], "heads": [1, 2, 2]})
    >>> needed_axes(sizes, ["compute", "width", "heads"])
    ['width']
    """
    needed = list(axes)
    for axis in reversed(axes):
        rest = [other for other in needed if other != axis]
        if axis != keep and rest and len(runs[rest].drop_duplicates()) == len(runs[needed].drop_duplicates()):
            needed = rest
    return needed


def make_lines(
    runs: pd.DataFrame, axes: Sequence[str], most: int = MAX_LINES, keep: str | None = None
) -> tuple[list[Line], str]:
    """Return a line per combination of the axes' values, and what was held fixed to keep them few.

    Axes whose values follow from the others' name no line, but for `keep`. With more than `most` combinations all axes
    but the first are held at the middle of their values.
    """
    held: dict[str, Any] = {}
    axes = needed_axes(runs, axes, keep)
    while len(axes) > 1 and runs[axes].drop_duplicates().shape[0] > most:
        axis = axes.pop()
        values = sorted(runs[axis].dropna().unique())
        held[axis] = values[len(values) // 2]
        runs = runs[runs[axis] == held[axis]]
    if not axes:
        return [Line("", (), runs, colours([0])[0], MARKERS[0])], conditions(held)
    parts = [
        (tuple(None if value != value else value for value in key), part)  # NaN, of none, is not even itself
        for key, part in runs.groupby(axes, dropna=False, sort=True)
    ]
    if len(parts) > most:
        every = np.unique(np.linspace(0, len(parts) - 1, most).round().astype(int))
        parts = [parts[i] for i in every]
    hues = colours([key[0] if len(axes) == 1 else str(key) for key, _ in parts])
    lines = [
        Line(
            ", ".join(shown(axis, value) for axis, value in zip(axes, key, strict=True)),
            key,
            part,
            hue,
            MARKERS[i % len(MARKERS)],
            tuple(axes),
        )
        for i, ((key, part), hue) in enumerate(zip(parts, hues, strict=True))
    ]
    return lines, conditions(held)


def shown(axis: str, value: Any) -> str:
    """Write the value of an axis as words."""
    numeric = isinstance(value, int | float | np.number) and value == value
    return f"{plain(axis)} {number(value, 4) if numeric else text_of(value)}"


def means(runs: pd.DataFrame, y: str, x: str) -> pd.DataFrame:
    """Return the mean of y per x with its 95 % t interval over independent repeats, as the laws see them.

    Columns x, y, low, high, n_seeds, censored. Test errors and positive losses are the points that the laws
    see, a point without a single wrong answer an upper limit at 1/n_eval; else means and intervals are plain.
    Diverged runs are left out: the caller draws them.
    """
    usable = runs[(runs["status"] != RunStatus.DIVERGED) & runs[y].notna()]
    repeats = independent(usable)
    trials = "n_eval" if y == "test_error" and "n_eval" in runs else None
    if usable.empty or (trials is None and (usable[y] <= 0).any()):
        return plain_means(usable, y, x)
    needed = list(dict.fromkeys([y, x, *repeats, "status", *([trials] if trials else [])]))
    table = usable[needed].assign(run=usable["run_id"])  # equal rows are two runs, not one row twice
    points = gather(table, y=y, x=x, cluster=repeats or None, n_eval=trials, positive_x=False)
    return point_table(points, 0.95).rename(columns={x: "x"})[_COLUMNS]


_COLUMNS = ["x", "y", "low", "high", "n_seeds", "censored"]


def plain_means(runs: pd.DataFrame, y: str, x: str) -> pd.DataFrame:
    """Return the mean of y per x and its 95 % t interval, without weights and limits: the columns of `means`.

    Each independent repeat counts once, by the mean of its runs; an interval needs two.
    """
    repeats = independent(runs) or ["run_id"]
    each = runs.groupby([x, *repeats], dropna=False)[y].mean()
    table = each.groupby(level=0).agg(["mean", "std", "size"]).rename_axis("x").reset_index()
    half = t_reach(table["size"]) * table["std"] / np.sqrt(table["size"])
    table = table.assign(low=table["mean"] - half, high=table["mean"] + half, censored=False)
    return table.rename(columns={"mean": "y", "size": "n_seeds"})[_COLUMNS]


def whole_flops(runs: pd.DataFrame) -> pd.Series:
    """Return the FLOPs of each run with those of scoring its pool: what it costs where nothing is shared."""
    return runs["flops"] + runs["scoring_flops"].fillna(0.0).astype(float)


def flops_axis(axes: Axes, flops: pd.Series) -> None:
    """Make x logarithmic, with few powers of ten as ticks: their labels are long."""
    log_axis(axes, "x", flops)
    few = np.log10(flops.max() / flops.min()) < FEW_DECADES
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0) if few else (1.0,)))
    axes.set_xlabel("FLOPs, scoring included")


def draw_points(
    axes: Axes, points: pd.DataFrame, line: Line, *, joined: bool = True, label: str | None = None
) -> None:
    """Draw means with their intervals; limits as open triangles, upper ones pointing down and lower ones up."""
    seen, limit = points[~points["censored"].astype(bool)], points[points["censored"].astype(bool)]
    ends = seen[["y", "low", "high"]].to_numpy(dtype=float)
    spread = np.nan_to_num(np.stack([ends[:, 0] - ends[:, 1], ends[:, 2] - ends[:, 0]]))
    axes.errorbar(
        seen["x"].to_numpy(dtype=float),
        ends[:, 0],
        yerr=np.maximum(spread, 0),
        color=line.colour,
        marker=line.marker,
        linestyle="-" if joined else "none",
        capsize=1.5,
        elinewidth=0.8,
        label=line.label if label is None else label,
    )
    for marker, rows in (("v", limit[limit["high"].notna()]), ("^", limit[limit["high"].isna()])):
        if len(rows):
            axes.plot(rows["x"], rows["y"], color=line.colour, marker=marker, mfc="white", ls="none", ms=5)


def draw_seeds(axes: Axes, runs: pd.DataFrame, y: str, x: str, line: Line) -> None:
    """Draw each run as a faint dot; a run without a wrong answer as a faint triangle at 1/n_eval."""
    finite = runs[(runs["status"] != RunStatus.DIVERGED) & runs[y].notna()]
    positive = finite[finite[y] > 0]
    look: dict[str, Any] = {"color": line.colour, "alpha": 0.3, "ms": 2.8, "mew": 0, "ls": "none"}
    axes.plot(positive[x], positive[y], marker="o", zorder=1, **look)
    zero = finite[finite[y] == 0]
    if len(zero) and y == "test_error":
        axes.plot(zero[x], 1 / zero["n_eval"], marker="v", zorder=1, **look)


def by_repeats(runs: pd.DataFrame) -> pd.DataFrame:
    """Return runs in the order in which a point lists them: by fold, seed and name."""
    return runs.sort_values([*(axis for axis in REPEATS if axis in runs), "run_id"])


def traces_of(
    points: pd.DataFrame, runs: pd.DataFrame, y: str, x: str, line: Line, *, joined: bool
) -> list[Trace]:
    """Return what `draw_seeds` and `draw_points` draw, with the runs behind each point."""
    seen = by_repeats(runs[(runs["status"] != RunStatus.DIVERGED) & runs[y].notna()])
    at = seen[y].astype(float)
    lowest = 1 / seen["n_eval"] if y == "test_error" and "n_eval" in seen else at
    dots = Trace(
        line.label, seen[x], at.where(at > 0, lowest), limits=np.where((at == 0) & (lowest > 0), -1, 0),
        runs=each_run(seen, y, plain(y)), colour=line.colour, marker="o", size=2.8, opacity=0.3,
    )  # fmt: skip
    means = Trace(
        line.label, points["x"], points["y"], low=points["low"], high=points["high"], limits=limits_of(points),
        colour=line.colour, runs=runs_behind(points, seen, {"x": x}, y, plain(y)), marker=line.marker,
        line="-" if joined else None,
    )  # fmt: skip
    return [dots, means]


def repeats_text(runs: pd.DataFrame) -> str:
    """State the seeds and folds behind a figure, and the runs that diverged."""
    counts = [(axis, len(runs[axis].unique())) for axis in reversed(REPEATS) if axis in runs]
    parts = [count(n, axis) for axis, n in counts if n > 1]
    text = " × ".join(parts) or "1 seed"
    diverged = int((runs["status"] == RunStatus.DIVERGED).sum())
    return f"{count(len(runs), 'run')}, {text}" + (f"; {count(diverged, 'run')} diverged" if diverged else "")


def as_data(parts: Sequence[tuple[dict[str, Any], pd.DataFrame]]) -> pd.DataFrame:
    """Join labelled parts into the table that lies beside a figure."""
    full = [part.assign(**names)[[*names, *part.columns]] for names, part in parts if len(part)]
    full = [part.dropna(axis=1, how="all") for part in full]
    return pd.concat(full, ignore_index=True) if full else pd.DataFrame({"x": [], "y": []})
