"""IsoFLOP: at each budget the loss over sizes, interpolated, and its minimum.

Akima's interpolation follows the points and assumes no form. A parabola smooths more but is biased: the loss
is not symmetric in log N, so that the vertex moves with the range of sizes, even without noise. Where that
range sits elsewhere relative to the optimum at each budget, the exponent is biased too. The parabola here
uses a window that is symmetric about the lowest point, which leaves a nearly constant factor on N*.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from lawbook.errors import LawbookError, listed
from lawbook.laws.frontier.akima import cubics
from lawbook.laws.frontier.budgets import MIN_SIZES
from lawbook.laws.frontier.result import FLOOR_OF_SPREAD, MOST_DRAWS, Optima
from lawbook.laws.frontier.runs import Runs
from lawbook.laws.law import Array, Flags
from lawbook.laws.note import Note, warning

Minimum: TypeAlias = Callable[[Array, Array], tuple[Array, Array, Flags]]

_HALF_WINDOW = 0.5 * np.log(10)
"""Half the parabola's window in log N: half a decade to each side."""
_OFF_CENTRE = 0.25


def akima_minimum(log_size: Array, log_loss: Array) -> tuple[Array, Array, Flags]:
    """Return where Akima's interpolant of log L over log N is lowest, its value, and whether that is inside.

    log_size: (k,), rising, k ≥ 3; log_loss: (B, k); returns three arrays (B,). The minimum is that of the
    piecewise cubic itself, the limit of ever denser grids.

    >>> u = np.log([1.0, 2.0, 4.0, 8.0, 16.0])
    >>> lowest, _, inside = akima_minimum(u, (u[None] - u[2]) ** 2)
    >>> np.exp(lowest).round(9), inside
    (array([4.]), array([ True]))
    """
    c3, c2, c1, c0 = cubics(log_size, log_loss)
    square = c2**2 - 3 * c3 * c1
    # The two roots of the derivative, in the form that does not cancel.
    pivot = -(c2 + np.where(c2 >= 0, 1.0, -1.0) * np.sqrt(np.maximum(square, 0.0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        turns = np.stack([pivot / (3 * c3), c1 / pivot, np.zeros_like(pivot)])
    valid = (turns >= 0) & (turns <= np.diff(log_size)) & (square >= 0)
    turns = np.where(valid, turns, 0.0)
    values = ((c3 * turns + c2) * turns + c1) * turns + c0
    last = np.full(len(log_loss), log_size[-1])
    places = np.column_stack([*(turns + log_size[:-1]), last])
    heights = np.column_stack([*values, log_loss[:, -1]])
    best = np.argmin(heights, axis=1)[:, None]
    place = np.take_along_axis(places, best, axis=1)[:, 0]
    height = np.take_along_axis(heights, best, axis=1)[:, 0]
    return place, height, (place > log_size[0]) & (place < log_size[-1])


def parabola_minimum(log_size: Array, log_loss: Array) -> tuple[Array, Array, Flags]:
    """Return the vertex of the parabola of log L in log N around the lowest point; see `akima_minimum`.

    It is fitted to the sizes within half a decade to either side of the lowest, as far as both sides reach,
    and at least to its two neighbours. The vertex is biased towards the flatter side; see the module.
    Source: Hoffmann et al. 2022, arXiv:2203.15556, approach 2.

    >>> u = np.log([1.0, 2.0, 4.0, 8.0, 16.0])
    >>> np.exp(parabola_minimum(u, (u[None] - np.log(3.0)) ** 2)[0]).round(9)
    array([3.])
    """
    place, height = np.full((2, len(log_loss)), np.nan)
    lowest = np.argmin(log_loss, axis=1)
    for i in np.unique(lowest):
        if i in (0, len(log_size) - 1):
            continue
        reach = min(_HALF_WINDOW, log_size[i] - log_size[0], log_size[-1] - log_size[i])
        near = np.abs(log_size - log_size[i]) <= reach * (1 + 1e-9)
        near[i - 1 : i + 2] = True
        rows = lowest == i
        u = log_size[near] - log_size[i]
        curve, slope, level = np.polyfit(u, log_loss[np.ix_(rows, near)].T, 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            vertex = np.where(curve > 0, -slope / (2 * curve), np.nan)
        place[rows] = log_size[i] + vertex
        height[rows] = level + slope * vertex / 2
    return place, height, (place > log_size[0]) & (place < log_size[-1])


def isoflop(runs: Runs, minimum: Minimum) -> Optima:
    """Return the optimal size at each budget of the runs that has at least 3 sizes.

    A budget is left out, with a Note, and put under `edges`, if its optimum lies on an end of its sizes, in the mean
    losses or in half of the draws. Under seed noise N* and L* are medians over draws, as in Porian et al.: the
    smoothed optimum. Raises LawbookError if no budget is shared by 3 sizes.
    """
    budgets, count = np.unique(runs.log_compute, return_counts=True)
    shared = count >= MIN_SIZES
    if not shared.any():
        raise LawbookError(
            "no budget has runs of 3 sizes: give budgets= at which to interpolate each size's loss over C"
        )
    notes = list(runs.notes)
    if not shared.all():
        notes.append(_left_out("few_sizes", "have fewer than 3 sizes", budgets[~shared]))
    rows, edges, off_centre = [], [], []
    for log_c in budgets[shared]:
        at = runs.log_compute == log_c
        u = np.log(runs.size[at])
        place, height, inside = minimum(u, np.vstack([runs.log_loss[at], runs.draws[:, at]]))
        found = inside[1:]
        if not inside[0] or (len(found) and found.mean() < MOST_DRAWS):
            lowest = int(np.argmin(runs.log_loss[at]))
            side = "smallest" if u[lowest] - u[0] <= u[-1] - u[lowest] else "largest"
            edges.append((log_c, u[lowest], runs.log_loss[at][lowest], side))
            continue
        drawn = np.where(found, [place[1:], height[1:]], np.nan)
        centre = np.array([place[0], height[0]])
        if runs.draw_method == "seed_noise":
            centre = np.nanmedian(drawn, axis=1)
        spread = np.nan
        if len(found):
            coarse = FLOOR_OF_SPREAD * (u[-1] - u[0]) / (len(u) - 1)
            spread = max(float(np.nanstd(drawn[0])), coarse) / found.mean()
        rows.append((log_c, *centre, spread, drawn))
        if abs(centre[0] - (u[0] + u[-1]) / 2) > _OFF_CENTRE * (u[-1] - u[0]):
            off_centre.append(log_c)
    if edges:
        on_edge = [log_c for log_c, *_ in edges]
        notes.append(_left_out("edge_optimum", "have their optimum on the edge of the sizes", on_edge))
    if minimum is parabola_minimum:
        text = (
            "the vertex of a parabola is biased where the loss is not symmetric in log N, even without noise"
        )
        if off_centre:
            text += f"; the sizes are off centre at {_shown(off_centre)}"
        notes.append(warning("parabola_bias", text, off_centre=np.exp(off_centre).tolist()))
    budget, log_size, log_loss, spreads = np.array([row[:4] for row in rows]).reshape(-1, 4).T
    drawn = np.array([row[4] for row in rows]).reshape(len(rows), 2, len(runs.draws)).transpose(1, 2, 0)
    return Optima(
        budget, log_size, log_loss, drawn[0], drawn[1], spreads, runs.levels, runs.draw_method, tuple(notes),
        tuple(edges),
    )  # fmt: skip


def _shown(log_compute: Array | list[float]) -> str:
    return f"C = {listed(f'{c:.3g}' for c in np.exp(log_compute))}"


def _left_out(code: str, what: str, log_compute: Array | list[float]) -> Note:
    text = f"{len(log_compute)} budgets {what} and are left out: {_shown(log_compute)}"
    return warning(code, text, budgets=np.exp(log_compute).tolist())
