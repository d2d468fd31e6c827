"""Fit the exponent of a loss over the sizes that have converged, and tell the dimension by it and by estimates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lawbook.analyses import Inputs
from lawbook.analyses.manifold_dimension.block import TABLES, ManifoldDimensionBlock
from lawbook.errors import LawbookError, suggest
from lawbook.laws import fit
from lawbook.laws.repeats import independent, mean_interval
from lawbook.results.cases import cases
from lawbook.results.selection import of_sweep, where
from lawbook.results.words import number
from lawbook.storage.status import FitStatus, RunStatus

FEWEST = 4
"""Converged sizes below which no exponent is told."""

_UNKNOWN = (np.nan, np.nan, np.nan)


def compute(block: ManifoldDimensionBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'cells', 'exponents' and 'estimates'."""
    return dimension_tables(block, inputs.results.runs)


def dimension_tables(block: ManifoldDimensionBlock, runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the tables of a table of runs.

    Raises LawbookError for columns that the runs lack, for runs that did not end, and for a known dimension that
    differs within a case.
    """
    rows = where(of_sweep(runs, block.sweep), block.where)
    for name in (block.y, block.x, *block.by, *block.estimates, *([block.known] if block.known else [])):
        if name not in rows:
            raise LawbookError(f"the runs have no column {name!r}; {suggest(name, map(str, rows.columns))}")
    if lost := int((rows["status"] != RunStatus.OK).sum()):
        raise LawbookError(f"{lost} runs did not end, and their sizes cannot be told to have converged")
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for case, part in cases(rows, block.by):
        known = _known(block, case, part)
        cells = [_cell(block, float(str(x)), of_size) for x, of_size in part.groupby(block.x)]
        found["cells"] += [{"case": case, **cell} for cell in cells]
        found["exponents"].append({"case": case, "known": known, **_exponent(block, part, cells, known)})
        of_largest = _longest(part[part[block.x] == part[block.x].max()])
        for column in block.estimates:
            estimate = _named("estimate", mean_interval(_by_repeat(of_largest, column).to_numpy()))
            estimate = {name.replace("estimate_", ""): value for name, value in estimate.items()}
            row = {"case": case, "column": column, "known": known, **estimate, "n_runs": len(of_largest)}
            found["estimates"].append({**row, "biased": bool(estimate["estimate"] > block.trusted)})
    return {name: pd.DataFrame(found[name], columns=list(columns)) for name, columns in TABLES.items()}


def _known(block: ManifoldDimensionBlock, case: str, rows: pd.DataFrame) -> float:
    if block.known is None:
        return np.nan
    values = rows[block.known].dropna().unique()
    if len(values) != 1:
        told = ", ".join(number(value) for value in values) or "none"
        raise LawbookError(
            f"{block.known} has several values, or none, in the case {case!r}: {told}; part it by `by`"
        )
    return float(values[0])


def _longest(rows: pd.DataFrame) -> pd.DataFrame:
    longest: pd.DataFrame = rows.loc[rows["steps"] == rows["steps"].max()]
    return longest


def _by_repeat(rows: pd.DataFrame, column: str) -> pd.Series:
    """Return the mean of a column of each independent repeat."""
    keys = independent(rows)
    return rows.groupby(keys)[column].mean() if keys else rows.set_index("run_id")[column]


def _cell(block: ManifoldDimensionBlock, x: float, rows: pd.DataFrame) -> dict[str, Any]:
    """Return the row of one size: y after the most steps, and by how much it fell since half of them."""
    last = _longest(rows)
    steps = int(last["steps"].iloc[0])
    y = _by_repeat(last, block.y)
    before = rows[rows["steps"] * 2 == steps]
    cell: dict[str, Any] = {"x": x, "steps": steps, "n_runs": len(last), "half": np.nan, "converged": None}
    change = _UNKNOWN
    if len(before):
        half = _by_repeat(before, block.y)
        pairs = pd.concat([half, y], axis=1, join="inner").to_numpy(dtype=float)
        # 1 - y/half falls as the logarithm of y/half rises: its ends change places.
        log, low, high = mean_interval(np.log(pairs[:, 1] / pairs[:, 0]))
        change = (-np.expm1(log), -np.expm1(high), -np.expm1(low))
        cell |= {"half": float(half.mean()), "converged": bool(abs(change[0]) <= block.converged_within)}
    named = _named("y", mean_interval(y.to_numpy()))
    return {
        **cell,
        "y": named["y"],
        "low": named["y_low"],
        "high": named["y_high"],
        **_named("change", change),
    }


def _exponent(
    block: ManifoldDimensionBlock, rows: pd.DataFrame, cells: list[dict[str, Any]], known: float
) -> dict[str, Any]:
    """Return the exponent of a case over its converged sizes, and over all."""
    good = [cell["x"] for cell in cells if cell["converged"]]
    # Each size after its own most steps.
    longest = pd.concat([_longest(part) for _, part in rows.groupby(block.x)])
    alpha, reason = _fitted(block, longest[longest[block.x].isin(good)], len(good))
    of_all, _ = _fitted(block, longest, len(cells))
    value, low, high = alpha
    with np.errstate(divide="ignore"):
        dimension = tuple(block.numerator / np.array([value, high, low]))
    if not low > 0:  # the data allow that the loss does not fall, and then any dimension
        dimension = (dimension[0], dimension[1], np.nan)
    return {
        "sizes": len(cells), "converged": len(good), "n_runs": len(longest), "reason": reason,
        "x_low": min(good, default=np.nan), "x_high": max(good, default=np.nan),
        **_named("alpha", alpha), **_named("alpha_all", of_all), **_named("dimension", dimension),
        **_named("ratio", (value * known / block.numerator, low * known / block.numerator,
                           high * known / block.numerator)),
    }  # fmt: skip


def _fitted(
    block: ManifoldDimensionBlock, rows: pd.DataFrame, sizes: int
) -> tuple[tuple[float, float, float], str]:
    """Return α of y ~ x^-α with its interval, or why there is none."""
    if sizes < FEWEST:
        return _UNKNOWN, f"{sizes} sizes have converged, and an exponent needs {FEWEST}"
    found = fit(rows, "power", y=block.y, x=block.x, cluster=independent(rows) or None, draws=200)
    if found.status == FitStatus.REFUSED:
        return _UNKNOWN, found.reason
    estimate = found.estimates["alpha"]
    return (estimate.value, estimate.low, estimate.high), ""


def _named(name: str, found: tuple[float, float, float]) -> dict[str, float]:
    """Return an estimate and the ends of its interval, by column."""
    return dict(zip((name, f"{name}_low", f"{name}_high"), map(float, found), strict=True))
