"""Counting rules: how much compute C a model of size N costs on D samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from lawbook.errors import LawbookError
from lawbook.laws.law import Array

Cost: TypeAlias = float | Callable[[Array, Array], Array]
"""The number k of C = k·N·D, or a function C(N, D) that rises with D."""

SIX = 6.0
"""2 FLOPs forward and 4 backward per parameter and sample (Kaplan et al. 2020, arXiv:2001.08361)."""

_WIDEN = 1e3
_WIDENINGS = 40
_HALVINGS = 100


def compute_of(size: Array, samples: Array, flops: Cost = SIX) -> Array:
    """Return C(N, D), in FLOPs; the arguments broadcast. Raises LawbookError for a rule ≤ 0.

    >>> float(compute_of(np.array(1e9), np.array(2e10)))
    1.2e+20
    """
    if callable(flops):
        return np.asarray(flops(size, samples), dtype=float)
    if not flops > 0:
        raise LawbookError(f"flops = {flops!r} must be > 0: the k of C = k·N·D, or a function of N and D")
    return np.asarray(flops * size * samples)


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
    """Return the D with C(N, D) = C; the arguments broadcast. NaN where no D > 0 costs that much.

    A function is inverted by bisection in log D to the last digits.

    >>> samples_at(np.array([6e6]), np.array([1e3]), lambda size, samples: 6 * size * samples).round(6)
    array([1000.])
    """
    compute, size = np.broadcast_arrays(np.asarray(compute, dtype=float), np.asarray(size, dtype=float))
    if not callable(flops):
        return np.asarray(compute / compute_of(size, np.ones_like(size), flops))
    low = high = np.log(compute) - np.log(size)
    for _ in range(_WIDENINGS):
        low = np.where(flops(size, np.exp(low)) > compute, low - np.log(_WIDEN), low)
        high = np.where(flops(size, np.exp(high)) < compute, high + np.log(_WIDEN), high)
    found = (flops(size, np.exp(low)) <= compute) & (flops(size, np.exp(high)) >= compute)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        beyond = flops(size, np.exp(middle)) > compute
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    return np.where(found, np.exp((low + high) / 2), np.nan)
