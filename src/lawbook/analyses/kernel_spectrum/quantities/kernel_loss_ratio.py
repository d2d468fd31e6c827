"""How far the loss at one number of samples is from what a kernel's spectrum foretells."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.results.cases import rows_of_case
from lawbook.results.reader import Results

OPTIONS = {"samples": "the number of samples at which it is told"}


def kernel_loss_ratio(results: Results, runs: pd.DataFrame, samples: int) -> tuple[float, float, float, int]:
    """Return measured / foretold of the case that the runs belong to, its interval that of two independent estimates.

    Raises LawbookError for runs of several cases, and for a number of samples that was not run.
    """
    rows = rows_of_case(results, "curve", runs)
    if rows.empty:
        return np.nan, np.nan, np.nan, len(runs)
    chosen = rows[rows["samples"] == samples]
    if chosen.empty:
        known = ", ".join(str(n) for n in rows["samples"])
        raise LawbookError(f"samples = {samples!r} was not run; write one of {known}")
    row = chosen.iloc[0]
    ratio = float(row["measured"] / row["predicted"])
    own = (row["high"] - row["low"]) / row["measured"]
    half = ratio * float(np.hypot(own, (row["predicted_high"] - row["predicted_low"]) / row["predicted"])) / 2
    return ratio, ratio - half, ratio + half, int(row["n_runs"])


quantity = Quantity(kernel_loss_ratio, of="kernel_spectrum", options=OPTIONS, needed=("samples",))
