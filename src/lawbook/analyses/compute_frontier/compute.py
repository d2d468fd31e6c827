"""Find the compute-optimal frontier by each method that a study asks for, and lay the exact one beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lawbook.analyses import Inputs
from lawbook.analyses.compute_frontier.block import BAND, OF_TABLES, ComputeFrontierBlock
from lawbook.errors import LawbookError
from lawbook.fitting.exact import exact_curves
from lawbook.laws import fit
from lawbook.laws.forms import laws
from lawbook.laws.frontier import SIX, Frontier, exponent, frontier, rule_of
from lawbook.laws.frontier.cost import Cost, log_budgets, samples_at
from lawbook.laws.frontier.parametric import size_and_samples
from lawbook.laws.frontier.result import EXPONENTS, percentiles, refused
from lawbook.laws.frontier.runs import Runs, at_budgets, runs_of
from lawbook.laws.law import Array
from lawbook.laws.note import Note, notes_to_json, refusal, warning
from lawbook.laws.repeats import independent
from lawbook.results.along import without_lengths
from lawbook.results.evaluations import examples_of, runs_at
from lawbook.results.selection import of_sweep, where
from lawbook.storage.status import RunStatus

NOMINAL = "compute"
"""The axis of the budgets that runs are meant for, which whole steps miss a little."""

_SIZES, _BUDGETS, _DRAWS, _LEVEL = 3, 9, 1000, 0.95
_ROUND_OFF = 1 + 1e-9


def compute(block: ComputeFrontierBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'optima', 'exponents' and 'profiles' of one frontier."""
    results = inputs.results
    return frontier_tables(block, results.runs, results.curves if block.at == "every" else None)


def frontier_tables(
    block: ComputeFrontierBlock, runs: pd.DataFrame, curves: pd.DataFrame | None = None, draws: int = _DRAWS
) -> dict[str, pd.DataFrame]:
    """Return the tables of a frontier from a table of runs, and from their curves if its points lie along them.

    A method that the data do not allow is refused with its reason, and the others stand. Raises LawbookError for
    columns that the runs lack, and for compute that no function of size and samples gives.
    """
    data = _points(block, runs, curves)
    exact_rows = data.with_exact(block)
    found = {method: _found(method, block, data, draws, block.noise) for method in block.methods}
    best = _exact_frontier(block, data, [each.table["compute"] for each in found.values()])
    optima, exponents = [], []
    for method, each in found.items():
        on_exact = None if exact_rows is None else _found(method, block, exact_rows, 1, None)
        known = best.loc[each.table["compute"]]
        optima.append(_optima(method, each, known))
        exponents.append(_exponents(method, each, on_exact, known, data))
    return {
        "optima": pd.concat(optima, ignore_index=True),
        "exponents": pd.concat(exponents, ignore_index=True),
        "profiles": _profiles(block, data, draws),
    }


@dataclass(frozen=True)
class _Points:
    """The rows that all methods read: y at (N, D, C), which rows are independent, and at which budgets to look.

    `nominal` says that the runs were meant for budgets, in the column of that name, and cost `compute` in truth.
    """

    rows: pd.DataFrame
    compute: str
    cluster: list[str] | None
    rule: Cost
    budgets: list[float] | None
    nominal: bool
    notes: tuple[Note, ...]

    def table_of(self, block: ComputeFrontierBlock) -> dict[str, Any]:
        """Return how `runs_of` and `frontier` read the rows."""
        at = {"compute": NOMINAL, "spent": self.compute} if self.nominal else {"compute": self.compute}
        return {"y": block.y, "size": block.n, "flops": self.rule, "cluster": self.cluster, **at}

    def with_exact(self, block: ComputeFrontierBlock) -> _Points | None:
        """Return the points with each row's exact y, which needs no repeats; None where no theory covers them all."""
        if block.exact is None:
            return None
        exact = exact_curves[block.exact](self.rows, block.d, block.y)
        if exact.isna().any():
            return None
        rows = self.rows.assign(**{block.y: exact}).drop_duplicates([block.n, block.d, self.compute])
        return _Points(rows, self.compute, None, self.rule, self.budgets, self.nominal, ())


def _points(block: ComputeFrontierBlock, runs: pd.DataFrame, curves: pd.DataFrame | None) -> _Points:
    rows = where(runs if block.sweep is None else of_sweep(runs, block.sweep), block.where)
    rows = runs_at(rows, curves, block.at, block.first_step)
    late = rows["status"] == RunStatus.UNCONVERGED
    notes: list[Note] = []
    if late.any():
        n = rows["run_id"][late].nunique()
        notes.append(warning("unconverged", f"{n} runs had not converged and are left out", runs=n))
    rows = rows[~late].reset_index(drop=True)
    if block.at == "every" and "schedule" in rows and (rows["schedule"] != "constant").any():
        text = "evaluations under a decaying learning rate are not the losses of runs that end there; read at: last"
        notes.append(warning("decaying_schedule", text))
    if block.d == "samples_seen" and block.d not in rows and {"batch_size", "steps"} <= {*rows}:
        rows[block.d] = examples_of(rows)
    column = block.compute
    if column is None:
        column, rows["counted_flops"] = "counted_flops", SIX * rows[block.n] * rows[block.d]
    for name in (block.y, block.n, block.d, column):
        if name not in rows:
            raise LawbookError(f"the runs have no column {name!r}; name another")
    known = rows.dropna(subset=[block.n, block.d, column])
    if known.empty:
        raise LawbookError(f"no run has {block.n}, {block.d} and {column}; select others with where")
    size, samples, cost = (known[name].to_numpy(dtype=float) for name in (block.n, block.d, column))
    rule = rule_of(size, samples, cost)
    nominal = (
        block.at == "last" and not block.budgets and NOMINAL in rows and bool(rows[NOMINAL].notna().all())
    )
    budgets = sorted(block.budgets) or (_where_sizes_meet(size, cost) if block.at == "every" else None)
    cluster = list(block.cluster) or independent(rows) or None
    return _Points(rows, column, cluster, rule, budgets, nominal, tuple(notes))


