"""How the methods of predicting a held-out budget are called in figure, report and claims."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lawbook.analyses.held_out_budget.block import LAST, POWER, SURFACE

METHOD_NAMES = {
    SURFACE: "fitted surface of N and D",
    POWER: "power law of L* in C",
    LAST: "the budget before",
}


def rows_by(table: pd.DataFrame, column: str) -> dict[str, dict[Any, Any]]:
    """Return the row for each value of a column that tells rows apart."""
    return {str(row[column]): row for row in table.to_dict("records")}
