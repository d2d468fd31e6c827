"""The exponent of the best size in compute on one rung of a ladder."""

from __future__ import annotations

import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError, suggest
from lawbook.results.reader import Results


def ladder_exponent(results: Results, runs: pd.DataFrame, rung: str) -> tuple[float, float, float, int]:
    """Return the exponent of N* in C on a rung, with its interval; NaN where the rung is refused.

    Raises LawbookError for a rung that the ladder has not.
    """
    table = results.table("rungs")
    if rung not in set(table["rung"]):
        raise LawbookError(f"the ladder has no rung {rung!r}; {suggest(rung, table['rung'])}")
    row = table[table["rung"] == rung].iloc[0]
    value, low, high = (float(row[name]) for name in ("exponent", "low", "high"))
    return value, low, high, int(row["n_runs"])


OPTIONS = {"rung": "write the rung, as the analysis names it"}

quantity = Quantity(ladder_exponent, of="exponent_ladder", options=OPTIONS, needed=("rung",))
