"""Where a formula's nonlinear parameters may lie: read off their places in it, and off the data.

A parameter is an exponent (of a positive base), a scale (it makes its surroundings comparable with a neighbour in a
sum, or with 1 in a logarithm or an exponential), or a slope (it multiplies something in the exponent of e).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lawbook.laws.formulas.evaluation import Evaluator
from lawbook.laws.formulas.graph import Graph, Node
from lawbook.laws.formulas.text import Bounds
from lawbook.laws.law import Array
from lawbook.laws.sobol import sobol
from lawbook.seeds import generator

_EXPONENT, _SIGNED, _RAISED = (1e-3, 4.0), (-3.0, 3.0), (1e-2, 10.0)
"""Bounds of an exponent written with a minus, of one of either sign, and of one of a sum or a logarithm."""
_REACH = np.log(10.0)
"""A scale may lie so far beyond its neighbours, in logarithms."""
_STEEPEST = 20.0
"""Largest change of an exponent of e over the data."""
_UNKNOWN = (1e-6, 1e6)
_OF_OUTPUT = (1e-30, 1e30)
"""Bounds of a scale that y fixes: its starts follow from y."""
_CONSTANT = (-50.0, 50.0)
_SAMPLES = 64
_LARGEST_LOG = 600.0
_NEAR = 8
"""One start in so many begins at the value that the formula names."""


@dataclass(frozen=True)
class Role:
    """What a parameter is for: bounds of its own, or a node that it is comparable with.

    `positive` parameters are searched by their logarithm. `anchor` is what a scale is about, as an expression of
    inputs and other parameters; a slope is about 1 / anchor in size.
    """

    kind: str
    positive: bool
    low: float = np.nan
    high: float = np.nan
    anchor: Node | None = None


@dataclass
class Roles:
    """The roles of the parameters of an expression, found by walking down from its terms.

    A node is seen with its `target`, an expression that it is of the size of (None where that is not known); inside a
    logarithm exponents are of either sign.
    """

    graph: Graph
    positive: frozenset[Node]
    """The inputs above 0."""
    found: dict[Node, Role] = field(default_factory=dict)
    spare: dict[Node, Role] = field(default_factory=dict)
    """Roles for parameters that get no better one."""

    def of(self, node: Node) -> Role:
        """Return a parameter's role."""
        return self.found.get(node) or self.spare.get(node) or Role("free", False, *_SIGNED)

    def give(self, node: Node, role: Role) -> None:
        """Give a parameter a role, unless it has one, or the anchor depends on the parameter itself."""
        if node.kind != "parameter" or (role.anchor is not None and node in role.anchor.parameters):
            return
        known = self.found.get(node)
        if known is None or (role.positive and not known.positive and role.kind != "scale"):
            self.found[node] = role

    def see(self, node: Node, target: Node | None, logged: bool = False) -> None:
        """Walk down a node that is above 0 and about the size of `target`."""
        g = self.graph
        if not node.parameters:
            return
        if node.kind == "parameter":
            if target is not None:
                self.give(node, Role("scale", True, anchor=target))
            self.spare.setdefault(node, Role("scale", True, *_UNKNOWN))
        elif node.kind == "mul":
            for part in node.parts:
                others = [g.power(each, g.number(-1)) for each in node.parts if each is not part]
                self.see(part, None if target is None else g.multiply([target, *others]), logged)
        elif node.kind == "pow":
            self._see_power(node, target, logged)
        elif node.kind in ("add", "max", "min"):
            for part in node.parts:
                self._see_among(part, [each for each in node.parts if each is not part], target, logged)
        elif node.kind == "log":
            self.see(node.parts[0], g.number(1), True)
        elif node.kind in ("exp", "tanh", "sigmoid", "softplus"):
            self.see_exponent(node.parts[0])
        else:
            for part in node.parts:
                self.see(part, target, logged)

    def _see_among(self, part: Node, others: Sequence[Node], target: Node | None, logged: bool) -> None:
        """Walk down one part of a sum: it is about as large as another part that varies, or is known."""
        _, bare = self.graph.factor(part)
        known = [self.graph.factor(each)[1] for each in others if each.kind != "number" or each.value != 0]
        known.sort(key=lambda other: (len(other.parameters), not other.varies))
        plain = [each for each in known if not _scales(each)]
        for each in (*plain, *([] if target is None else [target]), *known):
            self.see(bare, each, logged)
        if not known and target is None:
            self.see(bare, None, logged)

    def _see_power(self, node: Node, target: Node | None, logged: bool) -> None:
        g = self.graph
        base, exponent = node.parts
        inverse = g.power(exponent, g.number(-1))
        self.see(base, None if target is None else g.power(target, inverse), logged)
        if not exponent.parameters:
            return
        number, bare = g.factor(exponent)
        plain = base.kind in ("input", "parameter") or (
            base.kind == "mul" and all(p.kind != "add" for p in base.parts)
        )
        if bare.kind != "parameter":
            for each in sorted(exponent.parameters, key=lambda p: str(p.value)):
                self.give(each, Role("exponent", True, *_RAISED))
        elif not plain or (base.kind == "mul" and base.parameters and not logged):
            self.give(bare, Role("exponent", True, *_RAISED))
        elif number < 0 and not logged:
            self.give(bare, Role("exponent", True, _EXPONENT[0] / -number, _EXPONENT[1] / -number))
        else:
            self.give(bare, Role("exponent", False, *_SIGNED))

    def see_exponent(self, node: Node) -> None:
        """Walk down an exponent of e, of either sign and of the order of 1."""
        g = self.graph
        if node.kind == "add":
            for part in node.parts:
                self.see_exponent(part)
            return
        number, bare = g.factor(node)
        factors = bare.parts if bare.kind == "mul" else (bare,)
        slopes = [each for each in factors if each.kind == "parameter"]
        if bare.kind == "parameter":
            self.give(bare, Role("free", False, *_CONSTANT))
            return
        if number < 0 and g.is_positive(bare, self.positive | bare.parameters):
            self.see(bare, g.number(1))
        elif len(slopes) == 1 and all(each.kind not in ("add",) or each is slopes[0] for each in factors):
            rest = g.multiply(each for each in factors if each is not slopes[0])
            self.give(slopes[0], Role("slope", False, anchor=rest))
            self.see(rest, None)
        else:
            self.see(bare, g.number(1))


