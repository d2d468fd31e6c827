"""How a law of the learning-rate history predicts a schedule that it was not fitted to."""

from __future__ import annotations

import pandas as pd

from lawbook.analyses.unseen_schedules.compute import LAWS
from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError, suggest
from lawbook.results.reader import Results

MEASURES = {
    "ratio": "the mean absolute error over that of a power law of the steps alone",
    "mae": "the mean absolute error",
    "r2": "R²",
    "last": "the relative error at the last step",
}
OPTIONS = {
    "law": f"{', '.join(LAWS)}; by default multi_power",
    "schedule": "the schedule that is predicted",
    "measure": "; ".join(f"`{name}`: {what}" for name, what in MEASURES.items()) + "; by default ratio",
}


def unseen_schedule_error(
    results: Results, runs: pd.DataFrame, schedule: str = "", law: str = "multi_power", measure: str = "ratio"
) -> tuple[float, float, float, int]:
    """Return a measure of a law's prediction under one schedule, with its t interval over seeds.

    Raises LawbookError for a schedule that none is predicted under.
    """
    table = results.table("judged")
    unseen = table[table["fitted"] == 0]
    if schedule not in (known := sorted(set(unseen["schedule"]))):
        raise LawbookError(f"schedule = {schedule!r} is not known; {suggest(schedule, known)}")
    row = unseen[(unseen["law"] == law) & (unseen["schedule"] == schedule)].iloc[0]
    value, low, high = (float(row[f"{measure}{end}"]) for end in ("", "_low", "_high"))
    return value, low, high, int(row["n_seeds"])


quantity = Quantity(
    unseen_schedule_error,
    of="unseen_schedules",
    options=OPTIONS,
    values={"law": LAWS, "measure": MEASURES},
)
