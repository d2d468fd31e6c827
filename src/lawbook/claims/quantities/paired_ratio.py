"""How many times larger a column is in some runs than in others that share their seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.laws.repeats import independent, mean_interval
from lawbook.results.reader import Results
from lawbook.results.selection import where

OPTIONS = {
    "of": "the runs above the line, {axis: value, …}",
    "over": "the runs below it, {axis: value, …}",
}


def paired_ratio(
    results: Results, runs: pd.DataFrame, column: str, of: Mapping[str, Any], over: Mapping[str, Any]
) -> tuple[float, float, float, int]:
    """Compute the mean over seeds of mean(y of the one) / mean(y of the others), with its t interval over seeds.

    The estimate is NaN where a run has no value, or a seed only one of the two: a mean over the others would be biased.
    Raises LawbookError for options that are no selections, and where one selects no run.
    """
    sides = []
    for option, wanted in (("of", of), ("over", over)):
        if not isinstance(wanted, Mapping):
            raise LawbookError(f"{option} = {wanted!r}; write which runs, {{axis: value}}")
        chosen = where(runs, wanted)
        if chosen.empty and len(runs):
            raise LawbookError(f"{option} = {dict(wanted)!r} selects no run; write values that were run")
        keys = [chosen[axis] for axis in independent(runs) or ["run_id"]]
        values = chosen[column].astype(float)
        sides.append(values.groupby(keys, dropna=False).agg(lambda part: part.mean(skipna=False)))
    above, below = sides
    ratios = above / below
    if ratios.isna().any() or not len(ratios):
        return np.nan, np.nan, np.nan, len(runs)
    return *mean_interval(ratios), len(runs)


quantity = Quantity(paired_ratio, of_column=True, options=OPTIONS, needed=("of", "over"))
