"""Find the exponent of the best size of trained runs by every pair of counting rules, over the same draws of seeds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from lawbook.analyses import Inputs
from lawbook.analyses.counted_runs.block import TABLES, CountedRunsBlock
from lawbook.analyses.counted_runs.counts import COMPUTES, EXACT, SIZES, TOTAL, counts_of
from lawbook.errors import LawbookError
from lawbook.laws.frontier.cost import SIX, log_budgets
from lawbook.laws.frontier.exponent import exponent, log_slopes
from lawbook.laws.frontier.isoflop import akima_minimum, isoflop, parabola_minimum
from lawbook.laws.frontier.result import Optima, percentiles
from lawbook.laws.frontier.runs import Runs, at_budgets, runs_of
from lawbook.laws.law import Array
from lawbook.laws.note import Note, notes_to_json, refusal
from lawbook.laws.repeats import independent
from lawbook.results.evaluations import runs_at
from lawbook.results.selection import of_sweep, where
from lawbook.storage.status import FitStatus, RunStatus

_DRAWS, _LEVEL = 1000, 0.95
_MINIMA = {"akima": akima_minimum, "parabola": parabola_minimum}


def compute(block: CountedRunsBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'exponents', 'optima' and 'sizes' of the runs of a sweep."""
    results = inputs.results
    chosen = where(of_sweep(results.runs, block.sweep), block.where)
    rows = runs_at(chosen, results.curves, "every", block.first_step)
    rows = rows[rows["status"] != RunStatus.UNCONVERGED].reset_index(drop=True)
    counted = {run.run_id: asdict(counts_of(run.config)) for run in inputs.plan.runs}
    each = pd.DataFrame([counted[run_id] for run_id in rows["run_id"]], index=rows.index, dtype=float)
    rows = rows.assign(
        **{name: each[name] for name in (*SIZES, EXACT)}, D=rows["samples_seen"] * each["tokens"]
    )
    return pair_tables(block, rows)


def pair_tables(block: CountedRunsBlock, rows: pd.DataFrame, draws: int = _DRAWS) -> dict[str, pd.DataFrame]:
    """Return the tables from a row per evaluation: y, what repeats, the counts of `SIZES`, `exact` per token, and D.

    A rule by which some size counts nothing is left out. The budgets of the exact rule are those of the block; another
    rule's span what the best sizes of the first and of the last of these cost by it, up to what every larger size was
    followed to. Raises LawbookError for fewer
    than three sizes.
    """
    sizes = rows[[*SIZES, EXACT]].drop_duplicates().sort_values(TOTAL, ignore_index=True)
    if len(sizes) < 3:
        raise LawbookError(f"the runs have {len(sizes)} sizes, and a best one needs 3 at least; sweep more")
    counted = [rule for rule in SIZES if (sizes[rule] > 0).all()]
    first = _losses(block, rows, EXACT, np.asarray(block.budgets), draws)
    known = isoflop(_counted_as(first, sizes, TOTAL), _MINIMA[block.method]).log_size
    found: dict[tuple[str, str], Optima] = {}
    for rule in (EXACT, *counted):
        budgets = np.asarray(block.budgets)
        if rule != EXACT and len(known):
            per_token = np.log(SIX * sizes[rule] / sizes[EXACT])
            ends = np.exp(np.interp(known[[0, -1]], np.log(sizes[TOTAL]), per_token))
            top = min(budgets[-1] * ends[1], _followed_by_larger(rows, rule, float(np.exp(known[-1]))))
            budgets = np.geomspace(budgets[0] * ends[0], top, len(budgets))
        losses = first if rule == EXACT else _losses(block, rows, rule, budgets, draws)
        for name in counted:
            found[name, rule] = isoflop(_counted_as(losses, sizes, name), _MINIMA[block.method])
    slopes = {pair: _Slope.of(optima) for pair, optima in found.items()}
    pairs = [(name, rule) for rule in COMPUTES for name in counted if (name, rule) in found]
    about = {"n_sizes": len(sizes), "n_runs": rows["run_id"].nunique(), "level": _LEVEL}
    return {
        "exponents": pd.DataFrame(
            [_row(pair, found[pair], slopes[pair], slopes[TOTAL, TOTAL]) | about for pair in pairs]
        ),
        "optima": pd.concat([_optima(pair, found[pair]) for pair in pairs], ignore_index=True),
        "sizes": sizes,
    }


