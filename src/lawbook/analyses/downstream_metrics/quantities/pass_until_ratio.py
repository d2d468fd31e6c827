"""What an estimator of the probability to pass says, as a ratio to it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.analyses.downstream_metrics.words import ratio_to_truth
from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.results.reader import Results

ESTIMATORS = ("pass_until", "passes_by_samples")
OPTIONS = {
    "estimator": "`pass_until`, (r - 1)/(n - 1), or `passes_by_samples`, r/n",
    "share": "the planted share; left out for the runs themselves, all of them",
}


def pass_until_ratio(
    results: Results, runs: pd.DataFrame, estimator: str, share: float | None = None
) -> tuple[float, float, float, int]:
    """Return the ratio of the estimator's mean to the truth, with its 95 % interval over draws, or over runs.

    NaN where no answers are followed. Raises LawbookError for a share not planted.
    """
    if share is not None:
        planted = results.table("estimators")
        rows = planted[(planted["estimator"] == estimator) & np.isclose(planted["share"], share, rtol=1e-9)]
        if rows.empty:
            told = ", ".join(f"{one:g}" for one in planted["share"].unique())
            raise LawbookError(f"share = {share!r} is not planted; write one of {told}")
        row = rows.iloc[0]
        return float(row["ratio"]), float(row["low"]), float(row["high"]), int(row["n_draws"])
    values = results.table("values")
    n = int((values["metric"] == estimator).sum())
    return (*ratio_to_truth(values, estimator), n) if n else (np.nan, np.nan, np.nan, len(runs))


quantity = Quantity(
    pass_until_ratio,
    of="downstream_metrics",
    options=OPTIONS,
    needed=("estimator",),
    values={"estimator": ESTIMATORS},
)
