"""From a formula to a law: names resolved, terms found, their logarithms, signs and derivatives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from lawbook.errors import suggest
from lawbook.laws.formulas.evaluation import Evaluator
from lawbook.laws.formulas.graph import Graph, Node
from lawbook.laws.formulas.indexed import Wide
from lawbook.laws.formulas.ranges import Ranges, Roles
from lawbook.laws.formulas.starts import log_linear, towards
from lawbook.laws.formulas.terms import Terms, terms
from lawbook.laws.formulas.text import Bounds, Formula, FormulaError, Tree, parse
from lawbook.laws.index import Index
from lawbook.laws.law import Array, Law

_RESERVED = {"inf", "nan"}
_MOST_PARAMETERS = 40
_MOST_BOUND = 10
"""Most linear parameters that are at least 0: every support of them is tried."""


def formula(
    text: str,
    columns: Sequence[str],
    *,
    name: str = "formula",
    positive: Collection[str] | None = None,
    shift: float = 0.0,
    values: Callable[[str], Sequence[str]] | None = None,
) -> Law:
    """Return the law that a formula says: names of `columns` are inputs, all others parameters.

    `positive` are the columns whose values are all above 0, by default all. A linear parameter is at least 0 where its
    term has one sign and a nonlinear parameter, as A in A*N^-alpha has; a constant likewise where all other terms are
    so; others may have either sign. A definition that the formula does not use is a derived quantity, reported with
    its interval. `shift` is added to what it says. A parameter with an index, E[domain], has a copy for each value of
    that column, which `values` gives; without it one, and the law is none that could be fitted. The index is the law's
    last input. Raises FormulaError, with the place in the text.

    >>> formula("E[domain] + A*N^-alpha", ["N", "domain"], values=lambda _: ["code", "web"]).parameters
    ('E[code]', 'E[web]', 'A', 'alpha')
    """
    return _Compiler(parse(text), tuple(columns), name, positive).law(shift, values)


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
        self.index = ""
        self.own: set[str] = set()
        """The parameters that have the index."""
        self.positive_columns = set(columns if positive is None else positive)

    def fail(self, problem: str, at: int) -> FormulaError:
        return FormulaError(self.written.text, at, problem)

    def law(self, shift: float, values: Callable[[str], Sequence[str]] | None) -> Law:
        g, written = self.graph, self.written
        for name, tree in written.definitions.items():
            if name in self.columns:
                raise self.fail(f"{name} is a column of the table; define another name", tree.at)
        root = self.build(written.body, ())
        self.check(root)
        self.check_index()
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
        index = Index(self.index, tuple(values(self.index)) if values else ()) if self.index else None
        law = Law(
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
            inputs=(*self.inputs, *([self.index] if self.index else [])),
            floor=linear.floor,
            positive_x=set(self.inputs) <= self.positive_columns,
            signs=linear.signs,
            either_sign=linear.free,
            offset=found.rest is not None,
            sides=None if plain else lambda x, theta: evaluator(sides, x, theta),
            centred=all(g.known_sign(part, above, strict=True) for part in parts),
            towards=towards(ranges, log_linear(g, logs, len(linear.names), nonlinear) if plain else None),
            # Those of one law for all formulas, so that this law written out gives its digits.
            starts="chinchilla",
            shift=shift,
            written=True,
            index=index,
            derived=_derived(derived, order, [*linear.names, *names]),
        )
        if index is None or not index.values:
            return law
        own = {
            name for name, node in derived.items() if self.own & {str(each.value) for each in node.parameters}
        }
        wide = Wide(law, frozenset(self.own | own), nonlinear)
        of_all = wide.evaluator()
        return wide.over_values(
            lambda x, theta: of_all(logs, x, theta),
            _slopes(of_all, slopes),
            None if plain else lambda x, theta: of_all(sides, x, theta),
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
        if tree.index:
            self.see_index(tree.index, tree.index_at)
        if name in self.written.definitions:
            if name in within:
                raise self.fail(f"{name} is defined by itself", tree.at)
            self.used.add(name)
            if name not in self.defined:
                self.defined[name] = self.build(self.written.definitions[name], (*within, name))
            return self.defined[name]
        if name in self.columns:
            if tree.index:
                raise self.fail(f"{name} is a column; an index is for parameters", tree.at)
            if name == self.written.output:
                raise self.fail(f"{name} stands on both sides", tree.at)
            return self.inputs.setdefault(name, self.graph.input(len(self.inputs)))
        if tree.kind == "column":
            raise self.fail(f"the table has no column {name!r}; {suggest(name, self.columns)}", tree.at)
        if name in self.parameters and (name in self.own) != bool(tree.index):
            raise self.fail(
                f"{name} stands with an index and without one; name one of them otherwise", tree.at
            )
        if tree.index:
            self.own.add(name)
        node, _ = self.parameters.setdefault(name, (self.graph.parameter(name), tree.at))
        return node

    def see_index(self, column: str, at: int) -> None:
        """Note the index that stands in brackets. Raises FormulaError unless it is a column, and the only one."""
        if column not in self.columns:
            raise self.fail(
                f"the table has no column {column!r} to be an index; {suggest(column, self.columns)}", at
            )
        if self.index not in ("", column):
            raise self.fail(f"a second index, {column}, beside {self.index}; a formula has one", at)
        self.index = column

    def check_index(self) -> None:
        """Raise FormulaError for an index of y, or of an item, that no parameter has, and for one that is an input."""
        written = self.written
        said = {written.output: (written.index, written.index_at)} if written.index else {}
        for name, (column, at) in (said | written.said).items():
            self.see_index(column, at)
            if not self.own:
                raise self.fail(
                    f"no parameter has the index {column}; write E[{column}] for one that differs from value to value",
                    at,
                )
            if name in written.bounds and name not in self.own:
                raise self.fail(f"{name} has no index in the formula", at)
        if self.index in self.inputs:
            raise self.fail(f"{self.index} is the index, and stands as a number, too", 0)

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
        # One that all values of an index share says more of the law than that of one value.
        shared = sorted(nonlinear, key=lambda node: str(node.value) in self.own)
        by_kind = [
            str(node.value)
            for kind in ("exponent", "slope", "scale")
            for node in shared
            if roles.of(node).kind == kind
        ]
        others = [
            name for name in (*linear.names, *(str(node.value) for node in shared)) if name != linear.floor
        ]
        return [*by_kind, *others, *linear.names][0]


def _slopes(
    evaluator: Evaluator, slopes: dict[tuple[int, int], Node]
) -> Callable[[Array, Array], dict[tuple[int, int], Array]]:
    keys, nodes = list(slopes), list(slopes.values())
    return lambda x, theta: dict(zip(keys, evaluator(nodes, x, theta), strict=True))


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
