"""From a formula to a law: names resolved, terms found, their logarithms, signs and derivatives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from lawbook.errors import suggest
from lawbook.laws.formulas.evaluation import Evaluator
from lawbook.laws.formulas.graph import Graph, Node
from lawbook.laws.formulas.ranges import Ranges, Roles
from lawbook.laws.formulas.terms import Terms, terms
from lawbook.laws.formulas.text import Bounds, Formula, FormulaError, Tree, parse
from lawbook.laws.law import Array, Law

_INDEXED = "outputs and parameters with an index are not read; fit each group by itself, with --by"
_RESERVED = {"inf", "nan"}
_MOST_PARAMETERS = 40
_FLOORS = np.array([0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99])
"""Heights of a floor, over the lowest y, that starts are made from."""
_MOST_BOUND = 10
"""Most linear parameters that are at least 0: every support of them is tried."""


def formula(
    text: str,
    columns: Sequence[str],
    *,
    name: str = "formula",
    positive: Collection[str] | None = None,
    shift: float = 0.0,
) -> Law:
    """Return the law that a formula says: names of `columns` are inputs, all others parameters.

    `positive` are the columns whose values are all above 0, by default all. A linear parameter is at least 0 where its
    term has one sign and a nonlinear parameter, as A in A*N^-alpha has; a constant likewise where all other terms are
    so; others may have either sign. A definition that the formula does not use is a derived quantity, reported with
    its interval. `shift` is added to what it says. Raises FormulaError, with the place in the text.
    """
    return _Compiler(parse(text), tuple(columns), name, positive).law(shift)


def built(text: str, columns: tuple[str, ...]) -> tuple[Node, tuple[str, ...]]:
    """Return an expression of columns alone, and those that it reads. Raises FormulaError for any other name."""
    compiler = _Compiler(parse(text), columns, "", None)
    root = compiler.build(compiler.written.body, ())
    for name, (_, at) in compiler.parameters.items():
        raise compiler.fail(f"the table has no column {name!r}; {suggest(name, columns)}", at)
    return root, tuple(compiler.inputs)


@dataclass(frozen=True)
class _Linear:
    """The linear parameters: names, what they multiply, fixed signs, and which may have either."""

    names: tuple[str, ...]
    factors: tuple[Node, ...]
    signs: tuple[int, ...]
    free: tuple[bool, ...]
    floor: str | None


class _Compiler:
    def __init__(
        self, written: Formula, columns: tuple[str, ...], name: str, positive: Collection[str] | None
    ) -> None:
        self.written, self.columns, self.name = written, columns, name
        self.graph = Graph()
        self.inputs: dict[str, Node] = {}
        self.parameters: dict[str, tuple[Node, int]] = {}
        self.defined: dict[str, Node] = {}
        self.used: set[str] = set()
        self.positive_columns = set(columns if positive is None else positive)

    def fail(self, problem: str, at: int) -> FormulaError:
        return FormulaError(self.written.text, at, problem)

    def law(self, shift: float) -> Law:
        g, written = self.graph, self.written
        if written.index:
            raise self.fail(f"{written.output}[{written.index}]: {_INDEXED}", 0)
        for name, tree in written.definitions.items():
            if name in self.columns:
                raise self.fail(f"{name} is a column of the table; define another name", tree.at)
        root = self.build(written.body, ())
        self.check(root)
        derived = {
            name: self.build(tree, (name,))
            for name, tree in written.definitions.items()
            if name not in self.used
        }
        for name, node in derived.items():
            unknown = [str(p.value) for p in node.parameters if p not in root.parameters]
            if unknown or node.varies:
                at = written.definitions[name].at
                what = f"the formula has no {unknown[0]}" if unknown else "it depends on a column"
                raise self.fail(f"{name} is not used, and no quantity of the parameters: {what}", at)
        order = [node for node, _ in self.parameters.values() if node in root.parameters]
        inputs = frozenset(node for name, node in self.inputs.items() if name in self.positive_columns)
        found, linear = self.linear(g.add([root, g.number(shift)]), order, inputs, shift)
        roles = Roles(g, inputs)
        for factor in linear.factors:
            roles.see(factor, None)
        if found.rest is not None:
            for part in found.rest.parts if found.rest.kind == "add" else (found.rest,):
                roles.see(g.factor(part)[1], g.output())
        nonlinear = tuple(node for node in order if node not in found.linear)
        evaluator = Evaluator(nonlinear)
        ranges = Ranges(nonlinear, {node: roles.of(node) for node in nonlinear}, written.bounds, evaluator)
        above = inputs | {node for node, log in zip(nonlinear, ranges.log_spaced, strict=True) if log}
        parts = [*linear.factors, *([found.rest] if found.rest is not None else [])]
        logs = [g.log(part, above) for part in parts]
        sides = [g.sign(part, above) for part in parts]
        plain = all(side.kind == "number" and side.value == 1 for side in sides)
        slopes = {
            (j, k): slope
            for j, log in enumerate(logs)
            for k, node in enumerate(nonlinear)
            if (slope := g.derivative(log, node)).kind != "number" or slope.value != 0
        }
        names = tuple(str(node.value) for node in nonlinear)
        return Law(
            name=self.name,
            formula=written.text.strip() if written.output else f"y = {written.text.strip()}",
            source="given as a formula",
            linear=linear.names,
            nonlinear=names,
            exponent=self.exponent(roles, nonlinear, linear),
            log_basis=lambda x, theta: evaluator(logs, x, theta),
            slopes=_slopes(evaluator, slopes),
            box=ranges.box,
            log_spaced=ranges.log_spaced,
            inputs=tuple(self.inputs),
            floor=linear.floor,
            positive_x=set(self.inputs) <= self.positive_columns,
            signs=linear.signs,
            either_sign=linear.free,
            offset=found.rest is not None,
            sides=None if plain else lambda x, theta: evaluator(sides, x, theta),
            centred=all(g.known_sign(part, above, strict=True) for part in parts),
            towards=_towards(ranges, _log_linear(g, logs, linear, nonlinear) if plain else None),
            # Those of one law for all formulas, so that this law written out gives its digits.
            starts="chinchilla",
            shift=shift,
            written=True,
            derived=_derived(derived, order, [*linear.names, *names]),
        )

    def build(self, tree: Tree, within: tuple[str, ...]) -> Node:
        """Return the node of an expression; `within` are the definitions that it stands in."""
        g = self.graph
        if tree.kind == "number":
            return g.number(float(tree.value))
        if tree.kind in ("name", "column"):
            return self.named(tree, within)
        parts = [self.build(part, within) for part in tree.parts]
        if tree.kind == "minus":
            return g.negative(parts[0])
        if tree.kind == "+":
            return g.add(parts)
        if tree.kind == "-":
            return g.add([parts[0], g.negative(parts[1])])
        if tree.kind == "*":
            return g.multiply(parts)
        if tree.kind == "/":
            if parts[1].kind == "number" and parts[1].value == 0:
                raise self.fail("a division by 0", tree.at)
            return g.multiply([parts[0], g.power(parts[1], g.number(-1))])
        if tree.kind == "^":
            return g.power(*parts)
        made = {
            "ln": lambda: g.call("log", parts[0]),
            "log1p": lambda: g.call("log", g.add([g.number(1), parts[0]])),
            "log2": lambda: g.multiply([g.call("log", parts[0]), g.number(1 / np.log(2))]),
            "log10": lambda: g.multiply([g.call("log", parts[0]), g.number(1 / np.log(10))]),
            "sqrt": lambda: g.power(parts[0], g.number(0.5)),
        }
        return made[tree.value]() if tree.value in made else g.call(tree.value, *parts)

    def named(self, tree: Tree, within: tuple[str, ...]) -> Node:
        """Return the node of a name: a definition's, an input or a parameter."""
        name = tree.value
        if name in _RESERVED:
            raise self.fail(f"{name} is no parameter", tree.at)
        if name in self.written.definitions:
            if name in within:
                raise self.fail(f"{name} is defined by itself", tree.at)
            self.used.add(name)
            if name not in self.defined:
                self.defined[name] = self.build(self.written.definitions[name], (*within, name))
            return self.defined[name]
        if tree.index:
            raise self.fail(f"{name}[{tree.index}]: {_INDEXED}", tree.at)
        if name in self.columns:
            if name == self.written.output:
                raise self.fail(f"{name} stands on both sides", tree.at)
            return self.inputs.setdefault(name, self.graph.input(len(self.inputs)))
        if tree.kind == "column":
            raise self.fail(f"the table has no column {name!r}; {suggest(name, self.columns)}", tree.at)
        node, _ = self.parameters.setdefault(name, (self.graph.parameter(name), tree.at))
        return node

    def check(self, root: Node) -> None:
        """Raise FormulaError for a formula that no data can be fitted by."""
        columns = ", ".join(self.columns)
        if not self.inputs:
            for name, (_, at) in self.parameters.items():
                near = get_close_matches(name.lower(), [c.lower() for c in self.columns], n=1, cutoff=0.6)
                if near:
                    meant = next(c for c in self.columns if c.lower() == near[0])
                    raise self.fail(f"no column of the table stands in it; is {name} the column {meant}?", at)
            raise self.fail(f"no column of the table stands in it; columns: {columns}", self.written.body.at)
        if not self.parameters:
            raise self.fail("it has no parameter to fit", self.written.body.at)
        for name, (node, at) in self.parameters.items():
            twin = next((c for c in self.columns if c.lower() == name.lower() and c not in self.inputs), None)
            if twin is not None:
                raise self.fail(f"{name} is no column; the table has {twin}", at)
            if node not in root.parameters:
                raise self.fail(f"{name} cancels out: y does not depend on it", at)
        if len(self.parameters) > _MOST_PARAMETERS:
            at = list(self.parameters.values())[_MOST_PARAMETERS][1]
            raise self.fail(f"{len(self.parameters)} parameters; at most {_MOST_PARAMETERS}", at)
        for name, said in self.written.bounds.items():
            if name not in self.parameters:
                known = ", ".join(self.parameters)
                what = "a column" if name in self.columns else "not in the formula"
                raise self.fail(f"bounds of {name}, which is {what}; its parameters: {known}", said.at)

    def linear(
        self, root: Node, order: Sequence[Node], inputs: frozenset[Node], shift: float
    ) -> tuple[Terms, _Linear]:
        """Return the terms of the formula, and of its linear parameters what they multiply and which sign they have."""
        g, bounds = self.graph, self.written.bounds
        ends = {node: bounds.get(str(node.value), Bounds()) for node in order}
        apart = [
            node
            for node, said in ends.items()
            if np.isfinite(said.low + said.high)
            or (said.low not in (0, -np.inf))
            or said.high not in (0, np.inf)
        ]
        found = terms(g, root, order, apart)
        above = inputs | frozenset(order)
        signs = {node: g.known_sign(factor, above) for node, factor in found.linear.items()}
        bound = {node: bool(signs[node]) and bool(factor.parameters) for node, factor in found.linear.items()}
        for node in found.linear:
            said = ends[node]
            if said.high == 0:
                name = str(node.value)
                raise self.fail(f"{name} is at most 0; write - {name}*… and {name} in [0, inf]", said.at)
            if said.low == 0:
                bound[node], signs[node] = True, signs[node] or 1
            elif str(node.value) in bounds and said.near is None:
                bound[node] = False
        constants = [node for node, factor in found.linear.items() if factor.kind == "number"]
        for node in constants:
            if str(node.value) not in bounds:
                # The limit of a y that may be negative may be so, too.
                others = (bound[other] for other in found.linear if other not in constants)
                bound[node] = not shift and signs[node] > 0 and all(others)
        if sum(bound.values()) > _MOST_BOUND:
            bound = dict.fromkeys(bound, False)
        flipped = [-1 if bound[node] and signs[node] < 0 else 1 for node in found.linear]
        factors = tuple(
            g.multiply([g.number(sign), factor])
            if bound[node] and g.known_sign(factor, above) < 0
            else factor
            for (node, factor), sign in zip(found.linear.items(), flipped, strict=True)
        )
        floor = next(
            (
                str(node.value)
                for node in constants
                if bound[node] and signs[node] > 0 and len(found.linear) > 1
            ),
            None,
        )
        return found, _Linear(
            tuple(str(node.value) for node in found.linear),
            factors,
            tuple(flipped),
            tuple(not bound[node] for node in found.linear),
            floor,
        )

    def exponent(self, roles: Roles, nonlinear: Sequence[Node], linear: _Linear) -> str:
        """Return the parameter that the law is known for: the first exponent, else slope, else what is no floor."""
        by_kind = [
            str(node.value)
            for kind in ("exponent", "slope", "scale")
            for node in nonlinear
            if roles.of(node).kind == kind
        ]
        others = [
            name for name in (*linear.names, *(str(node.value) for node in nonlinear)) if name != linear.floor
        ]
        return [*by_kind, *others, *linear.names][0]


