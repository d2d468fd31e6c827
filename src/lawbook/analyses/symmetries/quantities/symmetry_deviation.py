"""How far rescaled curves are from being one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results


def symmetry_deviation(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Return the largest |ratio − 1| of a rescaled curve to the mean of those that it is to be one with.

    It is the worst of all steps and runs, each of them known to rounding: its interval is itself. NaN without a sweep
    of rescaled runs whose groups agree.
    """
    row = results.table("summary").iloc[0]
    worst = float(row["deviation"])
    n_runs = 0 if np.isnan(worst) else int(row["n_rescaled"])
    return worst, worst, worst, n_runs


quantity = Quantity(symmetry_deviation, of="symmetries")
