"""Fit laws of the learning-rate history to curves under some schedules, and predict those under the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from lawbook.analyses import Inputs
from lawbook.analyses.unseen_schedules.block import SCHEDULE, UnseenSchedulesBlock
from lawbook.errors import LawbookError
from lawbook.fitting.exact import exact_curves
from lawbook.laws.design import Data
from lawbook.laws.forms import laws
from lawbook.laws.law import Array, Flags, Law
from lawbook.laws.schedules import with_history
from lawbook.laws.solver import solve
from lawbook.laws.verdict import on_bound
from lawbook.results.evaluations import runs_at
from lawbook.results.selection import of_sweep, where
from lawbook.schedules import rate_factors

STEPS, RATE_SUM = "steps", "rate_sum"
"""The laws that know less: a power law with a floor of the steps, and of the rate summed over them."""
LAWS: Mapping[str, str] = {
    STEPS: "power_floor", RATE_SUM: "power_floor", "annealing": "annealing", "multi_power": "multi_power",
}  # fmt: skip
"""The form of each law that is fitted."""
_TOLD = 40
"""Steps besides the evaluations at which a law is told the rate."""
_LEVEL = 0.95


@dataclass(frozen=True)
class _Curve:
    """One schedule: steps (m,), the mean rate from each to the next, which are evaluations, losses (S, k) at those."""

    steps: Array
    rates: Array
    seen: Flags
    losses: Array

    def places(self, law: str, number: int) -> Array:
        """Return the inputs of a law at all steps: (m, 1), or (m, 3) for a law of the whole history."""
        if law == STEPS:
            return self.steps[:, None]
        if law == RATE_SUM:
            return np.cumsum(self.rates * np.diff(self.steps, prepend=0.0))[:, None]
        return np.stack([np.full(len(self.steps), float(number)), self.steps, self.rates], axis=1)


def compute(block: UnseenSchedulesBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'judged', 'curves' and 'parameters' of one analysis."""
    return schedule_tables(block, inputs.results.runs, inputs.results.curves)


