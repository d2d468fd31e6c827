"""Counting rules: how much compute C a model of size N costs on D samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from lawbook.errors import LawbookError
from lawbook.laws.law import Array

Cost: TypeAlias = float | Callable[[Array], Array]
"""The number k of C = k·N·D, or a function c(N), the FLOPs a sample, of C = c(N)·D."""

SIX = 6.0
"""2 FLOPs forward and 4 backward per parameter and sample (Kaplan et al. 2020, arXiv:2001.08361)."""

_ONE_RULE, _SAME_COST = 1e-6, 0.05


def per_sample(size: Array, flops: Cost = SIX) -> Array:
    """Return c(N), the FLOPs that a model of size N costs a sample. Raises LawbookError for a rule ≤ 0."""
    if callable(flops):
        return np.asarray(flops(size), dtype=float)
    if not flops > 0:
        raise LawbookError(f"flops = {flops!r} must be > 0: the k of C = k·N·D, or a function c(N)")
    return np.asarray(flops * size)


def compute_of(size: Array, samples: Array, flops: Cost = SIX) -> Array:
    """Return C(N, D), in FLOPs; the arguments broadcast. Raises LawbookError for a rule ≤ 0.

    >>> float(compute_of(np.array(1e9), np.array(2e10)))
    1.2e+20
    """
    return np.asarray(per_sample(size, flops) * samples)


def log_budgets(budgets: ArrayLike) -> Array:
    """Return log C (m,) of one or more budgets, rising and each once. Raises LawbookError unless finite and > 0.

    >>> log_budgets([1e20, 1e19, 1e20]).round(2)
    array([43.75, 46.05])
    """
    given = np.atleast_1d(np.asarray(budgets, dtype=float))
    wrong = ~((given > 0) & np.isfinite(given))
    if wrong.any():
        raise LawbookError(f"budgets must be > 0 and finite; got {given[wrong][0]:g}")
    return np.asarray(np.log(np.unique(given)))


def samples_at(compute: Array, size: Array, flops: Cost = SIX) -> Array:
    """Return the D with C(N, D) = C; the arguments broadcast.

    >>> samples_at(np.array([6e6]), np.array([1e3]))
    array([1000.])
    """
    return np.asarray(compute / per_sample(size, flops))


def rule_of(size: Array, samples: Array, compute: Array) -> Cost:
    """Return the counting rule that runs were counted by: k where C = k·N·D for all, else c(N) between their sizes.

    size, samples, compute: (n,). Each size has one c(N) = C/D, the median of its runs, and log c is linear in log N
    between and beyond the sizes. Raises LawbookError where the runs of one size differ by more than 5 %: C is then no
    function of N and D that rises in proportion to D.

    >>> rule_of(np.array([2.0, 4.0]), np.array([3.0, 5.0]), np.array([36.0, 120.0]))
    6.0
    """
    each = compute / samples
    per_size = each / size
    if np.ptp(per_size) <= _ONE_RULE * per_size.min():
        return float(np.median(per_size))
    sizes = np.unique(size)
    median = np.array([np.median(each[size == one]) for one in sizes])
    off = np.abs(each / median[np.searchsorted(sizes, size)] - 1)
    if (off > _SAME_COST).any():
        worst = size[int(np.argmax(off))]
        low, high = (end(each[size == worst]) for end in (np.min, np.max))
        raise LawbookError(
            f"runs of size {worst:g} cost {low:.4g} to {high:.4g} FLOPs a sample: compute is no function of size and "
            "samples; select runs of one kind, or name another column of the size"
        )
    x, y = np.log(sizes), np.log(median)
    slope = np.diff(y) / np.diff(x)

    def rule(at: Array) -> Array:
        z = np.log(at)
        piece = np.clip(np.searchsorted(x, z, side="right") - 1, 0, len(slope) - 1)
        return np.asarray(np.exp(y[piece] + slope[piece] * (z - x[piece])))

    return rule
