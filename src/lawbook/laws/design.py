"""What a solver works on: the points of a fit in coordinates that are well conditioned whatever the units.

Each linear coefficient is the geometric mean of its term over the points (or the coefficient as it is where the
law is not centred), in units of the geometric mean of y (its logarithm where the law has one term only, above 0),
each log-spaced parameter its logarithm. A law with an offset has units of its own: there y is left as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lawbook.laws.law import CONSTANT, Array, Counts, Flags, Law

_SMALL = 0.01
"""Signed parameters are on a linear scale below this size, on a logarithmic one above."""


def mean(a: Array) -> Array:
    """Return the mean over the points, (B, 1), several times faster than the array's own on small ones."""
    return np.asarray(np.add.reduce(a, axis=1, keepdims=True) / a.shape[1])


@dataclass(frozen=True)
class Data:
    """What differs between data sets over one design: log y, weights and censoring, each (B, n).

    A weight 0 takes a point out; its log y must still be finite.
    """

    log_y: Array
    weights: Array
    censored: Flags

    def take(self, index: Counts | Flags) -> Data:
        """Return the data sets at these positions."""
        return Data(self.log_y[index], self.weights[index], self.censored[index])

    def repeat(self, count: int) -> Data:
        """Return each data set so many times over."""
        rows = np.repeat(np.arange(len(self.log_y)), count)
        return self.take(rows)

    def at_points(self, chosen: Flags) -> Data:
        """Return the data sets at the chosen points (n,) only."""
        return Data(self.log_y[:, chosen], self.weights[:, chosen], self.censored[:, chosen])


@dataclass(frozen=True)
class Design:
    """The distinct x of the points, (n, d), with what every problem over them shares.

    With `straight` the law's signed parameters have their inverse hyperbolic sine as coordinate: of a break not
    yet reached the points fix height and place as a product, and these coordinates straighten that valley.
    """

    law: Law
    x: Array
    box: Array
    straight: bool = False

    @classmethod
    def of(cls, law: Law, x: Array) -> Design:
        """Return the design of a law over x (n, d), with the law's box for it."""
        return cls(law, x, law.box(x))

    @cached_property
    def one_term(self) -> bool:
        """Say whether the law is c φ(x; θ), so that log y is linear in log c."""
        law = self.law
        return len(law.linear) == 1 and not law.offset and law.sides is None and not law.free.any()

    def log_unit(self, log_y: Array, weights: Array | None = None) -> Array:
        """Return the logarithm of the unit of y of each data set (B, n), its geometric mean, (B,)."""
        if self.law.offset:
            return np.zeros(len(log_y))
        return np.asarray(np.average(log_y, axis=1, weights=weights))

    @cached_property
    def bounds(self) -> Array:
        """Return the bounds of the coordinates, (p, 2)."""
        nonlinear = self.spaced(self.box.T).T
        least = np.where(self.law.free | self.one_term, -np.inf, 0.0)
        linear = np.column_stack([least, np.full(len(least), np.inf)])
        return np.concatenate([linear, nonlinear])

    @cached_property
    def logged(self) -> Flags:
        """Return which nonlinear parameters have their logarithm as coordinate, (k,)."""
        return np.array(self.law.log_spaced, dtype=bool)

    @cached_property
    def signed(self) -> Flags:
        """Return which nonlinear parameters have their inverse hyperbolic sine as coordinate, (k,)."""
        found = self.law.signed if self.straight else ()
        return np.array(found or (False,) * len(self.law.nonlinear), dtype=bool)

    def nonlinear(self, q: Array) -> Array:
        """Return θ (B, k) at the coordinates q (B, p)."""
        t = q[:, len(self.law.linear) :]
        theta = np.where(self.logged, np.exp(np.where(self.logged, t, 0.0)), t)
        if self.signed.any():
            theta = np.where(self.signed, _SMALL * np.sinh(np.where(self.signed, t, 0.0)), theta)
        return theta

    def stretch(self, theta: Array) -> Array:
        """Return dθ / d coordinate, (B, k)."""
        return np.where(self.logged, theta, np.where(self.signed, np.hypot(theta, _SMALL), 1.0))

    def spaced(self, theta: Array) -> Array:
        """Return the coordinates (B, k) of nonlinear parameters θ (B, k); the inverse of `nonlinear`."""
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(self.logged, np.log(np.where(self.logged, theta, 1.0)), theta)
        return np.where(self.signed, np.arcsinh(t / _SMALL), t)

    @cached_property
    def _present(self) -> Flags | None:
        """Return at which points each term with a coefficient is there, (m, n), None for all at all."""
        return None if self.law.present is None else self.law.present(self.x)

    def mean_of(self, j: int, a: Array) -> Array:
        """Return what the j-th term's logarithm is centred by: the mean of a (B|1, n|1) over its points, (B|1, 1)."""
        if not self.law.centred or j >= len(self.law.linear):
            return CONSTANT
        if self._present is None or self._present[j].all():
            return mean(a)
        there = self._present[j]
        total = np.sum(np.where(there, a, 0.0), axis=1, keepdims=True)
        return np.asarray(total / max(int(there.sum()), 1))

    def log_terms(self, theta: Array) -> tuple[list[Array], list[Array]]:
        """Return log |φ_j| over its geometric mean on the points, and the logarithm of that mean, (B|1, 1).

        An offset is as it is.
        """
        terms, means = [], []
        for j, log_phi in enumerate(self.law.log_basis(self.x, theta)):
            own = self.mean_of(j, log_phi)
            with np.errstate(invalid="ignore"):  # a term may be infinite where its law is none
                terms.append(log_phi - own)
            means.append(own)
        return terms, means

    def coordinates(self, parameters: Array, log_unit: Array) -> Array:
        """Return the coordinates (B, p) of parameters (B, p) where y has the units exp(log_unit), (B,)."""
        m = len(self.law.linear)
        theta = parameters[:, m:]
        c = parameters[:, :m]
        with np.errstate(divide="ignore", invalid="ignore"):
            log_c = np.log(np.abs(c)) + self._log_means(theta) - log_unit[:, None]
            t = self.spaced(theta)
        return np.concatenate([log_c if self.one_term else np.where(c < 0, -1, 1) * np.exp(log_c), t], axis=1)

    def parameters(self, q: Array, log_unit: Array) -> Array:
        """Return the parameters (B, p) at the coordinates q (B, p); the inverse of `coordinates`."""
        m = len(self.law.linear)
        theta = self.nonlinear(q)
        with np.errstate(over="ignore", divide="ignore"):
            log_c = q[:, :m] if self.one_term else np.log(np.abs(q[:, :m]))
            c = np.exp(log_c - self._log_means(theta) + log_unit[:, None])
        if not self.one_term:
            c = np.where(q[:, :m] < 0, -c, c)
        return np.concatenate([c, theta], axis=1)

    def _log_means(self, theta: Array) -> Array:
        """Return the logarithm of the geometric mean of each term with a coefficient, (B|1, m)."""
        means = self.log_terms(theta)[1][: len(self.law.linear)]
        return np.concatenate(np.broadcast_arrays(*means), axis=1) if means else np.zeros((1, 0))
