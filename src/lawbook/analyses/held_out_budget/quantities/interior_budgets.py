"""At how many budgets the best size lies inside the trained ones."""

from __future__ import annotations

import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results


def interior_budgets(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Return how many budgets have a best size inside; from those where its interval is inside, to all that may be.

    Without intervals of the sizes the count has none. A budget on an edge may be one whose best size lies just inside.
    """
    table = results.table("budgets")
    inside = table["edge"].isna()
    if not table.loc[inside, ["size_low", "size_high"]].notna().all(axis=None):
        return float(inside.sum()), float("nan"), float("nan"), int(table["n_runs"].iloc[0])
    surely = inside & (table["size_low"] > table["smallest"]) & (table["size_high"] < table["largest"])
    return float(inside.sum()), float(surely.sum()), float(len(table)), int(table["n_runs"].iloc[0])


quantity = Quantity(interior_budgets, of="held_out_budget")
