"""Follow a column of runs to the limit of small rates, at equal times, and hold it against the flow's first order."""

from __future__ import annotations

from typing import Any, Protocol, cast

import numpy as np
import pandas as pd

from lawbook.analyses import Inputs
from lawbook.analyses.rate_limit.block import RATE, TABLES, RateLimitBlock
from lawbook.errors import LawbookError
from lawbook.fitting.exact import exact_curves
from lawbook.laws.law import Array
from lawbook.laws.repeats import mean_interval
from lawbook.results.cases import cases
from lawbook.results.selection import of_sweep, where
from lawbook.results.words import number
from lawbook.storage.status import RunStatus

_UNKNOWN = (np.nan, np.nan, np.nan)


class FirstOrder(Protocol):
    """What an exact curve offers besides for a limit of small rates: the method `first_order`."""

    def first_order(self, runs: pd.DataFrame, y: str) -> tuple[Array, Array]:
        """Compute y of the flow at T = η · steps of each run, and c₁ of y = y₀ + η c₁: (m,) each, NaN if unknown."""


def compute(block: RateLimitBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'rates' and 'limits'."""
    return limit_tables(block, inputs.results.runs)


def limit_tables(block: RateLimitBlock, runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the tables of a table of runs.

    Raises LawbookError for columns that the runs lack, for runs that diverged, and for a theory without first order.
    """
    rows = where(of_sweep(runs, block.sweep), block.where)
    for name in (block.y, *block.by):
        if name not in rows:
            raise LawbookError(f"the runs have no column {name!r}; name another")
    if lost := int((rows["status"] != RunStatus.OK).sum()):
        raise LawbookError(f"{lost} runs did not end, and a limit needs them all; sweep smaller rates")
    # Times are equal up to rounding of products.
    rows = rows.assign(time=[float(f"{t:.9g}") for t in rows[RATE].astype(float) * rows["steps"]])
    rates, limits = [], []
    for case, part in cases(rows, block.by):
        for time, alike in part.groupby("time"):
            if alike[RATE].nunique() < 3:
                at = f"at η · steps = {number(float(str(time)))}"
                raise LawbookError(f"{at} there are fewer than three rates; choose steps = time / η")
            of_rates, limit = _limit(block, alike)
            named = {"case": case, "time": float(str(time))}
            rates += [named | row for row in of_rates]
            limits.append(named | limit)
    found = {"rates": rates, "limits": limits}
    return {name: pd.DataFrame(found[name], columns=list(columns)) for name, columns in TABLES.items()}


def _limit(block: RateLimitBlock, rows: pd.DataFrame) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the rows of the rates, the smallest first, and that of the limit, at one time."""
    table = rows.pivot_table(index="seed", columns=RATE, values=block.y, aggfunc="mean").dropna()
    rates, each = table.columns.to_numpy(dtype=float), table.to_numpy(dtype=float)  # (r,), (seeds, r)
    one = rows.drop_duplicates(RATE).sort_values(RATE)
    exact = np.full(len(rates), np.nan)
    if block.exact is not None:
        exact = exact_curves[block.exact](one, RATE, block.y).to_numpy(dtype=float)
    flow = first = np.nan
    if block.flow is not None:
        flows, firsts = _theory(block.flow).first_order(one, block.y)
        flow, first = float(flows[0]), float(firsts[0])
    gaps, exact_gaps = (each - flow) / (rates * first), (exact - flow) / (rates * first)
    steps = np.diff(each, axis=1)
    of_rates = []
    for j, rate in enumerate(rates):
        step = mean_interval(steps[:, j - 1]) if j else _UNKNOWN
        row: dict[str, Any] = {"rate": rate, "exact": exact[j], "exact_gap": exact_gaps[j]}
        for name, found in (
            ("y", mean_interval(each[:, j])),
            ("gap", mean_interval(gaps[:, j])),
            ("step", step),
        ):
            row |= _named(name, found)
        of_rates.append(row)
    row = {
        "n_rates": len(rates), "n_runs": rows["run_id"].nunique(), "flow": flow, "first_order": first,
        "exact_richardson": float(_extrapolated(rates, exact_gaps)),
    }  # fmt: skip
    row |= _named("richardson", mean_interval(_extrapolated(rates, gaps)))
    halved = np.allclose(rates[1:3] / rates[:2], 2, rtol=1e-6)
    row |= _named("halving", mean_interval(steps[:, 1] / steps[:, 0]) if halved else _UNKNOWN)
    return of_rates, row


def _named(name: str, found: tuple[float, float, float]) -> dict[str, float]:
    """Return an estimate and the ends of its interval, by column."""
    named = {name: found[0], f"{name}_low": found[1], f"{name}_high": found[2]}
    return {
        "low" if key == "y_low" else "high" if key == "y_high" else key: value for key, value in named.items()
    }


def _extrapolated(rates: Array, values: Array) -> Array:
    """Return what is linear in the rate through the two smallest ones, at 0; of values (..., r)."""
    return np.asarray((rates[1] * values[..., 0] - rates[0] * values[..., 1]) / (rates[1] - rates[0]))


def _theory(name: str) -> FirstOrder:
    theory = exact_curves[name]
    if not hasattr(theory, "first_order"):
        raise LawbookError(
            f"flow: the exact curve {name!r} tells no first order; name one that has first_order"
        )
    return cast(FirstOrder, theory)