@dataclass(frozen=True)
class Ranges:
    """The nonlinear parameters in order, their roles, and what the formula says of their bounds and starts."""

    parameters: tuple[Node, ...]
    roles: Mapping[Node, Role]
    said: Mapping[str, Bounds]
    evaluator: Evaluator
    _last: dict[str, Array] = field(default_factory=dict, repr=False)
    """The x whose bounds were asked for last, and these."""

    @property
    def log_spaced(self) -> tuple[bool, ...]:
        """Return which parameters are searched by their logarithm."""
        return tuple(self._positive(node) for node in self.parameters)

    def _positive(self, node: Node) -> bool:
        said = self.said.get(str(node.value), Bounds())
        return (
            self.roles[node].positive and said.low >= 0 if said.low > -np.inf else self.roles[node].positive
        )

    def box(self, x: Array) -> Array:
        """Return the bounds of the parameters for x (n, d), (k, 2)."""
        if self._last.get("x") is not x:
            self._last.update(x=x, box=self._box(x))
        return self._last["box"].copy()

    def _box(self, x: Array) -> Array:
        k = len(self.parameters)
        box = np.full((k, 2), np.nan)
        left = list(range(k))
        while left:
            ready = [j for j in left if self._known(j, box)]
            for j in ready or left[:1]:
                box[j] = self._bounds(j, x, box)
            left = [j for j in left if j not in (ready or left[:1])]
        return box

    def _known(self, j: int, box: Array) -> bool:
        """Say whether the bounds of all that a parameter's anchor depends on are there."""
        anchor = self.roles[self.parameters[j]].anchor
        needed = (
            [self.parameters.index(p) for p in anchor.parameters if p in self.parameters] if anchor else []
        )
        return bool(np.isfinite(box[needed]).all())

    def _bounds(self, j: int, x: Array, box: Array) -> Array:
        node = self.parameters[j]
        role, said = self.roles[node], self.said.get(str(node.value), Bounds())
        low, high = role.low, role.high
        if role.anchor is not None and _of_output(role.anchor):
            low, high = _OF_OUTPUT
        elif role.anchor is not None and self._known(j, box):
            low, high = self._about(role, *self._ends(j, x, _sampled(box, self.log_spaced)))
        elif role.anchor is not None:
            low, high = _UNKNOWN if role.positive else _SIGNED
        low = said.low if said.low > -np.inf else low
        high = said.high if said.high < np.inf else high
        if self._positive(node):
            low = max(low, min(1e-9, high / 1e6)) if low <= 0 else low
        if not low < high:
            low, high = (
                (low, low + 10 * max(abs(low), 1.0))
                if said.low > -np.inf
                else (high - 10 * max(abs(high), 1.0), high)
            )
        return np.array([low, high])

    def _about(self, role: Role, low: Array, high: Array) -> tuple[float, float]:
        """Return the bounds of a scale, or a slope, whose anchor lies between the exponentials of `low` and `high`."""
        least, most = float(np.min(low)), float(np.max(high))
        if role.kind == "slope":
            steepest = _STEEPEST * float(np.exp(-most))
            return -steepest, steepest
        return float(np.exp(max(least - _REACH, -_LARGEST_LOG))), float(
            np.exp(min(most + _REACH, _LARGEST_LOG))
        )

    def _ends(self, j: int, x: Array, theta: Array) -> tuple[Array, Array]:
        """Return the logarithms of the smallest and the largest |anchor| over the points, (B,) each."""
        anchor = self.roles[self.parameters[j]].anchor
        assert anchor is not None
        with np.errstate(all="ignore"):
            size = np.log(np.abs(self.evaluator([anchor], x, theta)[0]))
        size = np.where(np.isfinite(size), size, np.nan)
        if np.isnan(size).all():
            return np.zeros(1), np.zeros(1)
        rows = ~np.isnan(size).all(axis=1)
        return np.nanmin(size[rows], axis=1), np.nanmax(size[rows], axis=1)

    @property
    def moves(self) -> bool:
        """Say whether `towards` moves any start: a scale by its neighbours, a slope, one that the formula names."""
        roles = [self.roles[node] for node in self.parameters]
        return any(map(_follows, roles)) or any(said.near is not None for said in self.said.values())

    def towards(self, x: Array, log_y: Array, theta: Array) -> Array:
        """Return starts θ (B, k) with the scales moved to where their surroundings balance, at their own exponents."""
        moved, box = theta.copy(), self.box(x)
        for j, node in enumerate(self.parameters):
            role = self.roles[node]
            if _follows(role) and role.kind == "scale":
                self.evaluator.log_y = log_y
                low, high = self._ends(j, x, moved.copy())
                if len(low) == len(moved):
                    place = np.log(theta[:, j] / box[j, 0]) / np.log(box[j, 1] / box[j, 0])
                    value = low - _REACH + (high - low + 2 * _REACH) * place
                    moved[:, j] = np.clip(np.exp(np.clip(value, -_LARGEST_LOG, _LARGEST_LOG)), *box[j])
            if role.kind == "slope":
                # Slopes may have either sign, and most are far smaller than the steepest.
                moved[:, j] = box[j].mean() + (theta[:, j] - box[j].mean()) ** 3 / (np.ptp(box[j]) / 2) ** 2
            near = self.said.get(str(node.value), Bounds()).near
            if near is not None:
                moved[::_NEAR, j] = np.clip(near, *box[j])
        return moved


def _follows(role: Role) -> bool:
    """Say whether a start of the role has a good value given others, or y."""
    if role.kind == "slope":
        return True
    anchor = role.anchor
    known = anchor is not None and (bool(anchor.parameters) or _of_output(anchor))
    return role.kind == "scale" and role.positive and known


def _scales(node: Node) -> bool:
    """Say whether a parameter scales a node: stands in it as a factor, or in one of its terms."""
    if node.kind == "parameter":
        return True
    if node.kind == "pow":
        return _scales(node.parts[0])
    return node.kind in ("mul", "add") and any(map(_scales, node.parts))


def _of_output(node: Node) -> bool:
    return node.kind == "output" or any(map(_of_output, node.parts))


def _sampled(box: Array, log_spaced: Sequence[bool]) -> Array:
    """Return parameters in the box, (B, k), those without bounds 1."""
    known = np.asarray(np.isfinite(box).all(axis=1))
    unit = sobol(len(box), _SAMPLES, generator(0, "ranges"))
    low, high = np.where(known[:, None], box, 1.0).T
    with np.errstate(all="ignore"):
        geometric = low * (high / low) ** unit
    return np.where(known, np.where(log_spaced, geometric, low + (high - low) * unit), 1.0)
