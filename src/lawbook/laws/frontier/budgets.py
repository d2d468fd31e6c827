"""Which runs were meant for one budget: compute that agrees up to round-off, or up to whole steps and samples."""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import Array, Counts
from lawbook.laws.note import Note, info

MIN_SIZES = 3
"""So many sizes show a minimum."""
SAME = 1e-6
"""Relative difference below which two budgets are one: counting rules round to whole samples or steps."""
TOLERANCE = 5e-3
"""Relative difference up to which the compute of different sizes is one budget, where that makes budgets of runs."""
_MOST = 0.8
"""Share of the rows on budgets that at least three sizes share, from which on runs were meant for budgets."""


def merged(compute: Array, size: Array) -> tuple[Array, list[Note]]:
    """Return C with budgets made equal, each group to its least, and a note where more than round-off was made equal.

    compute, size: (rows,). Compute that differs by up to `TOLERANCE` is one budget only if no size has two in it, and
    if more runs so come to lie on budgets that at least three sizes share, most of all: along training, compute that
    happens to be near stays apart.
    """
    exact, wide = _grouped(compute, SAME), _grouped(compute, TOLERANCE)
    gains = _on_budgets(wide, size) > _on_budgets(exact, size)
    if not (gains and meant_for_budgets(wide, size)) or _twice(exact, size) < _twice(wide, size):
        return exact, []
    seen = np.isfinite(compute)
    apart = float(np.max(compute[seen] / wide[seen] - 1))
    text = f"compute that differs by up to {apart:.2%} is taken for one budget (tolerance {TOLERANCE:.1%})"
    return wide, [info("grouped_budgets", text, apart=apart, tolerance=TOLERANCE)]


def _grouped(compute: Array, tolerance: float) -> Array:
    """Return C with each group of values within `tolerance` of its least made equal to that."""
    made, finite = compute.copy(), np.isfinite(compute)
    distinct, at = np.unique(compute[finite], return_inverse=True)
    least = distinct.copy()
    for i in range(1, len(distinct)):
        if distinct[i] - least[i - 1] <= tolerance * abs(distinct[i]):
            least[i] = least[i - 1]
    made[finite] = least[at]
    return made


def meant_for_budgets(compute: Array, size: Array) -> bool:
    """Say whether runs were meant for budgets: most rows lie on one that at least three sizes share."""
    rows = len(_finite_pairs(compute, size))
    return rows > 0 and _on_budgets(compute, size) >= _MOST * rows


def _on_budgets(compute: Array, size: Array) -> int:
    """Return how many rows lie on a budget that at least three sizes share."""
    pairs, count = np.unique(_finite_pairs(compute, size), axis=0, return_counts=True)
    _, at, sizes = np.unique(pairs[:, 0], return_inverse=True, return_counts=True)
    return int(count[sizes[at] >= MIN_SIZES].sum())


def _twice(compute: Array, size: Array) -> int:
    """Return how many rows share budget and size with another."""
    pairs: Counts = np.unique(_finite_pairs(compute, size), axis=0, return_counts=True)[1]
    return int((pairs - 1).sum())


def _finite_pairs(compute: Array, size: Array) -> Array:
    seen = np.isfinite(compute) & np.isfinite(size)
    return np.stack([compute[seen], size[seen]], axis=1)
