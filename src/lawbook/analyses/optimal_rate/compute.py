"""Find the best learning rate at each x of each case, the exponent along it, and lay the exact one beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from lawbook.analyses import Inputs
from lawbook.analyses.optimal_rate.block import RATE, TABLES, OptimalRateBlock
from lawbook.errors import LawbookError
from lawbook.fitting.exact import exact_along_steps, exact_curves
from lawbook.laws.frontier.exponent import exponent_of_draws, log_slopes
from lawbook.laws.frontier.result import percentiles
from lawbook.laws.law import Array
from lawbook.laws.note import Note, notes_to_json, refusal, warning
from lawbook.laws.uncertainty import quantile_levels
from lawbook.laws.valley import bottom
from lawbook.results.cases import cases
from lawbook.results.selection import of_sweep, where
from lawbook.results.words import count, number, plain
from lawbook.seeds import generator
from lawbook.storage.status import FitStatus, RunStatus

_DRAWS, _LEVEL = 1000, 0.95
_BEYOND = 1.5
"""The exact optimum is sought among the rates of the runs, and beyond them by this factor."""


def compute(block: OptimalRateBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'optima', 'exponents' and 'valleys'."""
    return rate_tables(block, inputs.results.runs)


def rate_tables(block: OptimalRateBlock, runs: pd.DataFrame, draws: int = _DRAWS) -> dict[str, pd.DataFrame]:
    """Return the tables of a table of runs.

    A rate at which a run diverged has an infinite loss. A case whose rates are no valley is refused with its reason,
    and the others stand. Raises LawbookError for columns that the runs lack.
    """
    rows = where(of_sweep(runs, block.sweep), block.where)
    for name in (block.y, block.x, *block.by):
        if name not in rows:
            raise LawbookError(f"the runs have no column {name!r}; name another")
    found = [_case(block, name, part, draws) for name, part in cases(rows, block.by)]
    return {
        name: pd.concat(
            [pd.DataFrame(each[name], columns=list(columns)) for each in found], ignore_index=True
        )
        for name, columns in TABLES.items()
    }


def _case(
    block: OptimalRateBlock, name: str, rows: pd.DataFrame, draws: int
) -> dict[str, list[dict[str, Any]]]:
    optima, valleys, drawn = [], [], []
    for x, part in rows.groupby(block.x):
        row, of_draws, valley = _optimum(block, part, draws)
        optima.append({"case": name, "x": float(str(x)), **row})
        drawn.append(of_draws)
        valleys += [{"case": name, "x": float(str(x)), **each} for each in valley]
    table, of_draws = pd.DataFrame(optima), np.stack(drawn, axis=1)
    n_seeds = min(part["seed"].nunique() for _, part in rows.groupby(block.x))
    exponents = _exponent(table, of_draws, rows["run_id"].nunique()) | _shift(table, of_draws, n_seeds)
    return {"optima": optima, "valleys": valleys, "exponents": [{"case": name, **exponents}]}


def _optimum(
    block: OptimalRateBlock, rows: pd.DataFrame, draws: int
) -> tuple[dict[str, Any], Array, list[dict[str, Any]]]:
    """Return the optimum at one x, draws of its logarithm, and the valley around it."""
    rows = rows.assign(lost=rows["status"] == RunStatus.DIVERGED)
    y = rows[block.y].astype(float).where(~rows["lost"], np.inf)
    table = rows.assign(y=y).pivot_table(index="seed", columns=RATE, values="y", aggfunc="mean", dropna=False)
    table = table.dropna(axis=0)
    rates, losses = table.columns.to_numpy(dtype=float), table.to_numpy(dtype=float)
    if len(rates) < 3 or not len(losses):
        at = f"{plain(block.x)} = {number(rows[block.x].iloc[0])}"
        raise LawbookError(f"at {at} no seed has three learning rates; sweep more")
    log_rates = np.log(rates)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = losses.mean(axis=0)
        value = bottom(log_rates, np.log(mean)[None])[0]
        picks = generator(0, "optimal rate").integers(
            0, len(losses), (draws if len(losses) > 1 else 0, len(losses))
        )
        means = losses[picks].mean(axis=1)
        of_draws = bottom(log_rates, np.log(means)) if len(picks) else np.full(draws, np.nan)
    levels = quantile_levels("bca" if len(losses) > 1 else "", max(len(losses), 2), _LEVEL)
    low, high = (float(end[0]) for end in percentiles(of_draws[:, None], levels))
    lowest = int(np.argmin(mean))
    edge = {0: "smallest", len(rates) - 1: "largest"}.get(lowest)
    exact, exact_mean = _exact(block, rows, rates)
    on_exact = bottom(log_rates, np.log(exact_mean)[None])[0]
    row = {
        "rate": np.exp(value), "low": np.exp(low), "high": np.exp(high), "edge": edge, "loss": mean[lowest],
        "exact": exact, "on_exact_losses": np.exp(on_exact),
    }  # fmt: skip
    ends = percentiles(means, levels) if len(picks) else np.full((2, len(rates)), np.nan)
    diverged = rows.groupby(RATE)["lost"].sum().reindex(rates).to_numpy(dtype=int)
    valley = [
        {"rate": rate, "loss": loss, "low": low, "high": high, "n_diverged": n, "exact": known}
        for rate, loss, low, high, n, known in zip(rates, mean, *ends, diverged, exact_mean, strict=True)
    ]
    return row, of_draws, valley


