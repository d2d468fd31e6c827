"""Predict the least loss at the largest budget from the smaller ones, and lay beside it what was measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lawbook.analyses import Inputs
from lawbook.analyses.held_out_budget.block import LAST, METHODS, POWER, SURFACE, HeldOutBudgetBlock
from lawbook.analyses.held_out_budget.text import bits_per_nat
from lawbook.errors import LawbookError
from lawbook.laws import fit
from lawbook.laws.fitted import Fit
from lawbook.laws.forms import laws
from lawbook.laws.frontier import rule_of
from lawbook.laws.frontier.cost import log_budgets
from lawbook.laws.frontier.isoflop import akima_minimum, isoflop
from lawbook.laws.frontier.parametric import parametric, size_and_samples
from lawbook.laws.frontier.result import Optima, percentiles
from lawbook.laws.frontier.runs import Runs, at_budgets, runs_of
from lawbook.laws.law import Array
from lawbook.laws.note import notes_to_json
from lawbook.laws.repeats import independent, mean_interval
from lawbook.results.along import without_lengths
from lawbook.results.evaluations import runs_at
from lawbook.results.selection import of_sweep, where
from lawbook.storage.status import FitStatus, RunStatus

_DRAWS, _LEVEL = 1000, 0.95
_D, _C = "samples_seen", "flops"
_ROUND_OFF = 1 + 1e-9


def compute(block: HeldOutBudgetBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'budgets', 'predictions' and 'surfaces' of the runs of a sweep."""
    results = inputs.results
    chosen = where(of_sweep(results.runs, block.sweep), block.where)
    rows = runs_at(chosen, results.curves, "every", block.first_step)
    rows = without_lengths(rows[rows["status"] != RunStatus.UNCONVERGED].reset_index(drop=True))
    used = set(rows["run_id"])
    factor = bits_per_nat([run.config for run in inputs.plan.runs if run.run_id in used])
    return budget_tables(block, rows, factor)


def budget_tables(
    block: HeldOutBudgetBlock, rows: pd.DataFrame, bits: float = np.nan, draws: int = _DRAWS
) -> dict[str, pd.DataFrame]:
    """Return the tables from a row per evaluation; `bits` turns a loss into bits per byte.

    Raises LawbookError where fewer than three sizes have losses at a budget.
    """
    cluster = independent(rows) or None
    runs = runs_of(rows, y=block.y, size=block.n, compute=_C, cluster=cluster, draws=draws, level=_LEVEL)
    losses = at_budgets(runs, log_budgets(block.budgets))
    optima = isoflop(losses, akima_minimum)
    n_runs = rows["run_id"].nunique()
    fits = {}
    for part, last in (("all", np.inf), (SURFACE, block.budgets[-2])):
        inside = rows[(rows[_C] * _ROUND_OFF >= block.budgets[0]) & (rows[_C] <= last * _ROUND_OFF)]
        fits[part] = _Surface.fitted(block, inside, cluster, draws)
    return {
        "budgets": _budgets(losses, optima, bits).assign(n_runs=n_runs),
        "predictions": _predictions(block, rows, optima, fits[SURFACE]).assign(n_runs=n_runs, level=_LEVEL),
        "surfaces": pd.DataFrame(
            [
                surface.row(block) | {"part": "all" if part == "all" else "below"}
                for part, surface in fits.items()
            ]
        ),
    }


@dataclass(frozen=True)
class _Surface:
    """A fitted law, or why there is none, and the rows that it was fitted to."""

    fit: Fit | None
    rows: pd.DataFrame
    reason: str = ""

    @classmethod
    def fitted(
        cls, block: HeldOutBudgetBlock, rows: pd.DataFrame, cluster: list[str] | None, draws: int
    ) -> _Surface:
        """Return the law of the block fitted to evaluations."""
        try:
            made = fit(
                rows, block.law, y=block.y, x=_inputs(block), cluster=cluster, draws=draws, level=_LEVEL
            )
        except LawbookError as error:
            return cls(None, rows, str(error))
        return cls(made, rows, made.reason)

    @property
    def status(self) -> FitStatus:
        """Return the fit's status, refused without one."""
        return FitStatus.REFUSED if self.fit is None else self.fit.status

    def row(self, block: HeldOutBudgetBlock) -> dict[str, object]:
        """Return the mean of |log y − log ŷ| over the evaluations of a seed, its mean and interval over seeds."""
        value = low = high = np.nan
        if self.fit is not None and np.isfinite(self.fit.parameters).all():
            x = self.rows[_inputs(block)].to_numpy(dtype=float)
            seen = self.rows[block.y] > 0
            off = np.abs(
                np.log(self.rows[block.y].where(seen)) - self.fit.law.log_predict(x, self.fit.parameters)
            )
            repeats = independent(self.rows) or ["run_id"]
            value, low, high = mean_interval(off.groupby([self.rows[name] for name in repeats]).mean())
        return {
            "law": block.law, "mean_error": value, "low": low, "high": high, "n_points": len(self.rows),
            "n_runs": self.rows["run_id"].nunique(), "status": self.status,
            "notes": "[]" if self.fit is None else notes_to_json(self.fit.notes),
        }  # fmt: skip


def _inputs(block: HeldOutBudgetBlock) -> list[str]:
    """Return the columns of N and D in the order in which the law takes them."""
    at_size, _ = size_and_samples(laws[block.law])
    inputs = [_D, _D]
    inputs[at_size] = block.n
    return inputs