def _slopes(
    evaluator: Evaluator, slopes: dict[tuple[int, int], Node]
) -> Callable[[Array, Array], dict[tuple[int, int], Array]]:
    keys, nodes = list(slopes), list(slopes.values())
    return lambda x, theta: dict(zip(keys, evaluator(nodes, x, theta), strict=True))


@dataclass(frozen=True)
class _LogLinear:
    """A law of one product, y = [E +] exp(rest + Σ θ_k factor_k): the θ_k that its logarithm is linear in."""

    found: Terms
    coefficient: bool
    """Whether a linear parameter multiplies the product."""
    floor: bool


def _log_linear(
    g: Graph, logs: Sequence[Node], linear: _Linear, nonlinear: Sequence[Node]
) -> _LogLinear | None:
    """Return the product that a law consists of besides a constant, None if it is another."""
    varied = [j for j, log in enumerate(logs) if log.parameters or log.varies]
    if len(varied) != 1 or len(logs) > 2:
        return None
    found = terms(g, logs[varied[0]], nonlinear)
    return _LogLinear(found, varied[0] < len(linear.names), len(logs) > 1) if found.linear else None


def _towards(ranges: Ranges, law: _LogLinear | None) -> Callable[[Array, Array, Array], Array] | None:
    """Return what moves starts: scales to their neighbours, and of one product all that its logarithm is linear in."""
    if law is None:
        return ranges.towards if ranges.moves else None
    evaluator = Evaluator(ranges.parameters)
    nodes = [*law.found.linear.values(), *([law.found.rest] if law.found.rest else [])]
    at = [ranges.parameters.index(node) for node in law.found.linear]

    def towards(x: Array, log_y: Array, theta: Array) -> Array:
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

    return towards


def _derived(
    nodes: dict[str, Node], order: Sequence[Node], names: Sequence[str]
) -> dict[str, Callable[[Array, Array], Array]]:
    """Return the derived quantities as functions of parameters (..., p) in the order of `names`."""
    at = [list(names).index(str(node.value)) for node in order]

    def of(node: Node) -> Callable[[Array, Array], Array]:
        evaluator = Evaluator(order)

        def value(parameters: Array, centre: Array) -> Array:
            flat = parameters[..., at].reshape(-1, len(at))
            found = evaluator([node], np.empty((1, 0)), flat)[0]
            return np.broadcast_to(found, (len(flat), 1)).reshape(parameters.shape[:-1])

        return value

    return {name: of(node) for name, node in nodes.items()}