def _followed_by_larger(rows: pd.DataFrame, rule: str, size: float) -> float:
    """Return the most compute, counted by 6·N·D, that every size at or above a size was followed to."""
    spent = (SIX * rows[rule] * rows["D"]).groupby(rows[TOTAL]).max()
    return float(spent[spent.index >= min(size, spent.index.max())].min())


def _losses(block: CountedRunsBlock, rows: pd.DataFrame, rule: str, budgets: Array, draws: int) -> Runs:
    """Return each size's losses at the budgets, compute counted by a rule, with draws over seeds."""
    per_token = rows[EXACT] if rule == EXACT else SIX * rows[rule]
    table = rows.assign(C=per_token * rows["D"])
    cluster = independent(rows) or None
    runs = runs_of(table, y=block.y, size=TOTAL, compute="C", cluster=cluster, draws=draws, level=_LEVEL)
    return at_budgets(runs, log_budgets(budgets))


def _counted_as(runs: Runs, sizes: pd.DataFrame, rule: str) -> Runs:
    """Return the same losses with sizes counted by a rule, sorted by budget and that size."""
    known, counted = (sizes[name].to_numpy(dtype=float) for name in (TOTAL, rule))
    size = counted[np.searchsorted(known, runs.size)]
    order = np.lexsort((size, runs.log_compute))
    return replace(
        runs, size=size[order], log_compute=runs.log_compute[order], log_loss=runs.log_loss[order],
        draws=runs.draws[:, order],
    )  # fmt: skip


@dataclass(frozen=True)
class _Slope:
    """An exponent with its interval, and that of each draw (B,)."""

    value: float
    low: float
    high: float
    draws: Array

    @classmethod
    def of(cls, optima: Optima) -> _Slope:
        """Return the slope of log N* over log C, budgets weighted by 1/spread² where seeds show a spread."""
        x, y, spread = optima.log_compute, optima.log_size, optima.spread
        if len(x) < 2:
            return cls(np.nan, np.nan, np.nan, np.empty(0))
        if not len(optima.size_draws):
            plain = exponent(np.exp(x), np.exp(y), level=_LEVEL)
            return cls(plain.value, plain.low, plain.high, np.empty(0))
        drawn = log_slopes(x, optima.size_draws, spread**-2.0)
        (low,), (high,) = percentiles(drawn[:, None], optima.levels)
        return cls(float(log_slopes(x, y, spread**-2.0)), float(low), float(high), drawn)


def _row(pair: tuple[str, str], optima: Optima, slope: _Slope, base: _Slope) -> dict[str, object]:
    notes: tuple[Note, ...] = optima.notes
    status = FitStatus.OK
    if not np.isfinite(slope.value):
        status, why = FitStatus.REFUSED, "fewer than two budgets have their best size inside the trained ones"
        notes = (refusal("few_budgets", why), *notes)
    rise_low = rise_high = np.nan
    if len(slope.draws) and len(base.draws):
        (rise_low,), (rise_high,) = percentiles((slope.draws - base.draws)[:, None], optima.levels)
    ends = (optima.log_compute, optima.log_size)
    compute, size = (np.exp(each[[0, -1]]) if len(each) else np.full(2, np.nan) for each in ends)
    return {
        "size_rule": pair[0], "compute_rule": pair[1], "exponent": slope.value, "low": slope.low, "high": slope.high,
        "rise": slope.value - base.value, "rise_low": rise_low, "rise_high": rise_high,
        "compute_low": compute[0], "compute_high": compute[1], "size_low": size[0], "size_high": size[1],
        "n_budgets": len(optima.log_compute), "n_edges": len(optima.edges), "status": status,
        "notes": notes_to_json(notes),
    }  # fmt: skip


def _optima(pair: tuple[str, str], optima: Optima) -> pd.DataFrame:
    low, high = percentiles(optima.size_draws, optima.levels)
    table = pd.DataFrame(
        {
            "compute": np.exp(optima.log_compute), "size": np.exp(optima.log_size), "low": np.exp(low),
            "high": np.exp(high), "loss": np.exp(optima.log_loss),
        }
    )  # fmt: skip
    return table.assign(size_rule=pair[0], compute_rule=pair[1])[[*TABLES["optima"]]]
