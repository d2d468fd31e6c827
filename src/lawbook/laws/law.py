"""A law: a sum of terms, each a linear coefficient times a nonlinear basis function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lawbook.laws.index import Index

Array: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Counts: TypeAlias = NDArray[np.int64]

CONSTANT: Array = np.zeros((1, 1))
"""log φ of a constant term, and any derivative that vanishes."""


@dataclass(frozen=True)
class Law:
    """The law y = Σ_j s_j c_j φ_j(x; θ) with c_j ≥ 0, φ_j > 0 and fixed signs s_j (+1 where not given).

    Where a law says so, some c_j may have `either_sign`, some φ_j the signs `sides(x, θ)`, one array per term, and one
    more term without a coefficient, the `offset`, stands behind the others.

    `log_basis(x, θ)` maps x (n, d) and θ (B, k) to log |φ_j|, one array per term, each broadcasting to (B, n).
    `slopes(x, θ)` gives d log φ_j / d θ_k under the key (j, k), likewise; a key that is absent is 0.
    `box(x)` bounds θ, (k, 2), from the design alone, so that it follows the units of x. `log_spaced` marks
    the θ > 0 that are searched by their logarithm, `signed` the θ of either sign and without unit that may be small
    or large, descended in by their inverse hyperbolic sine. `exponent` names the parameter that the law is known for;
    `floor` the term that is the limit of y, if any. `derived` are quantities f(parameters, centre)
    of parameters (..., p) and the geometric mean (d,) of the x that were fitted. `inputs` are the columns'
    usual names. `coupled` laws read the history of a schedule from the other rows of x. `centred` is False
    where a term may vanish on the data, so that it has no geometric mean. `breaks` are parameters that mark
    places on x; `scale` the inputs whose product says how large a run is (all where none is named).
    `towards(x, log_y, θ)`, with log_y (B, n) and θ (B, k), moves start values towards the data, where some of
    θ have a good value given the rest. `starts` is the tag of the random starts, the name where there is none.
    `shift` is what has been added to y, where that is not positive: the law gives y + shift. A law is `written`
    where it is a formula whose inputs are columns of the table. Of a law with an `index` one input holds the places of
    the index's values; a parameter named `name[value]` is that value's own, and `present(x)` says which terms there
    are at which x, (m, n): elsewhere their log |φ_j| is −∞.
    """

    name: str
    formula: str
    source: str
    linear: tuple[str, ...]
    nonlinear: tuple[str, ...]
    exponent: str
    log_basis: Callable[[Array, Array], Sequence[Array]]
    slopes: Callable[[Array, Array], Mapping[tuple[int, int], Array]]
    box: Callable[[Array], Array]
    log_spaced: tuple[bool, ...]
    inputs: tuple[str, ...] = ("x",)
    floor: str | None = None
    positive_x: bool = True
    signs: tuple[int, ...] = ()
    either_sign: tuple[bool, ...] = ()
    offset: bool = False
    sides: Callable[[Array, Array], Sequence[Array]] | None = None
    signed: tuple[bool, ...] = ()
    centred: bool = True
    coupled: bool = False
    breaks: tuple[str, ...] = ()
    scale: tuple[str, ...] = ()
    towards: Callable[[Array, Array, Array], Array] | None = None
    starts: str = ""
    shift: float = 0.0
    written: bool = False
    index: Index | None = None
    present: Callable[[Array], Flags] | None = None
    derived: Mapping[str, Callable[[Array, Array], Array]] = field(default_factory=dict)

    def reading(self, inputs: tuple[str, ...]) -> Law:
        """Return the law with its inputs in another order."""
        if inputs == self.inputs:
            return self
        at = [inputs.index(name) for name in self.inputs]
        log_basis, slopes, box, sides, towards, present = (
            self.log_basis,
            self.slopes,
            self.box,
            self.sides,
            self.towards,
            self.present,
        )
        return replace(
            self,
            inputs=inputs,
            log_basis=lambda x, theta: log_basis(x[:, at], theta),
            slopes=lambda x, theta: slopes(x[:, at], theta),
            box=lambda x: box(x[:, at]),
            sides=None if sides is None else lambda x, theta: sides(x[:, at], theta),
            towards=None if towards is None else lambda x, log_y, theta: towards(x[:, at], log_y, theta),
            present=None if present is None else lambda x: present(x[:, at]),
        )

    @property
    def measured(self) -> tuple[int, ...]:
        """Return the columns of x that hold numbers, all but the index."""
        return tuple(
            j for j, name in enumerate(self.inputs) if self.index is None or name != self.index.column
        )

    @cached_property
    def searched(self) -> int:
        """Return how many nonlinear parameters starts differ in: those of all values of an index start together."""
        return len({name.partition("[")[0] for name in self.nonlinear})

    @property
    def own_parameters(self) -> int:
        """Return how many parameters each value of the index has of its own."""
        values = () if self.index is None else self.index.values
        return sum(name.endswith(f"[{values[0]}]") for name in self.parameters) if values else 0

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the names of all parameters: the linear ones, then the nonlinear ones."""
        return self.linear + self.nonlinear

    @cached_property
    def sign(self) -> Array:
        """Return the sign of each term, (m,)."""
        return np.array(self.signs or (1,) * len(self.linear), dtype=float)

    @cached_property
    def free(self) -> Flags:
        """Return which linear coefficients may have either sign, (m,)."""
        return np.array(self.either_sign or (False,) * len(self.linear), dtype=bool)

    def weights(self, x: Array, theta: Array) -> list[Array | float]:
        """Return the sign of each term less its coefficient, the offset last; one number or (B, n)."""
        signs: list[Array | float] = [*self.sign, *([1.0] if self.offset else [])]
        if self.sides is None:
            return signs
        return [sign * side for sign, side in zip(signs, self.sides(x, theta), strict=True)]

    def log_predict(self, x: Array, parameters: Array) -> Array:
        """Return log y(x), NaN where the law is not positive, by log-sum-exp over the terms.

        x: (n, d); parameters: (..., p) in the order of `parameters`; returns (..., n).
        """
        lead = parameters.shape[:-1]
        flat = parameters.reshape(-1, len(self.parameters))
        m = len(self.linear)
        with np.errstate(divide="ignore", invalid="ignore"):
            weights = self.weights(x, flat[:, m:])
            terms = [
                np.log(np.abs(flat[:, j, None])) + log_phi if j < m else log_phi
                for j, log_phi in enumerate(self.log_basis(x, flat[:, m:]))
            ]
            for j in np.flatnonzero(self.free):
                weights[j] = weights[j] * np.sign(flat[:, j, None])
            terms = list(np.broadcast_arrays(*terms, np.empty((len(flat), len(x)))))[:-1]
            top = np.max(terms, axis=0)
            shift = np.where(np.isfinite(top), top, 0.0)
            total = sum(s * np.exp(term - shift) for s, term in zip(weights, terms, strict=True))
            log_y: Array = shift + np.log(np.where(total >= 0, total, np.nan))
        return log_y.reshape(*lead, x.shape[0])