def _exact(block: OptimalRateBlock, rows: pd.DataFrame, rates: Array) -> tuple[float, Array]:
    """Return the rate of the least exact loss, and the exact loss at each rate; NaN where no theory covers the runs."""
    unknown = np.full(len(rates), np.nan)
    if block.exact is None:
        return np.nan, unknown
    one = rows.drop_duplicates(RATE).sort_values(RATE)
    known = exact_curves[block.exact](one, block.x, block.y).to_numpy(dtype=float)
    if np.isnan(known).any():
        return np.nan, unknown
    config = {str(axis): value for axis, value in one.iloc[0].items()}
    last = np.array([int(config["steps"])])

    def log_loss(log_rate: float) -> float:
        run = config | {RATE: float(np.exp(log_rate))}
        loss = float(exact_along_steps(block.exact or "", run, last, block.y)[0])
        return float(np.log(loss)) if np.isfinite(loss) else 1e3

    bounds = (float(np.log(rates[0] / _BEYOND)), float(np.log(rates[-1] * _BEYOND)))
    found = minimize_scalar(log_loss, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x)), known


def _exponent(optima: pd.DataFrame, drawn: Array, runs: int) -> dict[str, Any]:
    """Return the exponent of the best rate in x over the optima inside the rates, with equal weights."""
    inside = optima["rate"].notna().to_numpy()
    notes: list[Note] = []
    if n := int((~inside).sum()):
        at = ", ".join(number(x) for x in optima["x"][~inside])
        where_lost = "on an edge of the rates, or beside a run that diverged"
        text = f"the lowest loss lies {where_lost}, at {count(n, 'value')} of x: {at}"
        notes.append(warning("on_an_edge", text, optima=n))
    row: dict[str, Any] = {
        "exponent": np.nan, "low": np.nan, "high": np.nan, "level": _LEVEL, "exact": np.nan,
        "n_optima": int(inside.sum()), "n_edges": n, "n_runs": runs,
    }  # fmt: skip
    if inside.sum() < 2:
        notes.append(
            refusal("few_optima", "an exponent needs the best rate at two values of x; sweep more rates")
        )
        return row | {"status": FitStatus.REFUSED, "notes": notes_to_json(notes)}
    log_x, log_rate = (np.log(optima.loc[inside, name].to_numpy(dtype=float)) for name in ("x", "rate"))
    levels = ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2)
    flat = np.full(len(log_x), np.nan)
    found = exponent_of_draws(log_x, log_rate, drawn[:, inside], flat, levels, "bootstrap")
    known = np.log(optima.loc[inside, "exact"].to_numpy(dtype=float))
    exact = float(log_slopes(log_x, known, np.ones(len(log_x)))) if np.isfinite(known).all() else np.nan
    return row | {
        "exponent": found.value, "low": found.low, "high": found.high, "exact": exact, "x_low": np.exp(log_x.min()),
        "x_high": np.exp(log_x.max()), "status": FitStatus.OK, "notes": notes_to_json(notes),
    }  # fmt: skip


def _shift(optima: pd.DataFrame, drawn: Array, seeds: int) -> dict[str, float]:
    """Return log2 of the best rate at the largest x over that at the smallest, with its interval over seeds."""
    of_draws = (drawn[:, -1] - drawn[:, 0]) / np.log(2)
    value = float(np.log2(optima["rate"].iloc[-1] / optima["rate"].iloc[0])) if len(optima) > 1 else np.nan
    levels = quantile_levels("bca" if seeds > 1 else "", max(seeds, 2), _LEVEL)
    low, high = (float(end[0]) for end in percentiles(of_draws[:, None], levels))
    known = np.isfinite(value)
    return {"shift": value, "shift_low": low if known else np.nan, "shift_high": high if known else np.nan}
