"""What a search for symmetries found, in words: products of powers, and what collapses with what."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pandas as pd

from lawbook.analyses.symmetries.block import TABLES, SymmetriesBlock
from lawbook.laws.symmetries import product
from lawbook.results.words import letter

_SMALL = 1e-9


def symbol_of(block: SymmetriesBlock, column: str) -> str:
    """Return how a column is written in products: as the block says, by its Greek letter, or by its name."""
    if column in block.symbols:
        return block.symbols[column]
    known = letter(column)
    if len(known) == 1 and known != "x":
        return known
    return "L" if column == block.y else column


def exponent_of(row: Mapping[Any, Any]) -> Fraction | float:
    """Return the exponent of a row of the table 'exponents': the fraction if it is one, else the number."""
    return Fraction(row["text"]) if isinstance(row["text"], str) else float(row["value"])


def powers_of(exponents: pd.DataFrame, column: str) -> dict[str, Fraction | float]:
    """Return the exponents of a column in each symmetry, by the hyperparameter that frees it; zeros are left out."""
    rows = exponents[exponents["of"] == column].to_dict("records")
    found = {str(row["symmetry"]): exponent_of(row) for row in rows}
    return {name: power for name, power in found.items() if abs(float(power)) > _SMALL}


def group_of(block: SymmetriesBlock, exponents: pd.DataFrame, column: str) -> str:
    """Return the product of powers by which a column enters: itself over what the symmetries give it."""
    powers: list[tuple[str, Fraction | float]] = [(symbol_of(block, column), Fraction(1))]
    powers += [(symbol_of(block, name), -power) for name, power in powers_of(exponents, column).items()]
    return product(powers)


def groups_of(block: SymmetriesBlock, exponents: pd.DataFrame) -> pd.DataFrame:
    """Return the table 'groups': that of each hyperparameter that frees no symmetry, and that of y."""
    pivots = {*exponents["symmetry"]}
    kept = [name for name in (*block.hyperparameters, block.y) if name not in pivots]
    rows = [{"of": name, "group": group_of(block, exponents, name)} for name in kept]
    return pd.DataFrame(rows, columns=list(TABLES["groups"]))


def symmetry_text(block: SymmetriesBlock, exponents: pd.DataFrame, pivot: str) -> str:
    """Return a symmetry as the replacement that it is: s by f·s, η by η/f, … multiplies L by f²."""
    loss, moved, scaled = symbol_of(block, block.y), [], ""
    for row in exponents[exponents["symmetry"] == pivot].to_dict("records"):
        power = exponent_of(row)
        if abs(float(power)) <= _SMALL:
            continue
        name = symbol_of(block, row["of"])
        change = f"{name} → {product([(name, Fraction(1)), ('f', power)])}"
        if row["of"] == block.y:
            scaled = change
        else:
            moved.append(change)
    return f"{', '.join(moved)} gives {scaled or f'the same {loss}'}"


def reduced_of(block: SymmetriesBlock, exponents: pd.DataFrame) -> str:
    """Return y over its own power, L/(s²·κ²)."""
    return group_of(block, exponents, block.y)


def kept_groups(block: SymmetriesBlock, groups: pd.DataFrame) -> list[str]:
    """Return the groups of the hyperparameters, that of y left out."""
    return [str(row["group"]) for row in groups.to_dict("records") if row["of"] != block.y]
