"""A parameter of the law of the error in the parameters that remain."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.results.cases import rows_of_case
from lawbook.results.reader import Results
from lawbook.results.words import plain
from lawbook.storage.status import FitStatus

OPTIONS = {
    "temperature": "the temperature of training at which the law was fitted",
    "parameter": "the parameter of the law; its exponent, alpha, where it is left out",
}


def remaining_exponent(
    results: Results, runs: pd.DataFrame, *, temperature: float, parameter: str = "alpha"
) -> tuple[float, float, float, int, str]:
    """Return a parameter of the law of the error after retraining in what remains, with its interval.

    Undecided, with the reason, where the law is refused. Raises LawbookError for runs of several cases, for a
    temperature that was not run, and for a parameter that the law does not have.
    """
    rows = rows_of_case(results, "fits", runs)
    if rows.empty:
        return np.nan, np.nan, np.nan, len(runs), ""
    rows = rows[np.isclose(rows["temperature"], temperature)]
    if rows.empty:
        raise LawbookError(f"temperature = {temperature!r} was not run; write one of the sweep's")
    found = rows[rows["parameter"] == parameter]
    if found.empty:
        raise LawbookError(
            f"the law has no parameter {parameter!r}; write one of {', '.join(rows['parameter'])}"
        )
    row = found.iloc[0]
    why = "" if row["status"] == FitStatus.OK else f"the fit is {plain(row['status'])}: {row['reason']}"
    return float(row["estimate"]), float(row["low"]), float(row["high"]), int(row["n_runs"]), why


quantity = Quantity(remaining_exponent, of="weight_pruning", options=OPTIONS, needed=("temperature",))
