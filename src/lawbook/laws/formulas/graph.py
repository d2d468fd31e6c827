"""Expressions as a graph in which equal parts are one node: built with simplification, and differentiated exactly.

>>> g = Graph()
>>> N, alpha = g.input(0), g.parameter("alpha")
>>> term = g.power(N, g.negative(alpha))
>>> g.derivative(g.log(term, positive={N}), alpha) is g.negative(g.call("log", N))
True
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

TINY = 1e-250
"""Added to u² in log |u|, so that it and its derivative are finite where u is 0."""


@dataclass(frozen=True, eq=False)
class Node:
    """A number, input or parameter (`value`), the output y, or an operation on other nodes.

    Operations: add, mul, pow, exp, log, tanh, sigmoid, softplus, abs, sign, max, min, above (1 where the first part is
    the larger), log_sum_exp, log_abs (½ log(u² + tiny)), inverse (u / (u² + tiny)).
    """

    kind: str
    value: float | int | str
    parts: tuple[Node, ...]
    parameters: frozenset[Node]
    """The parameters that the node depends on."""
    varies: bool
    """Whether it depends on an input."""


@dataclass
class Graph:
    """The nodes of one formula."""

    nodes: dict[tuple[object, ...], Node] = field(default_factory=dict)

    def node(self, kind: str, value: float | int | str = 0, parts: tuple[Node, ...] = ()) -> Node:
        """Return the one node of this kind, value and parts."""
        key = (kind, value, *map(id, parts))
        found = self.nodes.get(key)
        if found is None:
            below = frozenset[Node]().union(*(part.parameters for part in parts))
            varies = kind in ("input", "output") or any(part.varies for part in parts)
            found = Node(kind, value, parts, below, varies)
            if kind == "parameter":
                object.__setattr__(found, "parameters", frozenset({found}))
            self.nodes[key] = found
        return found

    def number(self, value: float) -> Node:
        """Return a number."""
        return self.node("number", float(value) + 0.0)

    def input(self, column: int) -> Node:
        """Return the input in this column of x."""
        return self.node("input", column)

    def parameter(self, name: str) -> Node:
        """Return a parameter."""
        return self.node("parameter", name)

    def output(self) -> Node:
        """Return y, which only starts are made from."""
        return self.node("output")

    def negative(self, of: Node) -> Node:
        """Return −u."""
        return self.multiply([self.number(-1), of])

    def add(self, parts: Iterable[Node]) -> Node:
        """Return the sum, with sums in it taken apart, numbers added and equal terms counted."""
        total, counts = 0.0, dict[Node, float]()
        for part in self._flat("add", parts):
            if part.kind == "number":
                total += float(part.value)
            else:
                factor, rest = self.factor(part)
                counts[rest] = counts.get(rest, 0.0) + factor
        terms = [self.multiply([self.number(c), part]) for part, c in counts.items() if c != 0]
        if total != 0 or not terms:
            terms.append(self.number(total))
        return terms[0] if len(terms) == 1 else self.node("add", parts=tuple(terms))

    def multiply(self, parts: Iterable[Node]) -> Node:
        """Return the product, with products in it taken apart, numbers multiplied and equal bases' powers added."""
        product, powers = 1.0, dict[Node, list[Node]]()
        for part in self._flat("mul", parts):
            if part.kind == "number":
                product *= float(part.value)
            elif part.kind == "pow":
                powers.setdefault(part.parts[0], []).append(part.parts[1])
            else:
                powers.setdefault(part, []).append(self.number(1))
        factors = [self.power(base, self.add(exponents)) for base, exponents in powers.items()]
        factors = [factor for factor in factors if not (factor.kind == "number" and factor.value == 1)]
        if product == 0:
            return self.number(0)
        if len(factors) == 1 and factors[0].kind == "add" and product == -1:
            return self.add(self.negative(term) for term in factors[0].parts)
        if product != 1 or not factors:
            factors.insert(0, self.number(product))
        return factors[0] if len(factors) == 1 else self.node("mul", parts=tuple(factors))

    def power(self, base: Node, exponent: Node) -> Node:
        """Return base^exponent; quotients go to the factors of their denominator."""
        if exponent.kind == "number":
            e = float(exponent.value)
            if e == 0:
                return self.number(1)
            if e == 1:
                return base
            if (
                base.kind == "number"
                and (float(base.value) > 0 or e == int(e))
                and not (base.value == 0 and e < 0)
            ):
                try:
                    return self.number(float(base.value) ** e)
                except OverflowError:
                    pass
            if base.kind == "mul" and e == int(e):
                return self.multiply(self.power(part, exponent) for part in base.parts)
            if base.kind == "pow" and e == int(e):
                return self.power(base.parts[0], self.multiply([base.parts[1], exponent]))
        return self.node("pow", parts=(base, exponent))

    def call(self, name: str, *parts: Node) -> Node:
        """Return a function of nodes, of numbers the number."""
        if all(part.kind == "number" for part in parts) and name in _OF_NUMBERS:
            try:
                return self.number(_OF_NUMBERS[name](*(float(part.value) for part in parts)))
            except (ValueError, OverflowError):
                pass
        return self.node(name, parts=parts)

    def factor(self, node: Node) -> tuple[float, Node]:
        """Return the number in front of a node, and the rest."""
        if node.kind == "mul" and node.parts[0].kind == "number":
            return float(node.parts[0].value), self.multiply(node.parts[1:])
        return 1.0, node

    def _flat(self, kind: str, parts: Iterable[Node]) -> Iterable[Node]:
        for part in parts:
            yield from part.parts if part.kind == kind else (part,)

    def known_sign(self, node: Node, positive: Collection[Node], strict: bool = False) -> int:
        """Return the sign of a node wherever the `positive` leaves are above 0 and its powers real.

        0 if it may be either; with `strict` also where it may vanish.
        """
        if node.kind == "number":
            return (float(node.value) > 0) - (float(node.value) < 0)
        if node.kind in ("input", "parameter"):
            return int(node in positive)
        if node.kind in ("exp", "sigmoid", "softplus"):
            return 1
        signs = [self.known_sign(part, positive, strict) for part in node.parts]
        if node.kind == "mul":
            return math.prod(signs)
        if node.kind == "pow":
            if not _whole(node.parts[1]):
                return 1
            return (abs(signs[0]) if strict else 1) if _even(node.parts[1]) else signs[0]
        if node.kind == "abs":
            return abs(signs[0]) if strict else 1
        if node.kind == "tanh":
            return signs[0]
        if node.kind in ("add", "min", "max"):
            same = signs[0] if len(set(signs)) == 1 else 0
            return max(same, int(node.kind == "max" and 1 in signs))
        return 0

    def is_positive(self, node: Node, positive: Collection[Node]) -> bool:
        """Say whether a node is above 0 wherever the `positive` leaves are."""
        return self.known_sign(node, positive) > 0

    def log(self, node: Node, positive: Collection[Node]) -> Node:
        """Return log |node| as sums of logarithms where the node is made of products, powers and exponentials."""
        if node.kind == "number":
            return self.number(math.log(max(abs(float(node.value)), TINY)))
        if node.kind == "mul":
            return self.add(self.log(part, positive) for part in node.parts)
        if node.kind == "exp":
            return node.parts[0]
        if node.kind == "sigmoid":
            return self.negative(self.call("softplus", self.negative(node.parts[0])))
        if node.kind == "pow":
            base, exponent = node.parts
            # A power that is not whole is real for a positive base only: elsewhere its logarithm is no number.
            real = _whole(exponent) or self.is_positive(base, positive)
            return self.multiply([exponent, self.log(base, positive) if real else self.call("log", base)])
        if node.kind == "add" and self.is_positive(node, positive):
            return self.node("log_sum_exp", parts=tuple(self.log(part, positive) for part in node.parts))
        return self.call("log" if self.is_positive(node, positive) else "log_abs", node)

    def sign(self, node: Node, positive: Collection[Node]) -> Node:
        """Return the sign of a node, a number where it never changes."""
        if known := self.known_sign(node, positive):
            return self.number(known)
        if node.kind == "mul":
            return self.multiply(self.sign(part, positive) for part in node.parts)
        if node.kind == "pow" and _whole(node.parts[1]):
            return self.sign(node.parts[0], positive)
        return self.call("sign", node)

    def derivative(self, node: Node, by: Node) -> Node:
        """Return d node / d by, a parameter."""
        return self._derivative(node, by, {})

    def _derivative(self, node: Node, by: Node, known: dict[Node, Node]) -> Node:
        if node is by:
            return self.number(1)
        if by not in node.parameters:
            return self.number(0)
        if node not in known:
            slopes = [self._derivative(part, by, known) for part in node.parts]
            known[node] = self.add(
                self.multiply([self._partial(node, k), slope])
                for k, slope in enumerate(slopes)
                if not (slope.kind == "number" and slope.value == 0)
            )
        return known[node]

    def _partial(self, node: Node, k: int) -> Node:
        """Return the derivative of an operation by its k-th part."""
        one, u = self.number(1), node.parts[k]
        if node.kind == "add":
            return one
        if node.kind == "mul":
            return self.multiply(part for j, part in enumerate(node.parts) if j != k)
        if node.kind == "pow":
            base, exponent = node.parts
            if k == 1:
                return self.multiply([node, self.call("log", base)])
            return self.multiply([exponent, self.power(base, self.add([exponent, self.number(-1)]))])
        if node.kind == "tanh":
            return self.add([one, self.negative(self.power(node, self.number(2)))])
        if node.kind == "sigmoid":
            return self.multiply([node, self.add([one, self.negative(node)])])
        if node.kind == "log_sum_exp":
            return self.call("exp", self.add([u, self.negative(node)]))
        if node.kind in ("max", "min"):
            others = self.node(node.kind, parts=tuple(part for j, part in enumerate(node.parts) if j != k))
            return self.node("above", parts=(u, others) if node.kind == "max" else (others, u))
        rules = {"exp": node, "log": self.power(u, self.number(-1)), "softplus": self.call("sigmoid", u),
                 "abs": self.call("sign", u), "log_abs": self.call("inverse", u), "sign": self.number(0)}  # fmt: skip
        return rules[node.kind]


_OF_NUMBERS: dict[str, Callable[..., float]] = {
    "exp": math.exp, "log": math.log, "tanh": math.tanh, "abs": abs, "max": max, "min": min,
    "log_abs": lambda u: 0.5 * math.log(u * u + TINY), "sign": lambda u: float((u > 0) - (u < 0)),
}  # fmt: skip


def _whole(node: Node) -> bool:
    return node.kind == "number" and float(node.value).is_integer()


def _even(node: Node) -> bool:
    return _whole(node) and float(node.value) % 2 == 0
