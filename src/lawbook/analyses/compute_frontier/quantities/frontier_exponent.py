"""The exponent of the compute-optimal size, samples or loss in compute, by one method."""

from __future__ import annotations

import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError, suggest
from lawbook.results.reader import Results

OPTIONS = {
    "method": "write the method, as the analysis names it",
    "of": "size (N*, the default), samples (D*) or loss (L*)",
    "less": "`exact`: less the exponent of the exact frontier at the same budgets, by the same weights",
}


def frontier_exponent(
    results: Results, runs: pd.DataFrame, method: str, of: str = "size", less: str | None = None
) -> tuple[float, float, float, int]:
    """Return the exponent b of N*, D* or L* ~ C^b over the budgets of a method, with its interval.

    NaN where the method is refused, or no theory knows what is to be subtracted. Raises LawbookError for a method that
    the analysis does not use, and for another quantity.
    """
    table = results.table("exponents")
    for option, given, column in (("method", method, "method"), ("of", of, "quantity")):
        if given not in set(table[column]):
            problem = f"{option} = {given!r} is not among what was found"
            raise LawbookError(f"{problem}; {suggest(given, table[column])}")
    row = table[(table["method"] == method) & (table["quantity"] == of)].iloc[0]
    taken_off = 0.0 if less is None else float(row["exact"])
    low, value, high = (float(row[name]) - taken_off for name in ("low", "exponent", "high"))
    return value, low, high, int(row["n_runs"])


quantity = Quantity(
    frontier_exponent,
    of="compute_frontier",
    options=OPTIONS,
    needed=("method",),
    values={"less": ("exact",)},
)
