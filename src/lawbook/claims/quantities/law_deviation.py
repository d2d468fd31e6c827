"""How far a fitted law lies from runs, those that it was fitted to or others: its mean relative deviation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError, suggest
from lawbook.laws.forms import laws
from lawbook.laws.law import Law
from lawbook.laws.note import notes_from_json, reason_of
from lawbook.laws.repeats import independent, mean_interval
from lawbook.results.reader import Results
from lawbook.results.selection import in_group, parse_group

OPTIONS = {
    "law": "a law of the study, by its name",
    "form": "one of its forms, by default the first",
}

_LEVELS = (0.025, 0.975)


def law_deviation(
    results: Results, runs: pd.DataFrame, law: str, form: str | None = None
) -> tuple[float, float, float, int, str]:
    """Return the mean over runs of |ŷ/y - 1|, ŷ the law at each run's place, within its range or beyond it.

    The ends are the outer ones of two intervals: that of the mean over repeats, and that over the refits of the law. A
    law that is refused, since it does not fit, has a deviation, too; NaN with the reason where it has no estimates.
    Raises LawbookError for a law or a form that was not fitted, and for runs of several groups of it.
    """
    fits = results.fits
    if law not in set(fits["law"]):
        raise LawbookError(f"law {law!r} was not fitted; {suggest(law, fits['law'].unique())}")
    rows = fits[fits["law"] == law]
    rows = rows[rows["form"] == (form or rows["form"].iloc[0])]
    if rows.empty or rows["form"].iloc[0] not in laws:
        raise LawbookError(f"form {form!r} is none of the laws' forms that {law} compares; name one of these")
    group = _group(rows, runs)
    rows = rows[rows["group"] == group]
    chosen, about = laws[str(rows["form"].iloc[0])], rows.iloc[0]
    parameters = (
        rows.set_index("parameter")["estimate"].reindex(list(chosen.parameters)).to_numpy(dtype=float)
    )
    if not np.isfinite(parameters).all():
        why = f"the fit has no estimates: {reason_of(notes_from_json(about['notes']))}"
        return np.nan, np.nan, np.nan, len(runs), why
    places = runs[str(about["x"]).split(", ")].to_numpy(dtype=float)
    y = runs[str(about["y"])].to_numpy(dtype=float)
    each = _deviations(chosen, places, parameters[None], y)[0]
    keys = independent(runs)
    repeats = pd.Series(each, index=runs.index).groupby([runs[key] for key in keys]).mean() if keys else each
    value, low, high = mean_interval(np.asarray(repeats))
    refits = _refits(results, law, str(about["form"]), group, chosen)
    if len(refits):
        ends = np.quantile(_deviations(chosen, places, refits, y).mean(axis=1), _LEVELS)
        low, high = np.fmin(low, ends[0]), np.fmax(high, ends[1])
    return value, float(low), float(high), len(runs), ""


def _group(rows: pd.DataFrame, runs: pd.DataFrame) -> str:
    """Return the group of a law that the runs belong to. Raises LawbookError where they belong to several."""
    groups = list(rows["group"].unique())
    axes = {axis: runs[axis].unique() for axis in parse_group(groups[0])}
    if several := [axis for axis, values in axes.items() if len(values) != 1]:
        raise LawbookError(
            f"the runs are of several groups of the law, or of none; write {several[0]} under where"
        )
    wanted = {axis: values[0] for axis, values in axes.items()}
    return next((str(name) for name in groups if in_group(str(name), wanted)), "")


def _refits(results: Results, law: str, form: str, group: str, chosen: Law) -> np.ndarray:
    """Return the parameters of the law's refits, (draws, p)."""
    draws = results.table("draws")
    draws = draws[(draws["law"] == law) & (draws["form"] == form) & (draws["group"] == group)]
    if draws.empty:
        return np.zeros((0, len(chosen.parameters)))
    table = draws.pivot_table(index="draw", columns="parameter", values="value")
    return table[list(chosen.parameters)].to_numpy(dtype=float)


def _deviations(law: Law, places: np.ndarray, parameters: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return |ŷ/y - 1| at places (n, d) for parameters (B, p), (B, n)."""
    predicted = np.exp(law.log_predict(places, parameters)) - law.shift
    return np.asarray(np.abs(predicted / y - 1))


quantity = Quantity(law_deviation, options=OPTIONS, needed=("law",))
