"""How well a law predicts one schedule from the others: R² and the mean absolute error of y, at every row of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, suggest
from lawbook.laws.checks import check_columns, check_inputs
from lawbook.laws.fit import fit
from lawbook.laws.fitted import Fit
from lawbook.laws.forms import laws
from lawbook.laws.law import Law
from lawbook.laws.schedules import read_schedules


@dataclass(frozen=True)
class HeldSchedule:
    """A law fitted without one schedule: `table` has its rows' inputs, y and estimate; R² and mean |y − ŷ| of these.

    Both are NaN where the fit has no estimates."""

    fit: Fit
    schedule: str
    table: pd.DataFrame
    r2: float
    mae: float


def hold_out_schedule(
    table: pd.DataFrame, law: str | Law, schedule: object, *, y: str, x: Sequence[str], **options: Any
) -> HeldSchedule:
    """Return how well a law of schedules, fitted to all others, predicts the one of this name.

    Its rows without y tell its history alone; other arguments and errors as in `lawbook.laws.fit`. Raises LawbookError
    for a law that reads no schedule, and for a name that no row has.
    """
    form = laws[law] if isinstance(law, str) else law
    inputs = tuple(x)
    check_inputs(form, inputs)
    if not form.coupled:
        raise LawbookError(
            f"{form.name} reads no schedule, so that none can be held out; name largest scales"
        )
    check_columns(table, [y, *inputs])
    named = (table[inputs[0]].astype(str) == str(schedule)).to_numpy()
    if not named.any():
        known = suggest(schedule, table[inputs[0]].dropna().astype(str))
        raise LawbookError(f"no row has the schedule {schedule!r}; {known}")
    read, (bound,), _ = read_schedules(table.assign(_held=named), [form], y, inputs)
    held = read["_held"].to_numpy(dtype=bool)
    rows = read[held].drop(columns="_held")
    if len(rows) < 2:
        raise LawbookError(
            f"the schedule {schedule!r} has {len(rows)} rows with a {y}; two are needed to judge by"
        )
    fitted = fit(read[~held].drop(columns="_held"), bound, y=y, x=inputs, **options)
    estimate = np.exp(bound.log_predict(rows[list(inputs)].to_numpy(dtype=float), fitted.parameters))
    seen = rows[y].to_numpy(dtype=float)
    away = seen - estimate
    r2 = 1 - float(np.sum(away**2)) / float(np.sum((seen - seen.mean()) ** 2))
    told = rows[[*inputs, y]].assign(estimate=estimate)
    return HeldSchedule(fitted, str(schedule), told, r2, float(np.mean(np.abs(away))))
