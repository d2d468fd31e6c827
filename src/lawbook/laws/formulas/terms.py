"""A formula as a sum of terms: which parameters multiply a term each, all at once, and what they multiply."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lawbook.laws.formulas.graph import Graph, Node


@dataclass(frozen=True)
class Terms:
    """y = Σ_j c_j φ_j + rest: the linear parameters c_j with what they multiply, and the rest, if there is one."""

    linear: dict[Node, Node]
    rest: Node | None


def terms(graph: Graph, root: Node, parameters: Sequence[Node], apart: Collection[Node] = ()) -> Terms:
    """Return a formula's terms, with as many parameters linear as can be together, those of `apart` not.

    Of several choices that one whose parameters stand first. Parameters that multiply the same are not told apart
    by any data: they stay, and the fit says so.
    """
    alone = [p for p in parameters if p not in apart and split(graph, root, {p}) is not None]
    together = {
        (p, q) for i, p in enumerate(alone) for q in alone[i + 1 :] if split(graph, root, {p, q}) is not None
    }

    def largest(chosen: list[Node], left: list[Node], best: list[Node]) -> list[Node]:
        if len(chosen) > len(best):
            best = chosen
        for i, p in enumerate(left):
            if len(chosen) + len(left) - i <= len(best):
                break
            best = largest([*chosen, p], [q for q in left[i + 1 :] if (p, q) in together], best)
        return best

    found = split(graph, root, set(largest([], alone, []))) or {}
    rest = found.pop(None, None)
    return Terms({p: found[p] for p in parameters if p in found}, rest)


def split(graph: Graph, node: Node, linear: Collection[Node]) -> dict[Node | None, Node] | None:
    """Return what each of some parameters multiplies in a node, and under None the rest; None if it is not linear."""
    if not node.parameters & frozenset(linear):
        return {None: node}
    if node in linear:
        return {node: graph.number(1)}
    if node.kind == "add":
        sums: dict[Node | None, list[Node]] = {}
        for part in node.parts:
            found = split(graph, part, linear)
            if found is None:
                return None
            for name, factor in found.items():
                sums.setdefault(name, []).append(factor)
        return {name: graph.add(factors) for name, factors in sums.items()}
    if node.kind == "mul":
        inside = [part for part in node.parts if part.parameters & frozenset(linear)]
        found = split(graph, inside[0], linear) if len(inside) == 1 else None
        if found is None:
            return None
        others = [part for part in node.parts if part is not inside[0]]
        return {name: graph.multiply([*others, factor]) for name, factor in found.items()}
    return None
