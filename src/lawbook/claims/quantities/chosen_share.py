"""How often the law that a comparison prefers is the one that was planted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError, suggest
from lawbook.results.reader import Results

OPTIONS = {"planted": "the form that ought to be preferred in each group of a law, {law: form}"}


def chosen_share(
    results: Results, runs: pd.DataFrame, *, planted: Mapping[str, str]
) -> tuple[float, float, float, int]:
    """Compute the share of the groups of some laws whose preferred form is the planted one, with its binomial interval.

    The preferred form is that of `lawbook.laws.compare`, by the held-out largest x first; undecided ones count as not
    chosen. Raises LawbookError for a law that was not fitted, and for a form that it does not compare.
    Source of the interval: Clopper and Pearson 1934, Biometrika 26:404.
    """
    fits, right = results.fits, []
    for law, form in planted.items():
        rows = fits[fits["law"] == law]
        for what, name, known in (("law", law, fits["law"]), ("form", form, rows["form"])):
            if name not in set(known):
                problem = f"planted names the {what} {name!r}, which was not fitted"
                raise LawbookError(f"{problem}; {suggest(name, [*known.unique()])}")
        right += (rows.groupby("group", dropna=False)["preferred"].first() == form).tolist()
    if not right:
        return np.nan, np.nan, np.nan, 0
    interval = stats.binomtest(sum(right), len(right)).proportion_ci(0.95, method="exact")
    return sum(right) / len(right), float(interval.low), float(interval.high), len(right)


quantity = Quantity(chosen_share, options=OPTIONS, needed=tuple(OPTIONS))
