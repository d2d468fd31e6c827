"""Batched small least-squares problems, by orthogonalisation."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from lawbook.laws.law import Array, Flags

_FEW = 12
"""Up to so many problems LAPACK's QR of one at a time is faster than the batched orthogonalisation."""
_EVERY = 5
"""Up to so many coefficients of one sign every support is tried."""
_TRIES = 3
"""Exchanges of whole supports that need not help, before the last coefficient alone is exchanged."""
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
    """Return argmin ‖Aᵀ u − b‖ with u ≥ 0, but where `free` (m,), for each problem of a batch.

    By trying every support where few coefficients are not free, since the work grows as 2 to their number; of more, as
    laws with an index have, by exchanges of supports. A: (B, m, r), b: (B, r); returns (B, m).

    >>> A, b = np.array([[[1.0, 1.0], [1.0, 2.0]]]), np.array([[2.0, 1.0]])
    >>> nonnegative_least_squares(A, b).round(9).tolist()
    [[1.5, 0.0]]
    """
    m = A.shape[1]
    always: tuple[int, ...] = () if free is None else tuple(np.flatnonzero(free).tolist())
    bound = [j for j in range(m) if j not in always]
    if len(bound) > _EVERY:
        return _by_exchange(A, b, np.isin(np.arange(m), always))
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


def _by_exchange(A: Array, b: Array, free: Flags) -> Array:
    """Return the same by block principal pivoting (Kim and Park 2011, SIAM J. Sci. Comput. 33:3261, algorithm 2).

    On Gram matrices of columns of length 1, so to about half of float64's digits: starts need no more. A column of
    zeros gets the coefficient 0.
    """
    B, m, _ = A.shape
    size = np.sqrt(np.einsum("bmr,bmr->bm", A, A))
    scaled = A / np.where(size > 0, size, 1.0)[:, :, None]
    gram, right = scaled @ scaled.transpose(0, 2, 1), np.einsum("bmr,br->bm", scaled, b)
    unit = np.eye(m)
    support = size > 0
    fewest, tries = np.full(B, m + 1), np.full(B, _TRIES)
    u: NDArray[np.floating] = np.zeros((B, m))
    for _ in range(5 * m):
        both = support[:, :, None] & support[:, None, :]
        u = np.linalg.solve(
            np.where(both, gram, 0.0) + unit * np.where(support, 1e-13, 1.0)[:, :, None],
            np.where(support, right, 0.0)[:, :, None],
        )[:, :, 0]
        rise = np.einsum("bij,bj->bi", gram, u) - right
        tiny = 1e-10 * np.abs(right).max(axis=1, keepdims=True)
        wrong = (support & ~free & (u < 0)) | (~support & (size > 0) & (rise < -tiny))
        count = wrong.sum(axis=1)
        if not count.any():
            break
        better = count < fewest
        tries = np.where(better, _TRIES, tries - 1)
        fewest = np.where(better, count, fewest)
        last = m - 1 - np.argmax(wrong[:, ::-1], axis=1)
        alone = wrong & (np.arange(m) == last[:, None])
        support ^= np.where((better | (tries >= 0))[:, None], wrong, alone)
    return np.asarray(np.where(free, u, np.maximum(u, 0.0)) / np.where(size > 0, size, 1.0))
