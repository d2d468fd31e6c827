"""Fit a law of a study whose y some runs have by a bound alone, by its likelihood; see `lawbook.laws.survival`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from lawbook.laws.compare import Comparison
from lawbook.laws.fit import Fit
from lawbook.laws.forms import laws as forms
from lawbook.laws.notice import Notice
from lawbook.laws.survival import fit_censored
from lawbook.results.selection import LawBlock
from lawbook.studies.columns_block import bounds_of


def fit_form(
    block: LawBlock, table: pd.DataFrame, keys: Sequence[str], form: str, draws: int, level: float = 0.95
) -> Fit:
    """Fit one form to a row per run: y with its two bounds, the inputs, and `keys`, the independent repeats."""
    return fit_censored(
        table, forms[form], y=block.y, bounds=bounds_of(block.y), x=block.inputs, cluster=keys or None,
        draws=draws, level=level,
    )  # fmt: skip


def fit_forms(
    block: LawBlock,
    table: pd.DataFrame,
    keys: Sequence[str],
    notices: Sequence[Notice],
    draws: int,
    level: float,
) -> Comparison:
    """Fit every form of a block; none is preferred, since held-out scales may have no values to predict.

    notices: what is known of the rows already, which each fit warns of.
    """
    found = {form: fit_form(block, table, keys, form, draws, level) for form in block.compare}
    fits = {form: replace(fitted, warnings=(*notices, *fitted.warnings)) for form, fitted in found.items()}
    scores = pd.DataFrame({"form": list(fits), "heldout_error": np.nan, "heldout_error_power": np.nan})
    return Comparison(scores, "undecided", "forms are not compared where values are censored", fits)


def choices(
    block: LawBlock, table: pd.DataFrame, keys: Sequence[str], draws: int
) -> Iterator[tuple[str, Fit]]:
    """Yield the headline form as fitted, without the smallest or largest of each input, and with or without floor."""
    form = block.compare[0]
    yield "as fitted", fit_form(block, table, keys, form, draws)
    for name, shown in zip(block.inputs, block.inputs if len(block.inputs) > 1 else ("x",), strict=True):
        low, high = table[name].min(), table[name].max()
        if low < high:
            for end, edge in (("smallest", low), ("largest", high)):
                rest = table[table[name] != edge]
                yield f"without {end} {shown}", fit_form(block, rest, keys, form, draws)
    has_floor = forms[form].floor is not None
    partner = form.removesuffix("_floor") if has_floor else f"{form}_floor"
    if partner in forms and partner != form:
        text = "without floor" if has_floor else "with floor"
        yield text, fit_form(block, table, keys, partner, draws)
