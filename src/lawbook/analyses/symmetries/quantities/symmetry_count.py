"""How many scaling symmetries a loss has."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results
from lawbook.storage.status import FitStatus


def symmetry_count(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Return the number of symmetries, with the least and greatest that the errors of the derivatives allow.

    NaN where the search is refused.
    """
    row = results.table("summary").iloc[0]
    if row["status"] != FitStatus.OK:
        return np.nan, np.nan, np.nan, int(row["n_runs"])
    return float(row["symmetries"]), float(row["low"]), float(row["high"]), int(row["n_runs"])


quantity = Quantity(symmetry_count, of="symmetries")
