"""What a higher temperature of training does to networks pruned to a density."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.laws.repeats import mean_interval
from lawbook.results.cases import rows_of_case
from lawbook.results.reader import Results

COLUMNS = ("retrained_error", "error", "barrier", "similarity")

OPTIONS = {
    "density": "the share of the weights that stays",
    "hot": "the higher temperature, such as a learning rate",
    "cold": "the lower one",
    "of": "what is compared: retrained_error, which is meant where it is left out, error, barrier or similarity",
}


def temperature_effect(
    results: Results,
    runs: pd.DataFrame,
    *,
    density: float,
    hot: float,
    cold: float,
    of: str = "retrained_error",
) -> tuple[float, float, float, int]:
    """Compute the mean over repeats of a column at a high temperature less that at a low one, with its t interval.

    Pruned by the first score. Above 0 of an error where the higher temperature does harm at that density. Raises
    LawbookError for runs of several cases, and for a density or a temperature that was not run.
    """
    rows = rows_of_case(results, "pruned", runs)
    if rows.empty:
        return np.nan, np.nan, np.nan, len(runs)
    rows = rows[rows["barrier"].notna()]
    for column, wanted in (("density", [density]), ("temperature", [hot, cold])):
        for value in wanted:
            if not np.isclose(rows[column], value).any():
                known = ", ".join(f"{one:g}" for one in sorted(rows[column].unique()))
                raise LawbookError(f"{column} = {value!r} was not run; write one of {known}")
    rows = rows[np.isclose(rows["density"], density)]
    sides = [rows[np.isclose(rows["temperature"], value)] for value in (hot, cold)]
    means = [side.groupby("repeat")[of].mean() for side in sides]
    return *mean_interval((means[0] - means[1]).dropna()), sum(map(len, sides))


quantity = Quantity(
    temperature_effect,
    of="weight_pruning",
    options=OPTIONS,
    needed=("density", "hot", "cold"),
    values={"of": COLUMNS},
)
