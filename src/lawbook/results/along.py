"""Evaluations along runs as points of their own: what of a run's configuration is none of theirs."""

from __future__ import annotations

import pandas as pd

LENGTHS = ("compute", "steps", "epochs")
"""How long a run goes on, which at a constant rate no evaluation before its end depends on."""


def without_lengths(rows: pd.DataFrame) -> pd.DataFrame:
    """Return evaluations at a constant rate without the columns that say how long their runs went on.

    A law of size and samples would be told that its misses hang on these, where sizes end at different compute.
    """
    return rows.drop(columns=[name for name in LENGTHS if name in rows])
