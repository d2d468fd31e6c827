"""How counting rules and windows are called in figures, report and answer."""

from __future__ import annotations

from lawbook.results.selection import parse_group
from lawbook.results.words import plain
from lawbook.theory.counting_rules import NON_EMBEDDING, TOTAL

COUNTED = {NON_EMBEDDING: "without embeddings", TOTAL: "all parameters"}

WHOLE, LOWER, UPPER = "whole", "lower half", "upper half"
LESS_LOW, LESS_HIGH = "without the lowest decade", "without the highest decade"


def pair_name(size_rule: str, compute_rule: str) -> str:
    """Return what a pair of rules counts.

    >>> pair_name("total", "total"), pair_name("non_embedding", "total")
    ('all parameters', 'size without embeddings, compute of all parameters')
    """
    if size_rule == compute_rule:
        return COUNTED[size_rule]
    sizes, compute = (COUNTED[rule].replace("all", "of all") for rule in (size_rule, compute_rule))
    return f"size {sizes}, compute {compute}"


def surface_name(surface: str) -> str:
    """Return what a surface, a group of the law, is called.

    >>> surface_name("surface=epoch"), surface_name("")
    ('epoch', 'the fitted surface')
    """
    return plain(", ".join(parse_group(surface).values())) or "the fitted surface"
