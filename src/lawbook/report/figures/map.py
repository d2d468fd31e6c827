"""`map`: two swept axes, and in each cell the mean of a column, or which of some columns were reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from lawbook.axes import Config
from lawbook.errors import LawbookError, suggest
from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._series import WHERE, chosen_runs, repeats_text
from lawbook.report.style import BLACK, GREY, PALETTE, RED, SINGLE, label_bar, new_figure
from lawbook.results.reader import Results
from lawbook.results.selection import varying_axes
from lawbook.results.words import conditions, enumerate_words, label, number, plain, text_of
from lawbook.storage.status import RunStatus
from lawbook.studies.columns_block import bounded
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.roles import REPEATS
from lawbook.studies.schema import StudyFile

LOG_FROM = 10.0
"""Ratio of the largest to the least value from which colours are logarithmic."""

MOST_NUMBERS = 80
"""Up to so many cells have their number written in."""

MOST_PHASES = 3
"""Columns whose combinations can be told apart by colour."""

NEITHER = "none"
"""The phase in which no column is reached."""


@dataclass(frozen=True)
class Grid:
    """The cells of a map: a row per pair of values, and the values along both axes in order."""

    cells: pd.DataFrame
    x: str
    y: str

    def values(self, axis: str) -> list[Any]:
        """Return the values along an axis, in order."""
        return sorted(self.cells[axis].unique(), key=lambda value: (isinstance(value, str), value))

    def place(self, cell: Any) -> tuple[int, int]:
        """Return column and row of a cell."""
        return self.values(self.x).index(cell[self.x]), self.values(self.y).index(cell[self.y])

    def matrix(self, column: str) -> pd.DataFrame:
        """Return a column of the cells as a matrix, y downwards."""
        wide = self.cells.set_index([self.y, self.x])[column].unstack(self.x)  # noqa: PD010
        return wide.reindex(index=self.values(self.y), columns=self.values(self.x)).astype(float)


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw a cell per pair of values: the mean over the runs there, or the phase that most of them are in."""
    runs, sweep = chosen_runs(block, results, content)
    x, y, others = _axes(block, varying_axes(runs, content, sweep))
    held = {axis: _middle(runs[axis]) for axis in others}
    for axis, value in held.items():
        runs = runs[runs[axis] == value]
    phases = block.options.get("by")
    columns = [str(column) for column in phases or [block.options.get("value")]]
    for column in columns:
        if column not in runs or not pd.api.types.is_numeric_dtype(runs[column]):
            numbers = [str(c) for c in runs if pd.api.types.is_numeric_dtype(runs[c])]
            raise LawbookError(
                f"figure {block.kind}: {column!r} is no column of numbers; {suggest(column, numbers)}"
            )
    runs = runs.assign(**{axis: _shown_values(runs[axis]) for axis in (x, y)})
    grid = Grid(_cells(runs, x, y, columns), x, y)

    n_x, n_y = len(grid.values(x)), len(grid.values(y))
    figure = new_figure(SINGLE + 1.2 + 0.12 * max(0, n_x - 8), 1.2 + float(np.clip(0.28 * n_y, 1.6, 4.5)))
    axes = figure.subplots()
    legend = []
    if phases:
        legend += _draw_phases(axes, grid, columns)
    else:
        _draw_values(figure, axes, grid, columns[0], label(columns[0], content, sweep))
    legend += _draw_lacking(axes, grid, columns, bool(phases), bounded(content.columns))
    axes.set(xlabel=label(x, content), ylabel=label(y, content))
    axes.set_xticks(np.arange(n_x) + 0.5, _tick_texts(grid.values(x)), rotation=0)
    axes.set_yticks(np.arange(n_y) + 0.5, _tick_texts(grid.values(y)), rotation=0)
    axes.tick_params(length=0)
    axes.set(xlim=(0, n_x), ylim=(0, n_y))
    if legend:
        figure.legend(handles=legend, loc="outside right upper" if phases else "outside lower left",
                      ncols=1 if phases else 2)  # fmt: skip
    what = enumerate_words(map(plain, columns))
    title = f"{'Phases by ' if phases else ''}{what} over {plain(x)} and {plain(y)}"
    return Drawn(figure, grid.cells, title[0].upper() + title[1:], _caption(block, runs, grid, held))


def _axes(block: FigureBlock, varied: list[str]) -> tuple[str, str, list[str]]:
    """Return the axes along x and y (options, else the first two that vary), and those left."""
    chosen = []
    for option in ("x", "y"):
        axis = block.options.get(option) or next((a for a in varied if a not in chosen), None)
        if axis is None or axis not in varied:
            fix = suggest(axis, varied) if axis and varied else "name a sweep over two axes"
            raise LawbookError(f"figure {block.kind}: {option} = {axis!r} is no axis that varies; {fix}")
        chosen.append(str(axis))
    if chosen[0] == chosen[1]:
        raise LawbookError(f"figure {block.kind}: x and y are both {chosen[0]}; name two axes")
    return chosen[0], chosen[1], [axis for axis in varied if axis not in chosen]