def schedule_tables(
    block: UnseenSchedulesBlock, runs: pd.DataFrame, curves: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Return the tables of a table of runs and their curves.

    A seed of which a run diverged is in none, and counted. Raises LawbookError without y, and without a whole seed.
    """
    rows = runs_at(where(of_sweep(runs, block.sweep), block.where), curves, "every", block.first_step)
    if block.y not in rows:
        raise LawbookError(f"the runs have no column {block.y!r}; name another")
    wide = rows.pivot_table(index="seed", columns=[SCHEDULE, "step"], values=block.y, dropna=False)
    whole = wide.notna().all(axis=1) & (wide > 0).all(axis=1)
    if not whole.any():
        raise LawbookError("no seed has a curve under every schedule; lower the learning rate")
    one = rows.drop_duplicates(SCHEDULE).set_index(SCHEDULE).sort_index()
    found = {
        str(name): _curve(str(name), row, pd.DataFrame(wide[whole][name]))
        for name, row in one.to_dict("index").items()
    }
    estimates: dict[str, dict[str, Array]] = {}
    parameters = []
    for name, form in LAWS.items():
        law, means, each = _fitted(name, laws[form], found, block.fitted)
        estimates[name] = {
            schedule: np.exp([law.log_predict(curve.places(name, i), one)[curve.seen] for one in each])
            for i, (schedule, curve) in enumerate(found.items())
        }
        stuck = on_bound(
            law, np.concatenate([c.places(name, i) for i, c in enumerate(found.values())]), means
        )
        parameters += [
            {"law": name, "parameter": p, "value": value, "on_bound": int(p in stuck)}
            for p, value in zip(law.parameters, means, strict=True)
        ]
    judged = [
        {"schedule": schedule, "law": name, "fitted": int(schedule in block.fitted), "n_lost": int((~whole).sum())}
        | _judged(curve.losses, estimates[name][schedule], estimates[STEPS][schedule])
        for schedule, curve in found.items()
        for name in LAWS
    ]  # fmt: skip
    exact = _exact(block, rows)
    drawn = []
    for schedule, curve in found.items():
        steps, rates = curve.steps[curve.seen], curve.rates[curve.seen]
        for name, values in {"": curve.losses, **{law: estimates[law][schedule] for law in LAWS}}.items():
            means, low, high = _interval(values)
            drawn.append(
                pd.DataFrame(
                    {
                        "schedule": schedule, "law": name, "fitted": int(schedule in block.fitted), "step": steps,
                        "rate": rates, "y": means, "low": low, "high": high,
                        "exact": [exact.get((schedule, step), np.nan) for step in steps] if not name else np.nan,
                    }
                )
            )  # fmt: skip
    return {
        "judged": pd.DataFrame(judged),
        "curves": pd.concat(drawn, ignore_index=True),
        "parameters": pd.DataFrame(parameters),
    }


def _curve(schedule: str, run: Mapping[Any, Any], losses: pd.DataFrame) -> _Curve:
    """Return the curve of one schedule, of one of its runs and the losses by seed and step."""
    warmup_steps = int(run["warmup_steps"]) if pd.notna(run.get("warmup_steps")) else 0
    factors = rate_factors(schedule, float(run["warmup"]), int(run["steps"]), warmup_steps)
    rates = float(run["learning_rate"]) * factors
    evaluated = losses.columns.to_numpy(dtype=int)
    steps = np.unique([*evaluated, *np.linspace(1, evaluated.max(), _TOLD).round().astype(int)])
    summed = np.concatenate([[0.0], np.cumsum(rates)])[steps]
    means = np.diff(summed, prepend=0.0) / np.diff(steps, prepend=0)
    return _Curve(steps.astype(float), means, np.isin(steps, evaluated), losses.to_numpy(dtype=float))


def _fitted(name: str, law: Law, curves: Mapping[str, _Curve], fitted: list[str]) -> tuple[Law, Array, Array]:
    """Return a law over the histories that it is fitted to, its parameters by the means (p,), and by seed (S, p)."""
    chosen = [
        (curve.places(name, i), curve) for i, (key, curve) in enumerate(curves.items()) if key in fitted
    ]
    bound = law
    if law.coupled:
        bound = with_history(law, np.concatenate([x[~curve.seen] for x, curve in chosen]))
    x = np.concatenate([x[curve.seen] for x, curve in chosen])
    log_y = np.log(np.concatenate([curve.losses for _, curve in chosen], axis=1))
    distinct, which = np.unique(x, axis=0, return_inverse=True)
    counts = np.bincount(which.ravel()).astype(float)
    means = np.stack([np.bincount(which.ravel(), weights=one) for one in log_y]) / counts
    first = solve(bound, distinct, _data(means.mean(axis=0)[None], counts)).parameters[0]
    each = solve(bound, distinct, _data(means, counts), warm=first, trusted=True).parameters
    return law, first, each


def _data(log_y: Array, weights: Array) -> Data:
    return Data(log_y, np.broadcast_to(weights, log_y.shape), np.zeros(log_y.shape, dtype=bool))


def _judged(seen: Array, estimate: Array, naive: Array) -> dict[str, Any]:
    """Return how an estimate (S, k) of losses (S, k) does, with t intervals over seeds, in logs but that of `last`."""
    away, known = np.abs(seen - estimate), np.abs(seen - naive)
    around = np.sum((seen - seen.mean(axis=1, keepdims=True)) ** 2, axis=1)
    unexplained = np.exp(_interval(np.log(np.sum(away**2, axis=1) / around)))
    told: dict[str, Any] = {"n_points": seen.shape[1], "n_seeds": len(seen)}
    for name, (value, low, high) in {
        "r2": 1 - unexplained[[0, 2, 1]],
        "mae": np.exp(_interval(np.log(away.mean(axis=1)))),
        "last": _interval(estimate[:, -1] / seen[:, -1] - 1),
        "ratio": np.exp(_interval(np.log(away.mean(axis=1) / known.mean(axis=1)))),
    }.items():
        told |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return told


def _interval(values: Array) -> Array:
    """Return the mean over the first axis, and the ends of its t interval, (3, …); these are NaN for one alone."""
    n, mean = len(values), values.mean(axis=0)
    half = np.full_like(mean, np.nan)
    if n > 1:
        half = stdtrit(n - 1, (1 + _LEVEL) / 2) * values.std(axis=0, ddof=1) / np.sqrt(n)
    return np.stack([mean, mean - half, mean + half])


def _exact(block: UnseenSchedulesBlock, rows: pd.DataFrame) -> dict[tuple[str, float], float]:
    """Return the exact loss by schedule and step, where the block asks for it and a theory covers the runs."""
    if block.exact is None:
        return {}
    one = rows.drop_duplicates([SCHEDULE, "step"])
    known = exact_curves[block.exact](one, "step", block.y)
    keys = zip(one[SCHEDULE].astype(str), one["step"].astype(float), strict=True)
    return dict(zip(keys, known.astype(float), strict=True))
