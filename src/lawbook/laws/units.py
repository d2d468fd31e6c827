"""Do the numbers of a table agree in what they count: one unit, and one rule of counting parameters and compute."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lawbook.errors import listed
from lawbook.laws.law import Array, Flags
from lawbook.laws.names import ROLES, bare
from lawbook.laws.note import Note, warning

_JUMP = 2.5
"""Decades without a single x that look like two units: a thousand, with room for a spread of the rest."""
_STANDS_OUT = 3.0
"""Such a jump must be so many times as wide as the next widest."""
_ONE_RULE = 0.02
"""Decades (5 %) from which on a step in C/(6 N D) is a change of the rule and no rounding."""
_STEP = 5.0
"""Such a step must be so many times as wide as what C/(6 N D) spans on either side of it."""
_TURNS = 3
"""So often C/(6 N D) goes up and down again with size where models counted by one rule lie between those of another."""


def unit_notes(table: pd.DataFrame, inputs: Sequence[str], x: Array) -> list[Note]:
    """Return warnings of rows that seem to be in another unit, or counted by another rule, than the rest.

    x: (rows, d), all finite. Signs: one jump of 2.5 decades in an input, thrice as wide as any other; a compute
    column that is not proportional to N D in some rows, by 2.5 decades or by a step between two groups of rows.
    """
    found = _jumps(table, inputs, x)
    columns = {role: [c for c in table.columns if bare(c) in names] for role, names in ROLES.items()}
    known = all(len(names) == 1 for names in columns.values())
    if not known or found or not {columns["N"][0], columns["D"][0]} <= set(inputs):
        return found
    n, d, c = (names[0] for names in columns.values())
    N, D, C = (pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float) for name in (n, d, c))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log10(C / (N * D))
    usable = np.isfinite(ratio)
    if not usable.any():
        return found
    usual = np.sort(ratio[usable])[usable.sum() // 2]
    off = usable & (np.abs(ratio - usual) >= _JUMP)
    if off.any():
        rows = table.index[off].tolist()
        others = listed(f"{value:.3g}" for value in 10 ** ratio[off])
        text = (
            f"{c} / ({n} {d}) is {10**usual:.3g} in most rows, and {others} in rows {listed(rows)}: one of"
            " the three is in another unit there; write one unit throughout"
        )
        return [warning("mixed_units", text, rows=rows, column=c)]
    few = _other_rule(ratio, usable)
    few = few if few.any() else _between_models(np.log10(N), ratio - np.log10(6), usable)
    if few.any():
        rows = table.index[few].tolist()
        most, other = (float(10 ** np.median(ratio[part])) / 6 for part in (usable & ~few, few))
        text = (
            f"{c} / (6 {n} {d}) is about {most:.3g} in most rows, and about {other:.3g} in rows {listed(rows)}:"
            f" {n} or {c} is counted by two rules (with and without embeddings, or the head?); count all by one, or"
            " keep those of one rule"
        )
        found.append(warning("mixed_counting", text, rows=rows, ratios=[most, other]))
    return found


def _jumps(table: pd.DataFrame, inputs: Sequence[str], x: Array) -> list[Note]:
    """Return warnings of a jump in an input that looks like two units."""
    found = []
    for j, name in enumerate(inputs):
        distinct = np.unique(x[:, j])
        if len(distinct) < 4 or distinct[0] <= 0:
            continue
        gaps = np.diff(np.log10(distinct))
        at = int(np.argmax(gaps))
        if gaps[at] < _JUMP or gaps[at] < _STANDS_OUT * np.sort(gaps)[-2]:
            continue
        low = x[:, j] <= distinct[at]
        few = low if low.sum() <= (~low).sum() else ~low
        rows = table.index[few].tolist()
        text = (
            f"{name} jumps from {distinct[at]:g} to {distinct[at + 1]:g} with nothing between: rows {listed(rows)}"
            " seem to be in another unit; write one unit throughout"
        )
        found.append(warning("mixed_units", text, rows=rows, column=name))
    return found


def _other_rule(ratio: Array, usable: Flags) -> Flags:
    """Return which rows count by the rule of the fewer, none where log10 C/(N D) makes no clear step."""
    values = np.sort(ratio[usable])
    none = np.zeros(len(ratio), dtype=bool)
    if len(values) < 4:
        return none
    gaps = np.diff(values)
    at = int(np.argmax(gaps))
    below, above = values[: at + 1], values[at + 1 :]
    if min(len(below), len(above)) < 2 or gaps[at] < max(
        _ONE_RULE, _STEP * max(np.ptp(below), np.ptp(above))
    ):
        return none
    low = usable & (ratio <= values[at])
    return np.asarray(low if len(below) <= len(above) else usable & ~low)


def _between_models(log_size: Array, off: Array, usable: Flags) -> Flags:
    """Return which rows are not counted as C = 6 N D where others between them in size are, none where none are.

    off: log10 C/(6 N D). Of models without their embeddings, say, it falls with size, and shows no step; but by one
    rule it goes one way.
    """
    none = np.zeros(len(off), dtype=bool)
    sizes, at = np.unique(np.round(log_size[usable], 3), return_inverse=True)
    if len(sizes) < 4:
        return none
    each = np.array([np.median(off[usable][at == i]) for i in range(len(sizes))])
    steps = np.diff(each)
    turns = (steps[1:] * steps[:-1] < 0) & (np.minimum(np.abs(steps[1:]), np.abs(steps[:-1])) > _ONE_RULE)
    six = usable & (np.abs(off) < _ONE_RULE)
    if turns.sum() < _TURNS or not six.any() or not (usable & ~six).any():
        return none
    other = usable & ~six
    return np.asarray(six if six.sum() < other.sum() else other)
