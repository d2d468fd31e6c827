"""Lower envelopes: the least loss over a swept choice, as a function of what it costs.

The choice may be the model size, with curves over compute (Hoffmann et al. 2022, arXiv:2203.15556, approach 1),
or the keep fraction of pruning, with curves over kept samples (Sorscher et al. 2022, arXiv:2206.14486).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, listed
from lawbook.laws.fitted import Fit
from lawbook.laws.frontier.result import FLOOR_OF_SPREAD, MOST_DRAWS, Optima, percentiles
from lawbook.laws.frontier.runs import Runs, curves, runs_of
from lawbook.laws.law import Array, Counts
from lawbook.laws.note import Note, warning
from lawbook.laws.uncertainty import quantile_levels
from lawbook.storage.status import FitStatus

_GRID = 1001
_BLOCK = 50


@dataclass(frozen=True)
class Envelope:
    """The lower envelope of y over x. `table` has a dense grid of x, `best` a row per choice.

    table: x, y, low, high, choice (the one that attains it) and edge (the choice is the smallest or largest
    that has a curve there, so that a better one may lie outside the sweep). best: choice, and low, high, the
    range of x in which it is the best choice; a choice that never is has no row.
    """

    table: pd.DataFrame
    best: pd.DataFrame
    notes: tuple[Note, ...]


def lower_envelope(
    source: pd.DataFrame | Mapping[float, Fit],
    *,
    y: str = "loss",
    x: str = "n_train",
    choice: str = "keep_fraction",
    cluster: str | Sequence[str] | None = "seed",
    n_eval: str | int | None = None,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Envelope:
    """Return min over the choice of y(x; choice), and the choice that attains it.

    source: a table of runs, whose mean log y is interpolated over log x (Akima) within the range of each
    choice (`n_eval` as in `fit`, for errors); or a fitted law of one input per choice, used within the x that
    it was fitted to. Refused fits are left out with a Note. The band is over resampled seeds or over the
    fits' draws.
    Raises LawbookError for absent columns, y or x ≤ 0, fits whose intervals differ in method, number of seeds or
    level, or if no curve is left.

    >>> table = pd.DataFrame({"n": [1.0, 10, 100] * 2, "keep": [1.0] * 3 + [0.5] * 3, "seed": 0})
    >>> table["error"] = [0.5, 0.1, 0.02, 0.25, 0.1, 0.04]
    >>> found = lower_envelope(table, y="error", x="n", choice="keep")
    >>> found.best.round(3)
       choice   low   high
    0     0.5   1.0   10.0
    1     1.0  10.0  100.0
    """
    if isinstance(source, pd.DataFrame):
        runs = runs_of(
            source, y=y, size=choice, compute=x, cluster=cluster, n_eval=n_eval, draws=draws, level=level,
            seed=seed,
        )  # fmt: skip
        swept = _of_runs(runs)
    else:
        swept = _of_fits(source)
    values, grid = swept.values, swept.grid
    best, lowest = _lowest(values)
    drawn = [_lowest(block)[1] for block in swept.blocks]
    low, high = percentiles(np.concatenate([np.empty((0, len(grid))), *drawn]), swept.levels)
    table = pd.DataFrame({x: np.exp(grid), y: np.exp(lowest), "low": np.exp(low), "high": np.exp(high)})
    there = np.isfinite(values)
    table["choice"] = swept.choices[best]
    table["edge"] = (best == there.argmax(axis=0)) | (best == len(values) - 1 - there[::-1].argmax(axis=0))
    stretches = [(swept.choices[i], np.exp(a), np.exp(b)) for i, a, b, *_ in _segments(grid, values, best)]
    ranges = pd.DataFrame(stretches, columns=["choice", "low", "high"])
    ranges = ranges.groupby("choice", as_index=False).agg({"low": "min", "high": "max"})
    return Envelope(table[best >= 0].reset_index(drop=True), ranges, swept.notes)


def compute_envelope(runs: Runs, log_budgets: Array | None = None) -> Optima:
    """Return the budget at which each size lies on the lower envelope of the curves L(C), and L there.

    The envelope over finitely many sizes touches the one over all sizes once within the range of C where a
    size is the best: at its middle in log C, to second order in the spacing. Sizes whose range has no
    crossing at both ends, with a smaller and with a larger size, are left out with a Note. With
    `log_budgets` (m,), N* and L* are interpolated there in log–log; budgets outside are left out likewise.
    """
    grid = _grid(runs)
    sizes, (values,) = curves(runs, runs.log_loss[None], grid)
    log_sizes = np.log(sizes)
    touch, height = _tangencies(grid, values)
    inside = np.isfinite(touch)
    notes = list(runs.notes)
    lost = [f"{sizes[i]:.4g}" for i in np.unique(_lowest(values)[0]) if i >= 0 and not inside[i]]
    if lost:
        text = f"{len(lost)} sizes that are the best at the edge of the sweep are left out: {listed(lost)}"
        notes.append(warning("edge_optimum", text, sizes=lost))
    log_c = np.sort(touch[inside] if log_budgets is None else log_budgets)
    direct = _between(log_c, log_sizes, touch, height)
    drawn = [
        _between(log_c, log_sizes, *_tangencies(grid, one)) for block in _blocks(runs, grid) for one in block
    ]
    draws = np.array(drawn).reshape(len(runs.draws), 2, len(log_c))
    found = np.isfinite(direct[0])
    spread = np.full(len(log_c), np.nan)
    if len(draws):
        share = np.isfinite(draws[:, 0]).mean(axis=0)
        found &= share >= MOST_DRAWS
        coarse = FLOOR_OF_SPREAD * np.ptp(log_sizes) / (len(sizes) - 1)
        spread[found] = np.maximum(np.nanstd(draws[:, 0, found], axis=0), coarse) / share[found]
    if not found.all():
        outside = np.exp(log_c[~found]).tolist()
        shown = listed(f"{c:.3g}" for c in outside)
        text = f"{len(outside)} budgets without a best size inside the sweep are left out: C = {shown}"
        notes.append(warning("edge_optimum", text, budgets=outside))
    return Optima(
        log_c[found], direct[0][found], direct[1][found], draws[:, 0, found], draws[:, 1, found],
        spread[found], runs.levels, runs.draw_method, tuple(notes),
    )  # fmt: skip


@dataclass(frozen=True)
class _Swept:
    """The curves of each choice (S,) on a grid of log x (G,): log y (S, G), and blocks of draws (b, S, G)."""

    choices: Array
    grid: Array
    values: Array
    blocks: Iterable[Array]
    levels: tuple[float, float]
    notes: tuple[Note, ...]


def _of_runs(runs: Runs) -> _Swept:
    grid = _grid(runs)
    choices, (values,) = curves(runs, runs.log_loss[None], grid)
    return _Swept(choices, grid, values, _blocks(runs, grid), runs.levels, runs.notes)


def _of_fits(fits: Mapping[float, Fit]) -> _Swept:
    notes: list[Note] = []
    used: dict[float, Fit] = {}
    for choice, fitted in sorted(fits.items()):
        if len(fitted.inputs) != 1:
            raise LawbookError(f"the envelope needs laws of one input, got {', '.join(fitted.inputs)}")
        if fitted.status == FitStatus.REFUSED:
            text = f"choice {choice:g} is left out: {fitted.reason}"
            notes.append(warning("refused", text, choice=choice))
        else:
            used[choice] = fitted
    if not used:
        raise LawbookError("no fit is left for the envelope: " + "; ".join(str(n) for n in notes))
    ranges = np.array([fitted.x_range[0] for fitted in used.values()])
    if not (ranges > 0).all():
        raise LawbookError("the envelope is over log x: fit each choice to x > 0 only")
    kinds = {choice: f"{f.method}, {f.n_seeds} seeds, level {f.level:g}" for choice, f in used.items()}
    if len(set(kinds.values())) > 1:
        found = listed(f"{choice:g} ({kind})" for choice, kind in kinds.items())
        raise LawbookError(
            f"the fits' intervals are of different kinds: {found}; fit each choice to the same seeds"
        )
    grid = np.linspace(np.log(ranges[:, 0].min()), np.log(ranges[:, 1].max()), _GRID)
    outside = (grid < np.log(ranges[:, :1]) - 1e-9) | (grid > np.log(ranges[:, 1:]) + 1e-9)
    at = np.exp(grid)[:, None]
    values = np.stack([fitted.law.log_predict(at, fitted.parameters) for fitted in used.values()])
    # Fits to the same seeds have the same resampled seeds in the same draw: the draws are paired.
    paired = min(len(fitted.draws) for fitted in used.values())
    converged = np.all([np.isfinite(f.draws[:paired]).all(axis=1) for f in used.values()], axis=0)
    drawn = [(fitted.law, fitted.draws[:paired][converged]) for fitted in used.values()]

    def block(start: int) -> Array:
        each = [law.log_predict(at, own[start : start + _BLOCK]) for law, own in drawn]
        return np.where(outside, np.nan, np.stack(each, axis=1))

    blocks = (block(start) for start in range(0, int(converged.sum()), _BLOCK))
    first = next(iter(used.values()))
    levels = quantile_levels(first.method, first.n_seeds, first.level)
    return _Swept(np.array(list(used)), grid, np.where(outside, np.nan, values), blocks, levels, tuple(notes))


def _grid(runs: Runs) -> Array:
    return np.linspace(runs.log_compute.min(), runs.log_compute.max(), _GRID)


def _blocks(runs: Runs, grid: Array) -> Iterator[Array]:
    """Yield the draws' curves on the grid, (b, S, G), a few draws at a time to bound the memory."""
    for start in range(0, len(runs.draws), _BLOCK):
        yield curves(runs, runs.draws[start : start + _BLOCK], grid)[1]