def _budgets(losses: Runs, optima: Optima, bits: float) -> pd.DataFrame:
    """Return the row of each budget, those on an edge without interval."""
    size_low, size_high = percentiles(optima.size_draws, optima.levels)
    low, high = percentiles(optima.loss_draws, optima.levels)
    falls = np.diff(np.vstack([optima.log_loss, optima.loss_draws]), axis=1, prepend=np.nan)
    fall_low, fall_high = percentiles(falls[1:], optima.levels)
    inside = pd.DataFrame(
        {
            "compute": np.exp(optima.log_compute), "size": np.exp(optima.log_size), "size_low": np.exp(size_low),
            "size_high": np.exp(size_high), "edge": None, "loss": np.exp(optima.log_loss), "low": np.exp(low),
            "high": np.exp(high), "fall": falls[0], "fall_low": fall_low, "fall_high": fall_high,
        }
    )  # fmt: skip
    edges = pd.DataFrame(
        [
            {"compute": np.exp(c), "size": np.exp(n), "loss": np.exp(loss), "edge": edge}
            for c, n, loss, edge in optima.edges
        ]
    )
    parts = [part for part in (inside, edges) if len(part)]
    table = pd.concat(parts or [inside], ignore_index=True).sort_values("compute", ignore_index=True)
    ends = pd.Series(losses.size).groupby(np.round(losses.log_compute, 6)).agg(["min", "max"])
    at = ends.loc[np.round(np.log(table["compute"]), 6)]
    return table.assign(
        smallest=at["min"].to_numpy(), largest=at["max"].to_numpy(), bits_per_byte=bits * table["loss"]
    )


def _predictions(
    block: HeldOutBudgetBlock, rows: pd.DataFrame, optima: Optima, surface: _Surface
) -> pd.DataFrame:
    """Return the row of each method; all are refused where the largest budget has no best size inside."""
    held_out = np.log(block.budgets[-1])
    inside = np.abs(optima.log_compute - held_out) < 1e-6
    if not inside.any() or len(optima.log_compute) < 3:
        reason = "the best size at the held-out budget, or at all but two, lies on an edge of the sizes"
        refused = {"compute": block.budgets[-1], "status": FitStatus.REFUSED, "reason": reason}
        return pd.DataFrame([{"method": method} | refused for method in METHODS])
    every = np.vstack([optima.log_loss, optima.loss_draws])
    before, measured = every[:, ~inside], every[:, inside][:, 0]
    x = optima.log_compute[~inside] - held_out
    told = {POWER: _at_zero(x, before), LAST: before[:, -1]}
    made = [
        _along_surface(block, rows, optima, surface, measured),
        *(_of_draws(method, told[method], measured, optima) for method in (POWER, LAST)),
    ]
    value, low, high = _with_ends(measured, optima)
    return pd.DataFrame(made).assign(
        compute=block.budgets[-1], measured=value, measured_low=low, measured_high=high
    )


def _at_zero(x: Array, y: Array) -> Array:
    """Return the value at 0 of the least-squares line of each data set y (B, m) over x (m,)."""
    design = np.stack([np.ones_like(x), x], axis=1)
    return np.asarray((np.linalg.pinv(design) @ y.T)[0])


def _with_ends(logs: Array, optima: Optima) -> tuple[float, float, float]:
    """Return the first of some logs and the percentiles of the others, as losses."""
    (low,), (high,) = percentiles(logs[1:, None], optima.levels)
    return float(np.exp(logs[0])), float(np.exp(low)), float(np.exp(high))


def _of_draws(method: str, predicted: Array, measured: Array, optima: Optima) -> dict[str, object]:
    """Return the row of a prediction that was made in each draw, whose error is paired with what is measured there."""
    off = predicted - measured
    value, low, high = _with_ends(predicted, optima)
    (least,), (most,) = percentiles(off[1:, None], optima.levels)
    return {
        "method": method, "predicted": value, "low": low, "high": high, "error": off[0], "error_low": least,
        "error_high": most, "status": FitStatus.OK, "reason": "",
    }  # fmt: skip


def _along_surface(
    block: HeldOutBudgetBlock, rows: pd.DataFrame, optima: Optima, surface: _Surface, measured: Array
) -> dict[str, object]:
    """Return the row of the surface; the ends of its interval and of the measured one add in squares."""
    refused: dict[str, object] = {"method": SURFACE, "status": FitStatus.REFUSED}
    if surface.fit is None or surface.status != FitStatus.OK:
        return refused | {"reason": surface.reason}
    size, samples, cost = (rows[name].to_numpy(dtype=float) for name in (block.n, _D, _C))
    found = parametric(surface.fit, [block.budgets[-1]], flops=rule_of(size, samples, cost))
    if found.table.empty:
        return refused | {"reason": found.reason}
    value, low, high = np.log(found.table[["loss", "loss_low", "loss_high"]].iloc[0].to_numpy(dtype=float))
    (least,), (most,) = percentiles(measured[1:, None], optima.levels)
    off = value - measured[0]
    return {
        "method": SURFACE, "predicted": np.exp(value), "low": np.exp(low), "high": np.exp(high), "error": off,
        "error_low": off - np.hypot(value - low, most - measured[0]),
        "error_high": off + np.hypot(high - value, measured[0] - least), "status": FitStatus.OK, "reason": "",
    }  # fmt: skip
