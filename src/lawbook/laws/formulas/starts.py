"""Starts of a formula's nonlinear parameters, moved towards the data where some have a good value given the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lawbook.laws.formulas.evaluation import Evaluator
from lawbook.laws.formulas.graph import Graph, Node
from lawbook.laws.formulas.ranges import Ranges
from lawbook.laws.formulas.terms import Terms, terms
from lawbook.laws.law import Array

_FLOORS = np.array([0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99])
"""Heights of a floor, over the lowest y, that starts are made from."""


@dataclass(frozen=True)
class LogLinear:
    """A law of one product, y = [E +] exp(rest + Σ θ_k factor_k): the θ_k that its logarithm is linear in."""

    found: Terms
    coefficient: bool
    """Whether a linear parameter multiplies the product."""
    floor: bool


def log_linear(g: Graph, logs: Sequence[Node], n_linear: int, nonlinear: Sequence[Node]) -> LogLinear | None:
    """Return the product that a law consists of besides a constant, None if it is another.

    `logs` are the logarithms of its terms, the first `n_linear` of which have a coefficient.
    """
    varied = [j for j, log in enumerate(logs) if log.parameters or log.varies]
    if len(varied) != 1 or len(logs) > 2:
        return None
    found = terms(g, logs[varied[0]], nonlinear)
    return LogLinear(found, varied[0] < n_linear, len(logs) > 1) if found.linear else None


def towards(ranges: Ranges, law: LogLinear | None) -> Callable[[Array, Array, Array], Array] | None:
    """Return what moves starts: scales to their neighbours, and of one product all that its logarithm is linear in."""
    if law is None:
        return ranges.towards if ranges.moves else None
    evaluator = Evaluator(ranges.parameters)
    nodes = [*law.found.linear.values(), *([law.found.rest] if law.found.rest else [])]
    at = [ranges.parameters.index(node) for node in law.found.linear]

    def moved_by_y(x: Array, log_y: Array, theta: Array) -> Array:
        moved = ranges.towards(x, log_y, theta)
        if law.floor:
            # By least squares in the logarithm of what a floor leaves, for floors of several heights.
            height = _FLOORS[np.arange(len(log_y)) % len(_FLOORS), None] * np.exp(
                log_y.min(axis=1, keepdims=True)
            )
            log_y = np.log(np.exp(log_y) - height)
        values = evaluator(nodes, x, moved.copy())
        shape = np.broadcast_shapes(log_y.shape, *(value.shape for value in values))
        columns = [np.broadcast_to(value, shape) for value in values]
        rest = np.broadcast_to(log_y - (columns.pop() if law.found.rest else 0.0), shape)
        A = np.stack([*columns, *([np.ones(shape)] if law.coefficient else [])], axis=2)
        good = np.isfinite(A).all(axis=(1, 2)) & np.isfinite(rest).all(axis=1)
        best = np.einsum("bpn,bn->bp", np.linalg.pinv(A[good], rcond=1e-10), rest[good])
        moved[np.flatnonzero(good)[:, None], at] = np.clip(best[:, : len(at)], *ranges.box(x)[at].T)
        return moved

    return moved_by_y
