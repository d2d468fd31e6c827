"""Fit a law of a study whose y some runs have by a bound alone, by its likelihood; see `lawbook.laws.survival`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError
from lawbook.fitting.groups import Group, rows_of
from lawbook.laws.compare import Comparison
from lawbook.laws.fitted import Fit
from lawbook.laws.forms import laws as forms
from lawbook.laws.survival import fit_censored
from lawbook.results.derived import is_censored
from lawbook.results.selection import LawBlock
from lawbook.storage.status import UNDECIDED
from lawbook.studies.columns_block import bounds_of


def has_censored(block: LawBlock, group: Group, bounded: Collection[str]) -> bool:
    """Tell whether y is a column that runs may have by bounds alone, and some run of the group has it so."""
    return block.y in bounded and bool(is_censored(group.runs, block.y).any())


def fit_forms(block: LawBlock, group: Group, draws: int, level: float) -> Comparison:
    """Fit every form of a block; none is preferred, since held-out scales may have no values to predict."""
    table, keys = rows_of(block, group, block.y, *bounds_of(block.y))
    fits = {}
    for form in block.compare:
        fitted = _fit(block, table, keys, form, draws, level)
        fits[form] = replace(fitted, notes=(*fitted.notes, *group.notes))
    scores = pd.DataFrame({"form": list(fits), "heldout_error": np.nan, "heldout_error_power": np.nan})
    return Comparison(scores, UNDECIDED, "forms are not compared where values are censored", fits)


def censored_choices(block: LawBlock, group: Group, draws: int) -> Iterator[tuple[str, Fit]]:
    """Yield the headline form as fitted, without the smallest or largest of each input, and with or without floor."""
    table, keys = rows_of(block, group, block.y, *bounds_of(block.y))
    form, has_floor = block.compare[0], block.form(block.compare[0]).floor is not None
    with suppress(LawbookError):  # rows that cannot be fitted leave no choice
        yield "as fitted", _fit(block, table, keys, form, draws)
        for name, shown in zip(block.inputs, block.inputs if len(block.inputs) > 1 else ("x",), strict=True):
            low, high = table[name].min(), table[name].max()
            if low < high:
                for end, edge in (("smallest", low), ("largest", high)):
                    rest = table[table[name] != edge]
                    yield f"without {end} {shown}", _fit(block, rest, keys, form, draws)
        partner = form.removesuffix("_floor") if has_floor else f"{form}_floor"
        if partner in forms and partner != form:
            text = "without floor" if has_floor else "with floor"
            yield text, _fit(block, table, keys, partner, draws)


def _fit(
    block: LawBlock, table: pd.DataFrame, keys: Sequence[str], form: str, draws: int, level: float = 0.95
) -> Fit:
    """Fit one form to a row per run: y with its two bounds, the inputs, and `keys`, the independent repeats."""
    return fit_censored(
        table, block.form(form), y=block.y, bounds=bounds_of(block.y), x=block.inputs, cluster=keys or None,
        draws=draws, level=level,
    )  # fmt: skip
