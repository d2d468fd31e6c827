"""Find the fewest steps to a loss at each batch size, and the critical batch size of their trade-off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lawbook.analyses import Inputs
from lawbook.analyses.critical_batch.block import BATCH, RATE, CriticalBatchBlock
from lawbook.errors import LawbookError
from lawbook.fitting.exact import exact_curves
from lawbook.laws.critical_batch import steps_to, trade_off
from lawbook.laws.frontier.result import percentiles
from lawbook.laws.law import Array
from lawbook.laws.uncertainty import quantile_levels
from lawbook.laws.valley import bottom
from lawbook.results.evaluations import runs_at
from lawbook.results.selection import of_sweep, where
from lawbook.results.words import number
from lawbook.seeds import generator

_DRAWS, _LEVEL = 400, 0.95


@dataclass(frozen=True)
class _Valley:
    """The losses (S, k) over times (k,) of each rate (R,) at one batch size, over the same seeds."""

    rates: Array
    times: tuple[Array, ...]
    losses: tuple[Array, ...]

    def fewest(self, level: float, weights: Array) -> tuple[Array, Array]:
        """Return the logs of the fewest steps and of their rate, of each weighting of the seeds (B, S).

        The minimum over rates, between them; NaN where it lies on an end of the rates, or none comes to the level.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            steps = np.log(
                np.stack(
                    [
                        steps_to(times, weights @ losses, level)
                        for times, losses in zip(self.times, self.losses, strict=True)
                    ],
                    axis=1,
                )
            )
        log_rates = np.log(self.rates)
        best = bottom(log_rates, steps)
        lowest = np.clip(np.argmin(np.where(np.isnan(steps), np.inf, steps), axis=1), 1, len(self.rates) - 2)
        return _parabola_at(log_rates, steps, lowest, best), best


def compute(block: CriticalBatchBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'steps' and 'trade_off' of one critical batch size."""
    return critical_batch_tables(block, inputs.results.runs, inputs.results.curves)


def critical_batch_tables(
    block: CriticalBatchBlock, runs: pd.DataFrame, curves: pd.DataFrame, draws: int = _DRAWS
) -> dict[str, pd.DataFrame]:
    """Return the tables of a table of runs and their curves.

    Raises LawbookError where fewer than three batch sizes come down to the level at a rate between two others.
    """
    rows = runs_at(where(of_sweep(runs, block.sweep), block.where), curves, "every")
    if block.y not in rows:
        raise LawbookError(f"the runs have no column {block.y!r}; name another")
    valleys = {int(str(size)): _valley(part, block.y) for size, part in rows.groupby(BATCH)}
    seeds = min(len(each.losses[0]) for each in valleys.values())
    picks = generator(0, "critical batch").integers(0, seeds, (draws if seeds > 1 else 0, seeds))
    weights = np.stack([np.full(seeds, 1 / seeds), *(np.bincount(p, minlength=seeds) / seeds for p in picks)])
    found = {size: each.fewest(block.level, weights) for size, each in valleys.items()}
    sizes = np.array([*found], dtype=float)
    steps = np.exp(np.stack([log_steps for log_steps, _ in found.values()], axis=1))  # (1 + draws, sizes)
    if np.isfinite(steps[0]).sum() < 3:
        raise LawbookError(
            f"{np.isfinite(steps[0]).sum()} batch sizes come down to {number(block.level)} at a rate between two "
            "others, and a trade-off needs three; sweep more, or raise the level"
        )
    exact = _on_exact_losses(block, rows)
    pairs = np.array([trade_off(sizes, row) for row in steps])
    known = np.array(trade_off(sizes, exact))
    levels = quantile_levels("bca" if seeds > 1 else "", max(seeds, 2), _LEVEL)
    low, high = percentiles(steps[1:], levels)
    ends = percentiles(pairs[1:], levels)
    s_min, critical = pairs[0]
    table = pd.DataFrame(
        {
            "batch_size": sizes, "rate": [np.exp(best[0]) for _, best in found.values()], "steps": steps[0], "low": low,
            "high": high, "examples": sizes * steps[0], "exact": exact, "edge": np.isnan(steps[0]).astype(int),
            "fitted": s_min * (1 + critical / sizes),
        }
    )  # fmt: skip
    summary = {
        "level": block.level, "critical_batch": critical, "low": ends[0][1], "high": ends[1][1], "exact": known[1],
        "steps_min": s_min, "examples_min": s_min * critical, "exact_steps_min": known[0],
        "exact_examples_min": known[0] * known[1], "n_batch_sizes": int(np.isfinite(steps[0]).sum()), "n_seeds": seeds,
        "n_runs": rows["run_id"].nunique(),
    }  # fmt: skip
    return {"steps": table, "trade_off": pd.DataFrame([summary])}


def _valley(rows: pd.DataFrame, y: str) -> _Valley:
    """Return the curves of one batch size; a loss that was lost is infinite."""
    rates, times, losses = [], [], []
    for rate, part in rows.groupby(RATE):
        wide = part.pivot_table(index="seed", columns="step", values=y)
        rates.append(float(str(rate)))
        times.append(wide.columns.to_numpy(dtype=float))
        losses.append(np.nan_to_num(wide.to_numpy(dtype=float), nan=np.inf))
    seeds = min(len(each) for each in losses)
    return _Valley(np.array(rates), tuple(times), tuple(each[:seeds] for each in losses))


def _on_exact_losses(block: CriticalBatchBlock, rows: pd.DataFrame) -> Array:
    """Return the fewest steps at each batch size where each run has its exact loss; NaN where no theory covers them."""
    sizes = rows[BATCH].nunique()
    if block.exact is None:
        return np.full(sizes, np.nan)
    one = rows.drop_duplicates([BATCH, RATE, "step"])
    exact = exact_curves[block.exact](one, "step", block.y)
    if exact.isna().any():
        return np.full(sizes, np.nan)
    one = one.assign(**{block.y: exact})
    alone = np.ones((1, 1))
    valleys = [_valley(part, block.y) for _, part in one.assign(seed=0).groupby(BATCH)]
    return np.array([float(np.exp(each.fewest(block.level, alone)[0][0])) for each in valleys])


def _parabola_at(x: Array, y: Array, lowest: Array, at: Array) -> Array:
    """Return the parabola through the lowest (B,) of y (B, k) over x (k,) and its neighbours, at places (B,)."""
    rows = np.arange(len(y))
    (x0, y0), (x1, y1), (x2, y2) = ((x[lowest + step], y[rows, lowest + step]) for step in (-1, 0, 1))
    with np.errstate(invalid="ignore"):
        rise = (y1 - y0) / (x1 - x0)
        bend = ((y2 - y1) / (x2 - x1) - rise) / (x2 - x0)
        return np.asarray(y0 + rise * (at - x0) + bend * (at - x0) * (at - x1))