def _lowest(values: Array) -> tuple[Counts, Array]:
    """Return which curve of (S, G) is the lowest, −1 where there is none, and its value, NaN there."""
    finite = np.where(np.isnan(values), np.inf, values)
    best, lowest = finite.argmin(axis=-2), finite.min(axis=-2)
    none = np.isinf(lowest)
    return np.where(none, -1, best), np.where(none, np.nan, lowest)


def _segments(grid: Array, values: Array, best: Counts) -> list[tuple[int, float, float, int, int]]:
    """Return the stretches of x along which one curve is the lowest: curve, start, end, curve before, after.

    The ends are where curves cross, found by linear interpolation between grid points. A stretch that begins
    or ends because a curve does, and not by a crossing, has the neighbour −1 there.
    """
    steps = np.flatnonzero(np.diff(best))
    found = []
    start, before = grid[0], -1
    for t in steps:
        i, j = best[t], best[t + 1]
        ahead = values[j, t] - values[i, t] if min(i, j) >= 0 else np.nan
        behind = values[i, t + 1] - values[j, t + 1] if min(i, j) >= 0 else np.nan
        crossing = np.isfinite(ahead) and np.isfinite(behind)
        share = ahead / (ahead + behind) if crossing and ahead + behind > 0 else 0.5
        end = grid[t] + share * (grid[t + 1] - grid[t])
        found.append((int(i), float(start), float(end), before, int(j) if crossing else -1))
        start, before = end, int(i) if crossing else -1
    found.append((int(best[-1]), float(start), float(grid[-1]), before, -1))
    return [segment for segment in found if segment[0] >= 0]