def _where_sizes_meet(size: Array, cost: Array) -> list[float]:
    """Return budgets evenly spaced in log C over the range where at least three sizes have losses."""
    ends = pd.DataFrame({"size": size, "cost": cost}).groupby("size")["cost"].agg(["min", "max"])
    if len(ends) < _SIZES:
        raise LawbookError(
            f"the runs have {len(ends)} sizes, and a best one needs {_SIZES} at least; sweep more"
        )
    low, high = ends["min"].nsmallest(_SIZES).iloc[-1], ends["max"].nlargest(_SIZES).iloc[-1]
    if not low < high:
        raise LawbookError("no budget has losses of three sizes; sweep sizes and compute so that they meet")
    return [float(budget) for budget in np.geomspace(low, high, _BUDGETS)]


def _found(
    method: str, block: ComputeFrontierBlock, data: _Points, draws: int, noise: float | None
) -> Frontier:
    """Return the frontier by one method, refused with the reason where the data do not allow it."""
    try:
        if method in OF_TABLES:
            budgets = None if method == "envelope" else data.budgets
            how = {"noise": noise, "draws": draws, "level": _LEVEL, **data.table_of(block)}
            return frontier(data.rows, method=method, budgets=budgets, **how)
        law = laws[method]
        at_size, _ = size_and_samples(law)
        inputs = [block.d, block.d]
        inputs[at_size] = block.n
        points = data.rows
        if block.fitted == "budgets":
            low, high = min(block.budgets) / _ROUND_OFF, max(block.budgets) * _ROUND_OFF
            points = points[points[data.compute].between(low, high)]
        if block.at == "every":
            points = without_lengths(points)
        fitted = fit(points, law, y=block.y, x=inputs, cluster=data.cluster, draws=draws, level=_LEVEL)
        budgets = sorted(data.rows[NOMINAL].unique()) if data.nominal else data.budgets
        return frontier(fitted, budgets=budgets, flops=data.rule)
    except LawbookError as error:
        return refused(method, refusal("not_found", str(error)))


def _exact_frontier(block: ComputeFrontierBlock, data: _Points, budgets: list[pd.Series]) -> pd.DataFrame:
    """Return the exact N*, D* and L* (size, samples, loss) by budget, NaN where no theory says them."""
    compute = np.unique(np.concatenate(budgets)).astype(float)
    size, loss = np.full((2, len(compute)), np.nan)
    told = None if block.exact is None else getattr(exact_curves[block.exact], "frontier", None)
    if told is not None and len(compute):
        size, loss = told(data.rows, block.n, block.y, compute)
    return pd.DataFrame(
        {"size": size, "samples": samples_at(compute, size, data.rule), "loss": loss}, index=compute
    )


def _optima(method: str, found: Frontier, best: pd.DataFrame) -> pd.DataFrame:
    exact = {"size_exact": best["size"].to_numpy(), "loss_exact": best["loss"].to_numpy()}
    inside = found.table[["compute", *BAND]].assign(edge=None, **exact)
    parts = [part for part in (inside, found.edges) if len(part)]
    table = pd.concat(parts, ignore_index=True) if parts else inside
    return table.sort_values("compute", ignore_index=True).assign(method=method)


def _exponents(
    method: str, found: Frontier, on_exact: Frontier | None, best: pd.DataFrame, data: _Points
) -> pd.DataFrame:
    compute = found.table["compute"].to_numpy(dtype=float)
    notes = notes_to_json((*data.notes, *found.notes))
    rows = []
    for quantity in EXPONENTS:
        estimate, true = found.exponents[quantity], best[quantity].to_numpy(dtype=float)
        spread = (
            found.table["spread"].to_numpy(dtype=float) if quantity != "loss" else np.full(len(true), np.nan)
        )
        known = bool(len(true)) and bool(np.isfinite(true).all())
        measured = found.table[quantity].to_numpy(dtype=float)
        rows.append(
            {
                "method": method, "quantity": quantity, "exponent": estimate.value, "low": estimate.low,
                "high": estimate.high, "level": _LEVEL, "interval": estimate.method,
                "compute_low": compute.min() if len(compute) else np.nan,
                "compute_high": compute.max() if len(compute) else np.nan,
                "n_budgets": len(compute), "n_edges": len(found.edges),
                "n_runs": data.rows["run_id"].nunique(),
                "exact": exponent(compute, true, _or_none(spread)).value if known else np.nan,
                "on_exact_losses": np.nan if on_exact is None else on_exact.exponents[quantity].value,
                "factor": float(np.exp(np.mean(np.log(measured / true)))) if known else np.nan,
                "status": found.status, "notes": notes,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _or_none(spread: Array) -> Array | None:
    return spread if np.isfinite(spread).all() else None


def _profiles(block: ComputeFrontierBlock, data: _Points, draws: int) -> pd.DataFrame:
    """Return the mean loss of each size at each budget, with its interval."""
    source = data.table_of(block)
    found: Runs = runs_of(data.rows, noise=block.noise, draws=draws, level=_LEVEL, **source)
    if data.budgets is not None:
        found = at_budgets(found, log_budgets(data.budgets))
    low, high = percentiles(found.draws, found.levels)
    return pd.DataFrame(
        {
            "compute": np.exp(found.log_compute), "size": found.size, "loss": np.exp(found.log_loss),
            "low": np.exp(low), "high": np.exp(high),
        }
    )  # fmt: skip
