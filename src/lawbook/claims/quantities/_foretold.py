"""An exponent that an analysis predicts, beside the measured and the exact one, as its table 'exponents' has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError
from lawbook.results.cases import rows_of_case
from lawbook.results.reader import Results


def foretold_exponent(
    results: Results, runs: pd.DataFrame, of: str, less: str | None = None
) -> tuple[float, float, float, int]:
    """Return the exponent `of` of the case that the runs belong to, with its interval; NaN where it is not known.

    less: None; `exact`, less the exact one; or, of `measured`, `predicted`, whose interval is that of two independent
    estimates. Raises LawbookError for runs of several cases, and for another exponent less `predicted`.
    """
    if less == "predicted" and of != "measured":
        raise LawbookError(f"less = {less!r} of {of}; write of: measured, or less: exact")
    rows = rows_of_case(results, "exponents", runs).set_index("quantity")
    if of not in rows.index:
        return np.nan, np.nan, np.nan, len(runs)
    row: Mapping[Any, Any] = rows.loc[of].to_dict()
    value, low, high, exact = (float(row[name]) for name in ("estimate", "low", "high", "exact"))
    if less == "predicted":
        other: Mapping[Any, Any] = rows.loc["predicted"].to_dict()
        value -= float(other["estimate"])
        half = float(np.hypot(high - low, other["high"] - other["low"]) / 2)
        low, high = value - half, value + half
    taken_off = exact if less == "exact" else 0.0
    return value - taken_off, low - taken_off, high - taken_off, int(row["n_runs"])