def _tangencies(grid: Array, values: Array) -> tuple[Array, Array]:
    """Return x at the middle of each curve's stretch as the lowest, and its value there, both (S,).

    NaN for a curve that is never the lowest, or whose stretches are not bounded by crossings with a curve of
    smaller and one of larger choice. Noise may split a stretch; its parts count by their lengths.
    """
    touch, height = np.full((2, len(values)), np.nan)
    segments = _segments(grid, values, _lowest(values)[0])
    for i in {segment[0] for segment in segments}:
        own = [segment for segment in segments if segment[0] == i]
        beside = [neighbour for segment in own for neighbour in segment[3:]]
        if min(beside) < 0 or not min(beside) < i < max(beside):
            continue
        start, end = np.array([segment[1:3] for segment in own]).T
        if (end > start).any():
            touch[i] = np.average((start + end) / 2, weights=end - start)
            height[i] = np.interp(touch[i], grid, values[i])
    return touch, height


def _between(log_c: Array, log_sizes: Array, touch: Array, height: Array) -> Array:
    """Return log N* and log L* at log C (m,), interpolated linearly between tangencies, as (2, m).

    NaN outside them.
    """
    order = np.argsort(touch)[: int(np.isfinite(touch).sum())]
    if not len(order):
        return np.full((2, len(log_c)), np.nan)
    at = touch[order]
    # A tangency is inside its own range, round-off or not.
    within = (log_c >= at[0] - 1e-9) & (log_c <= at[-1] + 1e-9)
    both = np.stack([np.interp(log_c, at, values[order]) for values in (log_sizes, height)])
    return np.where(within, both, np.nan)
