"""A law with an index: copies of some parameters, one for each value of a column; the others are shared.

A linear parameter with an index becomes a term for each value, which is there at that value's rows alone; of a
nonlinear one each row has its own. The logarithms of the terms and their derivatives are those of the law without the
index, computed once for all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from lawbook.laws.formulas.evaluation import Evaluator, places
from lawbook.laws.formulas.graph import Node
from lawbook.laws.law import Array, Counts, Flags, Law
from lawbook.laws.solver import Data, solve

T = TypeVar("T")
_STARTS = 6
"""Starts that the fit of one value's rows descends from."""


@dataclass(frozen=True)
class Wide:
    """The parameters of a law without an index, in its order, and which of them (`own`) have a copy for each value."""

    law: Law
    own: frozenset[str]
    nodes: tuple[Node, ...]
    """Of the nonlinear parameters."""

    @property
    def count(self) -> int:
        """Return the number of values."""
        assert self.law.index is not None
        return len(self.law.index.values)

    @property
    def at(self) -> int:
        """Return the column of x that holds the index."""
        assert self.law.index is not None
        return self.law.inputs.index(self.law.index.column)

    def copies(self, names: Sequence[str]) -> list[tuple[int, int | None]]:
        """Return the copies in order: which parameter, and of which value, None if of all."""
        values: Sequence[int | None]
        found = []
        for j, name in enumerate(names):
            values = range(self.count) if name in self.own else [None]
            found += [(j, value) for value in values]
        return found

    def named(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the names of the copies of parameters."""
        assert self.law.index is not None
        values = self.law.index.values
        return tuple(
            names[j] if value is None else f"{names[j]}[{values[value]}]" for j, value in self.copies(names)
        )

    @cached_property
    def terms(self) -> list[tuple[int, int | None]]:
        """Return the copies of the terms with a coefficient."""
        return self.copies(self.law.linear)

    @cached_property
    def theta(self) -> list[tuple[int, int | None]]:
        """Return the copies of the nonlinear parameters."""
        return self.copies(self.law.nonlinear)

    def evaluator(self) -> Evaluator:
        """Return what computes the law's nodes for all rows at once, each with its own parameters."""
        columns = {
            node: np.array([at for at, (k, _) in enumerate(self.theta) if k == j])
            for j, node in enumerate(self.nodes)
        }
        return Evaluator(self.nodes, columns, self.at)

    def rows_of(self, x: Array) -> list[Flags]:
        """Return the rows of each value, (n,) each."""
        at = places(x, self.at)
        return [at == value for value in range(self.count)]

    def present(self, x: Array) -> Flags:
        """Return which terms there are at which rows, (m, n)."""
        rows = self.rows_of(x)
        every = np.ones(len(x), dtype=bool)
        found = [every if value is None else rows[value] for _, value in self.terms]
        return np.array(found).reshape(len(self.terms), len(x))

    def log_basis(self, x: Array, logs: Sequence[Array]) -> list[Array]:
        """Return log |φ| of every copy of the terms, and the offset, from those of the law."""
        rows = self.rows_of(x)
        found = [
            logs[j] if value is None or rows[value].all() else np.where(rows[value], logs[j], -np.inf)
            for j, value in self.terms
        ]
        return [*found, *logs[len(self.law.linear) :]]

    def slopes(self, x: Array, slopes: Mapping[tuple[int, int], Array]) -> dict[tuple[int, int], Array]:
        """Return the derivatives of the copies of the terms by the copies of the nonlinear parameters."""
        rows, terms = self.rows_of(x), [*self.terms, (len(self.law.linear), None)]
        found = {}
        for a, (j, value) in enumerate(terms):
            for b, (k, other) in enumerate(self.theta):
                if (j, k) not in slopes or (None not in (value, other) and value != other):
                    continue
                slope = slopes[j, k]
                found[a, b] = slope if other is None or value == other else np.where(rows[other], slope, 0.0)
        return found

    def sides(self, sides: Sequence[Array]) -> list[Array]:
        """Return the signs of the copies of the terms, and of the offset."""
        return [*(sides[j] for j, _ in self.terms), *sides[len(self.law.linear) :]]

    def of_value(self, value: int) -> Counts:
        """Return where the parameters of one value stand among all copies, in the order of the law's own, (p,)."""
        own = [*self.terms, *((len(self.law.linear) + k, other) for k, other in self.theta)]
        return np.array([at for at, (_, other) in enumerate(own) if other in (None, value)])

    def towards(self, x: Array, log_y: Array, theta: Array) -> Array:
        """Return starts (B, k): one value's parameters for all, the first of each data set by fits of each value alone.

        Shared parameters start at the median over the values.
        """
        law, k = self.law, len(self.law.nonlinear)
        first = [next(at for at, (j, _) in enumerate(self.theta) if j == each) for each in range(k)]
        again = np.flatnonzero((theta[1:] == theta[0]).all(axis=1))
        count = int(again[0]) + 1 if len(again) else len(theta)  # starts of one data set
        alone = np.tile(theta[:, first], (self.count, 1, 1))
        for value, rows in enumerate(self.rows_of(x)):
            if not rows.any():
                continue
            at, y = x[rows], log_y[:, rows]
            if law.towards is not None:
                alone[value] = law.towards(at, y, alone[value])
            if any(name in self.own for name in law.nonlinear):
                sets = y[::count]
                data = Data(sets, np.ones(sets.shape), np.zeros(sets.shape, dtype=bool))
                alone[value, ::count] = solve(law, at, data, starts=_STARTS).parameters[:, len(law.linear) :]
        shared = np.median(alone, axis=0)
        box = law.box(x)
        return np.stack(
            [
                np.clip(shared[:, j] if value is None else alone[value][:, j], *box[j])
                for j, value in self.theta
            ],
            axis=1,
        )

    def over_values(
        self,
        log_basis: Callable[[Array, Array], Sequence[Array]],
        slopes: Callable[[Array, Array], Mapping[tuple[int, int], Array]],
        sides: Callable[[Array, Array], Sequence[Array]] | None,
    ) -> Law:
        """Return the law of all values, from what computes the nodes of the law for all copies of its parameters."""
        law = self.law
        alone = self.count == 1

        def name_of(name: str) -> str:
            return self.named([name])[0]

        derived: dict[str, Callable[[Array, Array], Array]] = {}
        for name, f in law.derived.items():
            for value, shown in enumerate(self.named([name])):
                derived[shown] = _of_some(f, self.of_value(value))
        return replace(
            law,
            linear=self.named(law.linear),
            nonlinear=self.named(law.nonlinear),
            exponent=name_of(law.exponent),
            log_basis=lambda x, theta: self.log_basis(x, log_basis(x, theta)),
            slopes=lambda x, theta: self.slopes(x, slopes(x, theta)),
            box=lambda x: law.box(x)[[j for j, _ in self.theta]],
            log_spaced=_each(law.log_spaced, self.theta),
            signs=_each(law.signs, self.terms),
            either_sign=_each(law.either_sign, self.terms),
            sides=None if sides is None else lambda x, theta: self.sides(sides(x, theta)),
            floor=name_of(law.floor) if law.floor and (alone or law.floor not in self.own) else None,
            scale=tuple(name for name in law.inputs if name != law.inputs[self.at]),
            towards=law.towards if alone or not law.nonlinear else self.towards,
            present=None if alone else self.present,
            derived=derived,
        )


def _each(parts: Sequence[T], copies: Sequence[tuple[int, int | None]]) -> tuple[T, ...]:
    return tuple(parts[j] for j, _ in copies) if len(parts) else ()


def _of_some(f: Callable[[Array, Array], Array], at: Counts) -> Callable[[Array, Array], Array]:
    """Return a quantity of some parameters, at positions (p,), as one of all."""
    return lambda parameters, centre: f(parameters[..., at], centre)
