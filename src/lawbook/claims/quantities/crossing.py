"""Where the power law of some runs falls below that of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.laws import fit
from lawbook.laws.crossing import crossing as crossing_of
from lawbook.laws.repeats import independent
from lawbook.results.reader import Results
from lawbook.results.selection import where
from lawbook.results.words import conditions, number
from lawbook.storage.status import FitStatus

OPTIONS = {
    "x": "the column over which the two laws are fitted",
    "below": "the runs whose law is the lower one beyond the crossing, {axis: value}",
    "above": "the runs whose law is the higher one there",
}


def crossing(
    results: Results,
    runs: pd.DataFrame,
    column: str,
    *,
    x: str,
    below: Mapping[str, Any],
    above: Mapping[str, Any],
) -> tuple[float, float, float, int, str]:
    """Return the x from which one power law of a column lies below another, with Fieller's interval.

    Each is fitted to the runs that its conditions leave. Undecided, with the reason, where a law is refused, where the
    exponents are not told apart, and where it is the other law that falls below. Raises LawbookError where no runs are
    left, or no column is named x.
    """
    if x not in runs:
        raise LawbookError(f"x = {x!r} is no column of the runs; name one, such as samples")
    sides = {name: where(runs, side) for name, side in (("below", below), ("above", above))}
    n, fits = sum(map(len, sides.values())), {}
    for name, side in (("below", below), ("above", above)):
        rows = sides[name]
        if rows.empty:
            raise LawbookError(f"no runs have {conditions(side)}; mend the option {name}")
        fits[name] = fit(rows, "power", y=column, x=x, cluster=independent(rows) or None, draws=20)
        if fits[name].status == FitStatus.REFUSED:
            why = f"no power law stands at {conditions(side)}: {fits[name].reason}"
            return np.nan, np.nan, np.nan, n, why
    found = crossing_of(fits["below"], fits["above"])
    why = ""
    if not found.resolved:
        t, needed = number(found.t), number(found.needed)
        why = f"no crossing is resolved: t = {t} of the exponents' difference, and {needed} is needed"
    elif not found.first_below:
        why = f"from there on it is the law at {conditions(above)} that lies below"
    return found.x, found.low, found.high, n, why


quantity = Quantity(crossing, of_column=True, options=OPTIONS, needed=tuple(OPTIONS))
