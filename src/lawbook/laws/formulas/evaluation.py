"""A graph's nodes at many inputs and parameters, each node once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
from scipy.special import expit

from lawbook.laws.formulas.graph import TINY, Node
from lawbook.laws.law import Array, Counts

_LARGEST = 700.0
"""Largest exponent of e that float64 holds."""


def _log_sum_exp(*parts: Array) -> Array:
    if len(parts) == 2:
        return np.asarray(np.logaddexp(*parts))
    top = reduce(np.maximum, parts)
    top = np.where(np.isfinite(top), top, 0.0)
    return np.asarray(top + np.log(sum(np.exp(part - top) for part in parts)))


def _power(base: Array, exponent: Array) -> Array:
    if np.ndim(exponent) == 0:
        if exponent == -1:
            return np.asarray(1.0 / base)
        if exponent == 2:
            return np.asarray(base * base)
    return np.asarray(np.power(base, exponent))


_OPERATIONS: dict[str, Callable[..., Array]] = {
    "add": lambda *parts: sum(parts[1:], start=parts[0]),
    "mul": lambda *parts: reduce(np.multiply, parts),
    "pow": _power,
    "exp": lambda u: np.exp(np.minimum(u, _LARGEST)),
    "log": np.log,
    "tanh": np.tanh,
    "sigmoid": expit,
    "softplus": lambda u: np.logaddexp(0.0, u),
    "abs": np.abs,
    "sign": np.sign,
    "max": lambda *parts: reduce(np.maximum, parts),
    "min": lambda *parts: reduce(np.minimum, parts),
    "above": lambda u, v: np.asarray(u >= v, dtype=float),
    "log_sum_exp": _log_sum_exp,
    "log_abs": lambda u: 0.5 * np.log(u * u + TINY),
    "inverse": lambda u: u / (u * u + TINY),
}


def places(x: Array, index: int) -> Counts:
    """Return the places of the rows x (n, d) in the values of an index, from 0, (n,)."""
    return np.asarray(x[:, index], dtype=np.int64) - 1 if index >= 0 else np.zeros(0, dtype=np.int64)


@dataclass
class Evaluator:
    """The values of nodes at x (n, d) and parameters θ (B, k), named in the order of θ; the last ones are remembered.

    What depends on x alone is remembered for the last x, so that descents over one design compute it once. Where x has
    an `index` column of places 1, 2, …, `columns` names those of θ that each parameter has at each place, one or all.
    """

    parameters: Sequence[Node]
    columns: Mapping[Node, Counts] = field(default_factory=dict)
    index: int = -1
    log_y: Array | None = None
    """log y of each set of parameters, (B, n), for nodes that depend on the output."""
    _x: Array | None = field(default=None, repr=False)
    _theta: Array | None = field(default=None, repr=False)
    _fixed: dict[Node, Array] = field(default_factory=dict, repr=False)
    _moving: dict[Node, Array] = field(default_factory=dict, repr=False)
    _places: Counts = field(default_factory=lambda: np.zeros(0, dtype=np.int64), repr=False)

    def __post_init__(self) -> None:
        self.columns = self.columns or {node: np.array([k]) for k, node in enumerate(self.parameters)}

    def __call__(self, nodes: Sequence[Node], x: Array, theta: Array) -> list[Array]:
        """Return the values of nodes, each broadcasting to (B, n) with two dimensions."""
        if x is not self._x:
            self._x, self._theta, self._fixed = x, None, {}
            self._places = places(x, self.index)
        if theta is not self._theta:
            self._theta, self._moving = theta, {}
        with np.errstate(all="ignore"):
            return [
                np.reshape(value, (1, 1)) if np.ndim(value) < 2 else value
                for value in map(self._value, nodes)
            ]

    def _value(self, node: Node) -> Array:
        known = self._moving if node.parameters or node.kind == "output" else self._fixed
        found = known.get(node)
        if found is None:
            found = known[node] = self._compute(node)
        return found

    def _compute(self, node: Node) -> Array:
        assert self._x is not None
        assert self._theta is not None
        if node.kind == "number":
            return np.float64(node.value)  # type: ignore[return-value]
        if node.kind == "input":
            return np.ascontiguousarray(self._x[:, int(node.value)])[None]
        if node.kind == "output":
            assert self.log_y is not None
            return np.asarray(np.exp(np.mean(self.log_y, axis=1, keepdims=True)))
        if node.kind == "parameter":
            at = self.columns[node]
            return self._theta[:, at] if len(at) == 1 else self._theta[:, at[self._places]]
        return _OPERATIONS[node.kind](*map(self._value, node.parts))
