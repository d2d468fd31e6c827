"""The exponent of the best size in compute, where sizes and compute are counted by one rule or by two."""

from __future__ import annotations

import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError, suggest
from lawbook.results.reader import Results
from lawbook.results.selection import parse_group
from lawbook.theory.counting_rules import NON_EMBEDDING, RULES

OPTIONS = {
    "surface": "write the value of the law's group, epoch of surface=epoch",
    "count": "non_embedding (the default) or total: what sizes and compute count",
    "compute_count": "what compute counts, where that differs",
    "read": "exact (the default): the best size at each budget; sampled: the best of the sampled sizes",
}


def size_exponent(
    results: Results,
    runs: pd.DataFrame,
    surface: str | None = None,
    count: str = NON_EMBEDDING,
    compute_count: str | None = None,
    read: str = "exact",
) -> tuple[float, float, float, int]:
    """Return the exponent over the budgets of an analysis with its interval; NaN on a surface that is no law.

    Raises LawbookError for a surface that there is not, and where several surfaces are and none is named.
    """
    table = results.table("exponents")
    known = {group: ", ".join(map(str, parse_group(group).values())) for group in table["surface"].unique()}
    if surface is None and len(known) > 1:
        raise LawbookError(f"there are several surfaces; write surface: one of {', '.join(known.values())}")
    if surface is not None and str(surface) not in known.values():
        raise LawbookError(f"surface = {surface!r} is not among the fits; {suggest(surface, known.values())}")
    rows = table if surface is None else table[table["surface"].map(known) == str(surface)]
    rows = rows[rows["size_rule"].isin([count]) & rows["compute_rule"].isin([compute_count or count])]
    if rows.empty:
        return float("nan"), float("nan"), float("nan"), 0
    row = rows.iloc[0]
    names = ("exact", "exact_low", "exact_high") if read == "exact" else ("exponent", "low", "high")
    value, low, high = (float(row[name]) for name in names)
    return value, low, high, int(row["n_runs"])


quantity = Quantity(
    size_exponent,
    of="counting_rules",
    options=OPTIONS,
    values={"count": RULES, "compute_count": RULES, "read": ("sampled", "exact")},
)
