"""Data sets with their optimum and their noise: how far a fit is from them, and where it goes when held."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lawbook.laws.cells import Table
from lawbook.laws.descent import Effort, descend, evaluate
from lawbook.laws.design import Data, Design
from lawbook.laws.law import CONSTANT, Array, Counts, Flags, Law
from lawbook.laws.loss import Loss

_EFFORT = Effort(tolerance=1e-8, steps=100)
"""Nearer to rest than a draw, since the further point outweighs the data."""
_SHIFT = "below 0"
"""Name of the held term that lets a floor be negative."""


@dataclass(frozen=True)
class Evidence:
    """Data sets over one design, their optimum by log least squares, and their noise.

    data: (B, n) each; parameters: (B, p). `shares`, (B, C, n) or a table (C, n) for all data sets, and `own` (n,) are
    independent parts of the error of log y: with all v of mean 0 and variance 1, Σ_c v_c shares_c + v ∘ own has its
    covariance, known with `df` degrees of freedom.
    """

    law: Law
    x: Array
    data: Data
    parameters: Array
    shares: Table
    df: int
    own: Array | float = 0.0

    def take(self, rows: Counts) -> Evidence:
        """Return the data sets at these positions."""
        shares = self.shares[rows] if self.shares.ndim == 3 else self.shares
        return replace(self, data=self.data.take(rows), parameters=self.parameters[rows], shares=shares)

    def variance(self, along: Array) -> Array:
        """Return the variance of Σ_i along_i log y_i, along (B, n), as the noise makes it, (B,)."""
        if not isinstance(self.shares, np.ndarray):
            seen = along @ self.shares.T
        else:
            seen = np.einsum("bcn,bn->bc" if self.shares.ndim == 3 else "cn,bn->bc", self.shares, along)
        own = np.flatnonzero(self.own)
        seen = np.concatenate([seen, along[:, own] * np.ravel(self.own)[own]], axis=1)
        return np.asarray(np.einsum("bc,bc->b", seen, seen))


def misfit(evidence: Evidence, parameters: Array) -> Array:
    """Return Σ w r², (B,): a censored y that lies above the law counts for nothing."""
    r = evidence.data.log_y - evidence.law.log_predict(evidence.x, parameters)
    r = np.where(evidence.data.censored, np.minimum(r, 0.0), r)
    return np.asarray(np.einsum("bn,bn,bn->b", evidence.data.weights, r, r))


def noise_along(evidence: Evidence, parameters: Array) -> Array:
    """Return κ, the noise's variance over 1/w in the direction in which the fit has moved, (B,)."""
    e = evidence
    move = e.law.log_predict(e.x, e.parameters) - e.law.log_predict(e.x, parameters)
    weighted = np.where(e.data.censored, 0.0, e.data.weights) * move
    return np.asarray(e.variance(weighted) / np.einsum("bn,bn->b", weighted, move))


def tangent(law: Law, x: Array, parameters: Array) -> tuple[Array, Flags]:
    """Return d log ŷ / d coordinates, (B, p, n), and which coordinates are neither held nor at a bound of 0."""
    design = Design.of(law, x)
    log_y = law.log_predict(x, parameters)
    q = design.coordinates(parameters, design.log_unit(log_y))
    data = Data(log_y, np.ones(log_y.shape), np.zeros(log_y.shape, dtype=bool))
    J = evaluate(design, data, q, Loss(), project=False).J
    m = len(law.linear)
    free = np.concatenate(
        [(parameters[:, :m] > 0) | law.free, np.ones((len(q), q.shape[1] - m), dtype=bool)], axis=1
    )
    free[:, held_terms(law)] = False
    return J, free


def variances(
    evidence: Evidence, parameters: Array, J: Array, along: Array, free: Flags
) -> tuple[Array, Array]:
    """Return the variance of a quantity with gradient `along` (B, p): for errors of variance 1/w, and as seen.

    By QR of the weighted Jacobian; a coordinate that is not free has a row of its own, which takes it out.
    """
    B, p, n = J.shape
    w = evidence.data.weights
    if evidence.data.censored.any():
        above = evidence.data.log_y >= evidence.law.log_predict(evidence.x, parameters)
        w = np.where(evidence.data.censored & above, 0.0, w)
    root = np.sqrt(w)
    A = np.zeros((B, n + p, p))
    A[:, :n] = (J * free[:, :, None] * root[:, None, :]).transpose(0, 2, 1)
    size = np.sqrt(np.einsum("brp,brp->bp", A, A))
    size = np.where(size > 0, size, 1.0)
    A /= size[:, None]
    A[:, n + np.arange(p), np.arange(p)] = np.where(free, 1e-12, 1.0)
    Q, R = np.linalg.qr(A)
    z = np.linalg.solve(R.transpose(0, 2, 1), (along * free / size)[:, :, None])[:, :, 0]
    influence = np.einsum("bnp,bp->bn", Q[:, :n], z) * root
    return np.einsum("bp,bp->b", z, z), evidence.variance(influence)


def follow(law: Law, x: Array, data: Data, warm: Array, held: Flags) -> Array:
    """Return the optimum (B, p) next to `warm`, with the parameters at `held` (p,) staying as they are."""
    design = Design.of(law, x)
    unit = design.log_unit(data.log_y)
    scaled = replace(data, log_y=data.log_y - unit[:, None])
    q = design.coordinates(warm, unit)
    ends = descend(design, scaled, np.arange(len(q)), q, Loss(), _EFFORT, held if held.any() else None)
    return design.parameters(ends.q, unit)


def lowered(evidence: Evidence) -> Evidence:
    """Return the evidence under the law with its floor less a held term, the geometric mean of y, at its optimum.

    The floor may so be negative, down to minus that mean.
    """
    law = evidence.law
    floor = law.linear.index(law.floor or "")
    lowered = replace(
        law,
        linear=(_SHIFT, *law.linear),
        signs=(-1, *(law.signs or (1,) * len(law.linear))),
        either_sign=(False, *law.free.tolist()),
        sides=None if law.sides is None else partial(_sides, law.sides),
        log_basis=lambda x, theta: (CONSTANT, *law.log_basis(x, theta)),
        slopes=lambda x, theta: {(j + 1, k): d for (j, k), d in law.slopes(x, theta).items()},
    )
    shift = np.exp(evidence.data.log_y.mean(axis=1))
    parameters = np.column_stack([shift, evidence.parameters])
    parameters[:, 1 + floor] += shift
    optimum = follow(lowered, evidence.x, evidence.data, parameters, held_terms(lowered))
    return replace(evidence, law=lowered, parameters=optimum)


def _sides(sides: Callable[[Array, Array], Sequence[Array]], x: Array, theta: Array) -> tuple[Array, ...]:
    return CONSTANT + 1, *sides(x, theta)


def held_terms(law: Law) -> Flags:
    """Return which parameters are terms that stay as they are, (p,)."""
    return np.array([name == _SHIFT for name in law.parameters])