def _middle(values: pd.Series) -> Any:
    known = sorted(values.dropna().unique())
    return known[len(known) // 2]


def _tick_texts(values: Sequence[Any]) -> list[str]:
    """Write the values of an axis, with as few digits as tell them apart.

    >>> _tick_texts([0.001, 0.00316228, 0.01]), _tick_texts([1000, 1001]), _tick_texts(["el2n", "none"])
    (['0.001', '0.0032', '0.01'], ['1,000', '1,001'], ['el2n', 'none'])
    """
    for digits in (2, 3, 4, 6):
        texts = [v if isinstance(v, str) else number(v, digits) for v in values]
        if len(set(texts)) == len(texts):
            return texts
    return [text_of(v) for v in values]


def _shown_values(values: pd.Series) -> pd.Series:
    """Return the values of an axis, one that is none by that word."""
    return values if values.notna().all() else values.astype(object).where(values.notna(), "none")


def _cells(runs: pd.DataFrame, x: str, y: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return a row per pair of values, those without runs too.

    Columns: x, y, n_runs, n_diverged; per column its mean over the runs that have one, `{column}_n`, their number;
    and `phase`, the columns that most of the runs that did not diverge have reached ("none" for no column, null where
    every run diverged), with `phases`, the number of different phases among them. A run that diverged reaches nothing.
    """
    finite = runs[list(columns)].astype(float)
    finite = finite.where(np.isfinite(finite) & (runs["status"] != RunStatus.DIVERGED).to_numpy()[:, None])
    phase = finite.notna().apply(lambda row: "+".join(c for c in columns if row[c]) or NEITHER, axis=1)
    table = runs[[x, y]].assign(
        n_runs=1,
        n_diverged=(runs["status"] == RunStatus.DIVERGED).astype(int),
        phase=phase.where(runs["status"] != RunStatus.DIVERGED),
    )
    by_cell = table.groupby([x, y])
    cells = by_cell[["n_runs", "n_diverged"]].sum()
    cells["phase"] = by_cell["phase"].agg(_most)
    cells["phases"] = by_cell["phase"].nunique()
    measured = finite.groupby([runs[x], runs[y]])
    cells = cells.join(measured.mean()).join(measured.count().add_suffix("_n"))
    every = pd.MultiIndex.from_product([runs[x].unique(), runs[y].unique()], names=[x, y])
    counts = ["n_runs", "n_diverged", "phases", *(f"{column}_n" for column in columns)]
    return (
        cells.reindex(every).fillna(dict.fromkeys(counts, 0)).astype(dict.fromkeys(counts, int)).reset_index()
    )


def _most(phases: pd.Series) -> Any:
    """Return the most frequent phase, of equally frequent ones that with the fewest columns; None of none."""
    counts = phases.value_counts()
    return min(
        counts.index[counts == counts.max()],
        key=lambda phase: (phase.count("+"), phase != NEITHER),
        default=None,
    )


def _draw_values(figure: Figure, axes: Axes, grid: Grid, column: str, name: str) -> None:
    """Colour each cell by the mean of a column, with its number where there is room."""
    import seaborn  # not when a study is planned

    matrix = grid.matrix(column)
    known = matrix.to_numpy()[np.isfinite(matrix.to_numpy())]
    wide = len(known) > 0 and known.min() > 0 and known.max() >= LOG_FROM * known.min()
    norm = (LogNorm if wide else Normalize)(*((known.min(), known.max()) if len(known) else (0.0, 1.0)))
    numbers = matrix.map(lambda value: number(value, 2)).to_numpy() if matrix.size <= MOST_NUMBERS else False
    seaborn.heatmap(matrix, ax=axes, norm=norm, cmap="viridis", annot=numbers, fmt="", annot_kws={"size": 5.5},
                    linewidths=0.4, linecolor="white", cbar=False)  # fmt: skip
    label_bar(figure.colorbar(axes.collections[0], ax=axes), known, name)


def _draw_phases(axes: Axes, grid: Grid, columns: Sequence[str]) -> list[Any]:
    """Colour each cell by its phase; return the legend's entries."""
    import seaborn

    names = [
        "+".join(c for c, has in zip(columns, reached, strict=True) if has) or NEITHER
        for reached in product((False, True), repeat=len(columns))
    ]
    hues = ["#DDDDDD", *PALETTE[: len(names) - 1]]
    codes = Grid(grid.cells.assign(code=grid.cells["phase"].map(dict(zip(names, range(len(names)), strict=True)))),
                 grid.x, grid.y).matrix("code")  # fmt: skip
    seaborn.heatmap(codes, ax=axes, cmap=ListedColormap(hues), vmin=-0.5, vmax=len(names) - 0.5, cbar=False,
                    linewidths=0.4, linecolor="white")  # fmt: skip
    there = set(grid.cells["phase"].dropna())
    entries: list[Any] = [
        Patch(color=hue, label=_phase_text(name, columns))
        for name, hue in zip(names, hues, strict=True)
        if name in there
    ]
    differ = grid.cells[grid.cells["phases"] > 1]
    return entries + _mark(
        axes, grid, differ, (0.5, 0.5), "runs differ: most", marker="o", mfc="white", mec=BLACK
    )


def _phase_text(phase: str, columns: Sequence[str]) -> str:
    """Write a phase in words: the columns that are reached."""
    if phase == NEITHER:
        return f"not {plain(columns[0])}" if len(columns) == 1 else "none of them"
    reached = phase.split("+")
    alone = len(reached) == 1 < len(columns)
    return f"{enumerate_words(map(plain, reached))}{' alone' if alone else ''}"


def _draw_lacking(
    axes: Axes, grid: Grid, columns: Sequence[str], phases: bool, censored: Sequence[str]
) -> list[Any]:
    """Hatch the cells without a value, and mark those where runs lack one; return the legend's entries.

    censored: the columns that lack a value where a level is not reached.
    """
    cells = grid.cells
    none = cells["n_runs"] == 0
    diverged = ~none & (cells["n_diverged"] == cells["n_runs"])
    lacking = cells["n_runs"] - cells["n_diverged"] - cells[f"{columns[0]}_n"]
    empty = ~none & ~diverged & (cells[f"{columns[0]}_n"] == 0) & (not phases)
    lacks = f"{plain(columns[0])} not reached" if columns[0] in censored else f"no {plain(columns[0])}"
    entries: list[Any] = []
    for chosen, hatch, text in (
        (none, "", "no run"),
        (diverged, "xxxxx", "all runs diverged"),
        (empty, "/////", f"{lacks} in any run"),
    ):
        look: dict[str, Any] = {"facecolor": "#F4F4F4", "edgecolor": GREY, "hatch": hatch, "linewidth": 0}
        for cell in cells[chosen].to_dict("records"):
            axes.add_patch(Rectangle(grid.place(cell), 1, 1, zorder=2, **look))
        entries += [Patch(label=text, **look)] if chosen.any() else []
    some = cells[~diverged & (cells["n_diverged"] > 0)]
    entries += _mark(axes, grid, some, (0.85, 0.8), "some runs diverged", marker="X", mfc=RED, mec="white")
    partly = cells[(lacking > 0) & ~empty & (not phases)]
    text = f"{lacks} in some runs: mean of the others"
    return entries + _mark(axes, grid, partly, (0.15, 0.8), text, marker="^", mfc="white", mec=BLACK)


def _mark(
    axes: Axes, grid: Grid, cells: pd.DataFrame, at: tuple[float, float], text: str, **look: Any
) -> list[Any]:
    """Draw a small mark at a place within some cells; return its entry of the legend, if there is any."""
    places = np.array([grid.place(cell) for cell in cells.to_dict("records")], dtype=float).reshape(-1, 2)
    if not len(places):
        return []
    return axes.plot(*(places + at).T, ls="none", ms=4.5, mew=0.6, zorder=3, label=text, **look)


def _check(block: FigureBlock, configs: Sequence[Config]) -> None:
    """Raise LawbookError unless it names a value or phases, and the sweep varies two axes at least."""
    phases = block.options.get("by")
    if (phases is None) == ("value" not in block.options):
        raise LawbookError(
            f"figure {block.kind}: it shows a value or phases; write value: COLUMN, or by: [COLUMN, …]"
        )
    if phases is not None and not (isinstance(phases, list) and 1 <= len(phases) <= MOST_PHASES):
        raise LawbookError(
            f"figure {block.kind}: by = {phases!r}; write a list of 1 to {MOST_PHASES} columns"
        )
    if configs:
        values = {axis: {str(config.get(axis)) for config in configs} for axis in configs[0]}
        _axes(block, [axis for axis, seen in values.items() if len(seen) > 1 and axis not in REPEATS])


def _caption(block: FigureBlock, runs: pd.DataFrame, grid: Grid, held: dict[str, Any]) -> str:
    if "by" in block.options:
        about = "Each cell the phase that most of its runs are in: the columns that have a value, so that are reached"
    else:
        about = "Each cell the mean over the runs that have a value"
    empty = int((grid.cells["n_runs"] == 0).sum())
    text = f"{about} ({repeats_text(runs)})." + (f" {number(empty)} cells have no run." if empty else "")
    return text + (f" Held fixed: {conditions(held)}." if held else "")


figure = Kind(
    draw,
    "sweep",
    {
        "value": "The column that gives the colour: a metric, a measurement or a derived column.",
        "by": "Or phases: the columns, three at most, of which each cell shows those that are reached.",
        "x": "The axis along x; the first that varies by default.",
        "y": "The axis along y; the second by default.",
        **WHERE,
    },
    _check,
)
