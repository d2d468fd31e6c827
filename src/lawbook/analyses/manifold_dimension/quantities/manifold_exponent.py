"""The exponent of a loss over the sizes that have converged, alone, over that of a dimension, or less another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError, suggest
from lawbook.results.cases import rows_of_case
from lawbook.results.reader import Results
from lawbook.results.selection import parse_group
from lawbook.results.words import text_of

OPTIONS = {
    "of": "`alpha`, the exponent; `ratio`: over that of the known dimension, α d/4; `dimension`: what it tells, 4/α; "
    "`alpha_all`: over all sizes, converged or not",
    "less": "the case whose exponent is taken off, {axis: value} beside `where`",
}
WHAT = ("alpha", "ratio", "dimension", "alpha_all")


def manifold_exponent(
    results: Results, runs: pd.DataFrame, of: str = "alpha", less: Mapping[str, Any] | None = None
) -> tuple[float, float, float, int, str]:
    """Return what is asked of a case with its interval; of a difference x - y the interval of Zou and Donner (2008).

    Its ends are d ∓ √((x - l_x)² + (u_y - y)²), and with the ends changed: the two cases are independent. NaN with the
    reason where too few sizes have converged. Raises LawbookError for runs of several cases.
    """
    rows = rows_of_case(results, "exponents", runs)
    if rows.empty:
        return np.nan, np.nan, np.nan, len(runs), ""
    value, low, high, n, why = _of(rows.iloc[0], of)
    if less is None:
        return value, low, high, n, why
    case = parse_group(str(rows["case"].iloc[0])) | {axis: text_of(of_axis) for axis, of_axis in less.items()}
    every = results.table("exponents")
    other = every[[parse_group(str(name)) == case for name in every["case"]]]
    if other.empty:
        raise LawbookError(f"there is no case {case}; {suggest(str(case), every['case'])}")
    taken, taken_low, taken_high, more, why_other = _of(other.iloc[0], of)
    difference = value - taken
    below = np.hypot(value - low, taken_high - taken)
    above = np.hypot(high - value, taken - taken_low)
    return difference, difference - below, difference + above, n + more, why or why_other


def _of(row: pd.Series, of: str) -> tuple[float, float, float, int, str]:
    value, low, high = (float(row[f"{of}{end}"]) for end in ("", "_low", "_high"))
    return value, low, high, int(row["n_runs"]), "" if of == "alpha_all" else str(row["reason"] or "")


quantity = Quantity(manifold_exponent, of="manifold_dimension", options=OPTIONS, values={"of": WHAT})
