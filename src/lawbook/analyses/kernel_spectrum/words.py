"""What is told of one kernel, wherever the study tells of it."""

from __future__ import annotations

import pandas as pd

from lawbook.results.words import measured


def told(exponents: pd.DataFrame, case: str) -> dict[str, str]:
    """Return the exponents of a case in words by quantity; those that are refused are not there."""
    rows = exponents[(exponents["case"] == case) & exponents["estimate"].notna()]
    return {
        row["quantity"]: measured(row["estimate"], row["low"], row["high"]) for row in rows.to_dict("records")
    }
