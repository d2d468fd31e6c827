"""Over how much of training normalised learning curves lie closer than the seeds of one size do."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.results.cases import rows_of_case
from lawbook.results.reader import Results


def supercollapse_share(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Return the share of training with Δ < σ, of the case that the runs belong to, with its interval over seeds.

    NaN for one seed, and where the case is refused. Raises LawbookError for runs of several cases.
    """
    rows = rows_of_case(results, "exponents", runs)
    if rows.empty:
        return np.nan, np.nan, np.nan, 0
    row = rows.iloc[0]
    value, low, high = (float(row[f"supercollapse{end}"]) for end in ("", "_low", "_high"))
    return value, low, high, int(row["n_runs"])


quantity = Quantity(supercollapse_share, of="collapse")
