"""What parts normalised learning curves over what parts seeds, late in training."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.results.cases import rows_of_case
from lawbook.results.reader import Results

OPTIONS = {"share": "the share x of training, between 0.05 and 0.95; by default 0.8"}


def collapse_ratio(
    results: Results, runs: pd.DataFrame, share: float = 0.8
) -> tuple[float, float, float, int]:
    """Return Δ(x) / σ(x) of the case that the runs belong to, with its bootstrap interval over seeds.

    Below 1 is supercollapse. NaN for one seed, and where the case is refused. Raises LawbookError for runs of several
    cases, and for a share that is not told.
    """
    rows = rows_of_case(results, "deviations", runs)
    if rows.empty:
        return np.nan, np.nan, np.nan, len(runs)
    near = rows[np.isclose(rows["share"], share)]
    if near.empty:
        raise LawbookError(f"share = {share!r} is not told; write a multiple of 0.05 between 0 and 1")
    row = near.iloc[0]
    n_runs = int(rows_of_case(results, "exponents", runs)["n_runs"].iloc[0])
    return float(row["ratio"]), float(row["ratio_low"]), float(row["ratio_high"]), n_runs


quantity = Quantity(collapse_ratio, of="collapse", options=OPTIONS)
