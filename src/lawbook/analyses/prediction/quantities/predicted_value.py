"""What the best candidate laws predict together at a target."""

from __future__ import annotations

import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.results.reader import Results
from lawbook.storage.status import FitStatus

OPTIONS = {"target": "which target, where there are several: 1 is the first, the default"}


def predicted_value(
    results: Results, runs: pd.DataFrame, target: int = 1
) -> tuple[float, float, float, int, str]:
    """Return the prediction at a target with its interval, and why it decides nothing where the laws disagree.

    Raises LawbookError for a target that there is not.
    """
    table = results.table("predictions")
    rows = table[table["target"] == target]
    if rows.empty:
        raise LawbookError(f"target = {target!r}: there are {len(table)}, numbered from 1; name one of these")
    row = rows.iloc[0]
    value, low, high = (float(row[name]) for name in ("estimate", "low", "high"))
    flaw = "" if row["status"] == FitStatus.OK else f"the prediction is {row['status']}: {row['reason']}"
    return value, low, high, int(row["n_runs"]), flaw


quantity = Quantity(predicted_value, of="prediction", options=OPTIONS)
