"""The lower envelope of the curves L(C) of several sizes: each size touches it at the budget that it is best for.

Source: Hoffmann et al. 2022, arXiv:2203.15556, approach 1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lawbook.errors import listed
from lawbook.laws.frontier.result import FLOOR_OF_SPREAD, MOST_DRAWS, Edge, Optima
from lawbook.laws.frontier.runs import Runs, curves
from lawbook.laws.law import Array, Counts, Flags
from lawbook.laws.note import warning

_GRID = 1001
_BLOCK = 50


def compute_envelope(runs: Runs) -> Optima:
    """Return the budget at which each size lies on the lower envelope of the curves L(C), and L there.

    The envelope over finitely many sizes touches the one over all sizes once within the range of C where a
    size is the best: at its middle in log C, to second order in the spacing. Sizes whose range has no
    crossing at both ends, with a smaller and with a larger size, are left out with a Note and put under `edges`,
    at the middle of the range that is seen.
    """
    grid = np.linspace(runs.log_compute.min(), runs.log_compute.max(), _GRID)
    sizes, (values,) = curves(runs, runs.log_loss[None], grid)
    log_sizes = np.log(sizes)
    touch, height = _tangencies(grid, values)
    edges = tuple(_edges(grid, values, log_sizes, np.isfinite(touch)))
    notes = list(runs.notes)
    if edges:
        lost = [f"{np.exp(log_n):.4g}" for _, log_n, *_ in edges]
        text = f"{len(edges)} sizes that are the best at the edge of the sweep are left out: {listed(lost)}"
        notes.append(warning("edge_optimum", text, sizes=lost))
    log_c = np.sort(touch[np.isfinite(touch)])
    direct = _between(log_c, log_sizes, touch, height)
    drawn = [
        _between(log_c, log_sizes, *_tangencies(grid, one)) for block in _blocks(runs, grid) for one in block
    ]
    draws = np.array(drawn).reshape(len(runs.draws), 2, len(log_c))
    found = np.ones(len(log_c), dtype=bool)
    spread = np.full(len(log_c), np.nan)
    if len(draws):
        share = np.isfinite(draws[:, 0]).mean(axis=0)
        found = share >= MOST_DRAWS
        coarse = FLOOR_OF_SPREAD * np.ptp(log_sizes) / (len(sizes) - 1)
        spread[found] = np.maximum(np.nanstd(draws[:, 0, found], axis=0), coarse) / share[found]
    if not found.all():
        outside = np.exp(log_c[~found]).tolist()
        text = (
            f"{len(outside)} sizes are inside the sweep in less than half of the draws and are left out: C = "
        )
        notes.append(warning("edge_optimum", text + listed(f"{c:.3g}" for c in outside), budgets=outside))
    return Optima(
        log_c[found], direct[0][found], direct[1][found], draws[:, 0, found], draws[:, 1, found],
        spread[found], runs.levels, runs.draw_method, tuple(notes), edges,
    )  # fmt: skip


def _edges(grid: Array, values: Array, log_sizes: Array, inside: Flags) -> Iterator[Edge]:
    """Yield the sizes that are somewhere the best but not `inside` (S,): log C, log N, log L, and which edge."""
    segments = _segments(grid, values, _lowest(values)[0])
    for i in sorted({segment[0] for segment in segments}):
        if inside[i]:
            continue
        own = max((segment for segment in segments if segment[0] == i), key=lambda each: each[2] - each[1])
        smaller = any(0 <= neighbour < i for neighbour in own[3:])
        middle, edge = (own[1] + own[2]) / 2, "largest" if smaller else "smallest"
        yield middle, float(log_sizes[i]), float(np.interp(middle, grid, values[i])), edge


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
    smaller and one of larger choice. Noise may split a stretch; its parts count by their lengths. Parts that begin or
    end because a curve does are left out if they are the lesser ones: runs that miss a budget by part of a step end a
    little apart.
    """
    touch, height = np.full((2, len(values)), np.nan)
    segments = _segments(grid, values, _lowest(values)[0])
    for i in {segment[0] for segment in segments}:
        own = [segment for segment in segments if segment[0] == i]
        crossed = [segment for segment in own if min(segment[3:]) >= 0]
        beside = [neighbour for segment in crossed for neighbour in segment[3:]]
        if 2 * _length(crossed) <= _length(own) or not min(beside) < i < max(beside):
            continue
        start, end = np.array([segment[1:3] for segment in crossed]).T
        touch[i] = np.average((start + end) / 2, weights=end - start)
        height[i] = np.interp(touch[i], grid, values[i])
    return touch, height


def _length(segments: list[tuple[int, float, float, int, int]]) -> float:
    return sum(end - start for _, start, end, *_ in segments)


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
