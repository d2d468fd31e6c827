"""Batched small least-squares problems, by orthogonalisation."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from lawbook.laws.law import Array, Flags

_FEW = 12
"""Up to so many problems LAPACK's QR of one at a time is faster than the batched orthogonalisation."""
_VANISHED = 1e-15
"""Size of a column after orthogonalisation, over that before, at which nothing but round-off is left."""


def least_squares(A: Array, b: Array) -> Array:
    """Return argmin_u ‖Aᵀ u − b‖ for each problem of a batch, by orthogonalisation.

    A: (B, p, r) holds the p columns of each problem, r ≥ p; b: (B, r); returns (B, p). Few problems go through
    Householder's QR one by one, many through modified Gram–Schmidt together; with the right-hand side
    orthogonalised along, this is as backward stable (Björck 1967). A column that vanishes after
    orthogonalisation gets the coefficient 0.
    """
    p = A.shape[1]
    if len(A) <= _FEW:
        whole = np.concatenate([A, b[:, None]], axis=1).transpose(0, 2, 1)
        R = np.asarray(np.linalg.qr(whole, mode="r"))[:, :p]
        pivots = np.abs(R[:, np.arange(p), np.arange(p)])
        if (pivots > _VANISHED * np.sqrt(np.einsum("bpr,bpr->bp", A, A))).all():
            return np.asarray(np.linalg.solve(R[:, :, :p], R[:, :, p:])[:, :, 0])
    columns = [A[:, j] for j in range(p)]
    sizes = [np.sqrt(np.einsum("br,br->b", a, a)) for a in columns]
    R = np.zeros((len(A), p, p))
    z = np.zeros((len(A), p))
    for j in range(p):
        norm = np.sqrt(np.einsum("br,br->b", columns[j], columns[j]))
        alive = norm > _VANISHED * sizes[j]
        R[:, j, j] = np.where(alive, norm, 1.0)
        q = columns[j] * np.where(alive, 1.0 / R[:, j, j], 0.0)[:, None]
        for i in range(j + 1, p):
            R[:, j, i] = np.einsum("br,br->b", q, columns[i])
            columns[i] = columns[i] - q * R[:, j, i, None]
        z[:, j] = np.einsum("br,br->b", q, b)
        b = b - q * z[:, j, None]
    u = np.zeros_like(z)
    for j in reversed(range(p)):
        u[:, j] = (z[:, j] - np.einsum("bi,bi->b", R[:, j, j + 1 :], u[:, j + 1 :])) / R[:, j, j]
    return u


def nonnegative_least_squares(A: Array, b: Array, free: Flags | None = None) -> Array:
    """Return argmin ‖Aᵀ u − b‖ with u ≥ 0, but where `free` (m,), for each problem of a batch, exactly.

    By trying every support, so the number of coefficients that are not free is small: the work grows as 2 to it.
    A: (B, m, r), b: (B, r); returns (B, m).

    >>> A, b = np.array([[[1.0, 1.0], [1.0, 2.0]]]), np.array([[2.0, 1.0]])
    >>> nonnegative_least_squares(A, b).round(9).tolist()
    [[1.5, 0.0]]
    """
    m = A.shape[1]
    always: tuple[int, ...] = () if free is None else tuple(np.flatnonzero(free).tolist())
    bound = [j for j in range(m) if j not in always]
    best = np.zeros((len(A), m))
    best_value = np.einsum("br,br->b", b, b)
    for size in range(0 if always else 1, len(bound) + 1):
        for chosen in combinations(bound, size):
            support = (*always, *chosen)
            sub = A[:, support]
            u = least_squares(sub, b)
            rest = b - np.einsum("bmr,bm->br", sub, u)
            value = np.einsum("br,br->b", rest, rest)
            better = (u[:, len(always) :] >= 0).all(axis=1) & (value < best_value)
            best_value = np.where(better, value, best_value)
            filled = np.zeros_like(best)
            filled[:, support] = u
            best = np.where(better[:, None], filled, best)
    return best
