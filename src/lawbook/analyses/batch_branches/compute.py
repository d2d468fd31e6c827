"""Find how far branches lie above the run that goes on as it was, and the critical batch size of each step."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.analyses import Inputs
from lawbook.analyses.batch_branches.block import GROWTH, STEP, BatchBranchesBlock
from lawbook.errors import LawbookError
from lawbook.laws.critical_batch import largest_growth
from lawbook.laws.law import Array
from lawbook.laws.repeats import mean_interval
from lawbook.results.cases import cases
from lawbook.results.evaluations import examples_of
from lawbook.results.selection import of_sweep, where
from lawbook.seeds import generator

_DRAWS, _LEVELS = 1000, (0.025, 0.975)


def compute(block: BatchBranchesBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'branches', 'critical' and 'growth' of one set of branches."""
    return branch_tables(block, inputs.results.runs)


def branch_tables(
    block: BatchBranchesBlock, runs: pd.DataFrame, draws: int = _DRAWS
) -> dict[str, pd.DataFrame]:
    """Return the tables of a table of runs.

    A branch that diverged rises without end. Raises LawbookError where a seed has no run that goes on as it was.
    """
    rows = where(of_sweep(runs, block.sweep), block.where)
    if block.y not in rows:
        raise LawbookError(f"the runs have no column {block.y!r}; name another")
    branches: list[dict[str, object]] = []
    critical: list[dict[str, object]] = []
    growth: list[dict[str, object]] = []
    for case, part in cases(rows.assign(examples=examples_of(rows)), block.by):
        found: dict[int, Array] = {}
        for _, ending in part.groupby("examples"):
            told, row, draws_of = _at_one_step(case, ending, block, draws)
            branches += told
            critical.append(row)
            found[int(str(row["samples"]))] = draws_of
        growth.append({"case": case, **_exponent(found), "n_steps": len(found), "n_runs": len(part)})
    return {
        "branches": pd.DataFrame(branches), "critical": pd.DataFrame(critical), "growth": pd.DataFrame(growth),
    }  # fmt: skip


def _at_one_step(
    case: str, rows: pd.DataFrame, block: BatchBranchesBlock, draws: int
) -> tuple[list[dict[str, object]], dict[str, object], Array]:
    """Return the rows of the branches of one step, its critical batch size, and that of it and of each resample."""
    wide = rows.pivot_table(index="seed", columns=GROWTH, values=block.y, dropna=False).sort_index(axis=1)
    if 1 not in wide or wide[1].isna().any():
        raise LawbookError(
            f"seeds lack the run whose batches did not grow; its {block.y} is what branches lie above"
        )
    growths, losses = wide.columns.to_numpy(dtype=float), wide.fillna(np.inf).to_numpy(dtype=float)
    rises = losses - losses[:, :1]
    n = len(rises)
    # The same seeds for every step: branches share the run that they leave.
    picks = generator(0, "branches").integers(0, n, (draws if n > 1 else 0, n))
    means = np.stack([rises.mean(axis=0), *rises[picks].mean(axis=1)])
    (step,) = rows.loc[rows[GROWTH] > 1, STEP].unique()
    size = int(rows["batch_size"].iloc[0])
    known = {"case": case, "growth_step": int(step), "samples": int(step) * size}
    told = []
    for k, times in enumerate(growths):
        value, low, high = (
            mean_interval(rises[:, k]) if np.isfinite(rises[:, k]).all() else (np.inf, np.nan, np.nan)
        )
        told.append(
            {
                **known, "growth": int(times), "batch_size": int(times) * size, "y": losses[:, k].mean(), "rise": value,
                "low": low, "high": high, "n_seeds": n,
            }
        )  # fmt: skip
    found = size * largest_growth(growths, means, block.tolerance)
    low, high = _quantiles(found[1:])
    beyond, most = bool(np.isinf(found[0])), size * growths[-1]
    row = {
        **known, "y": losses[:, 0].mean(), "critical_batch": most if beyond else found[0],
        "low": min(low, most) if n > 1 else np.nan, "high": np.nan if np.isinf(high) else high, "beyond": beyond,
        "n_seeds": n, "n_runs": len(rows),
    }  # fmt: skip
    return told, row, found


def _exponent(found: dict[int, Array]) -> dict[str, float]:
    """Return the slope of the log of the critical batch size in that of the examples seen, over three steps or more."""
    logs = np.log(np.stack([*found.values()], axis=1))
    if len(found) < 3 or np.isinf(logs[0]).any():
        return {"exponent": np.nan, "low": np.nan, "high": np.nan}
    at = np.log(np.array([*found], dtype=float))
    at -= at.mean()
    with np.errstate(invalid="ignore"):
        slopes = logs @ at / (at @ at)
    low, high = _quantiles(np.where(np.isfinite(slopes[1:]), slopes[1:], np.inf))
    return {"exponent": slopes[0], "low": low, "high": np.nan if np.isinf(high) else high}


def _quantiles(draws: Array) -> tuple[float, float]:
    """Return two percentiles of draws of which some may be infinite; NaN without draws."""
    if not len(draws):
        return np.nan, np.nan
    low, high = (float(np.quantile(draws, level, method="inverted_cdf")) for level in _LEVELS)
    return low, high
