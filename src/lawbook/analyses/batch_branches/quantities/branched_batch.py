"""The critical batch size of branches at a step, or its exponent in the examples seen."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.results.cases import rows_of_case
from lawbook.results.reader import Results

OPTIONS = {
    "step": "Step of branching, where there are several",
    "of": "`exponent`: of the critical batch size in the examples seen, over all steps",
}


def branched_batch(
    results: Results, runs: pd.DataFrame, step: int | None = None, of: str | None = None
) -> tuple[float, float, float, int]:
    """Return it with its bootstrap interval over seeds; NaN where no branch that was tried rises by the tolerance.

    Raises LawbookError for a step that no branch leaves at, and for runs of several cases.
    """
    rows = rows_of_case(results, "growth" if of == "exponent" else "critical", runs)
    if of != "exponent":
        rows = rows if step is None else rows[rows["growth_step"] == step]
        if len(rows) != 1:
            known = ", ".join(map(str, sorted(results.table("critical")["growth_step"].unique())))
            raise LawbookError(f"step = {step}: branches leave at {known}; write one of these")
    row = rows.iloc[0]
    if of != "exponent" and row["beyond"]:
        return np.nan, np.nan, np.nan, int(row["n_runs"])
    value = "exponent" if of == "exponent" else "critical_batch"
    return float(row[value]), float(row["low"]), float(row["high"]), int(row["n_runs"])


quantity = Quantity(branched_batch, of="batch_branches", options=OPTIONS, values={"of": ("exponent",)})
