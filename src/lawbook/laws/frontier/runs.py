"""From a table of runs to losses over sizes and budgets, with draws that show their noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lawbook.errors import LawbookError
from lawbook.laws.checks import check_columns, numbers
from lawbook.laws.frontier.akima import interpolate
from lawbook.laws.frontier.budgets import MIN_SIZES, SAME, TOLERANCE, meant_for_budgets, merged
from lawbook.laws.frontier.cost import SIX, Cost, compute_of
from lawbook.laws.frontier.result import percentile_method
from lawbook.laws.law import Array
from lawbook.laws.note import Note, warning
from lawbook.laws.points import gather
from lawbook.laws.uncertainty import ResidualNoise, quantile_levels, repeated, resample, resampling
from lawbook.seeds import generator

SeedNoise: TypeAlias = float | Callable[[Array], Array] | pd.DataFrame
"""The standard deviation of the loss between seeds: a number, a function of the loss, or a table
with the columns loss and deviation, as in `noise_between`."""

_MISSED = 1e-3
_LOUDEST = 0.125
"""Largest noise relative to the loss: beyond it a normal draw may be negative and has no logarithm."""


@dataclass(frozen=True)
class Runs:
    """Mean losses: N, log C and log L, each (n,), and draws of log L (B, n).

    Rows are sorted by C, then N; those of one budget have the same log C. `levels` are the percentiles of an
    interval over draws, `draw_method` says how these were made: 'seed_noise', 'cluster_percentile',
    'wild_t' or 'none'.
    """

    size: Array
    log_compute: Array
    log_loss: Array
    draws: Array
    levels: tuple[float, float]
    draw_method: str
    notes: tuple[Note, ...]


def runs_of(
    table: pd.DataFrame,
    *,
    y: str,
    size: str,
    compute: str | None,
    samples: str | None = None,
    flops: Cost = SIX,
    spent: str | None = None,
    cluster: str | Sequence[str] | None = "seed",
    noise: SeedNoise | None = None,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Runs:
    """Return the mean loss over runs of each size at each budget, and draws of it.

    The budget is the column `compute`, or C(N, D) of the column `samples`. Where runs take whole steps the column
    `spent` has what they really cost, and losses are `carried` to the budget that they were meant for. Draws add
    normal `noise` to each loss where that is given; else they resample the seeds where most cells have several;
    else there are none.
    Rows without a finite loss are left out with a Note.
    Raises LawbookError for absent columns or values ≤ 0, naming rows, and for noise above an eighth of the
    loss.
    """
    if samples is not None and compute is None:
        check_columns(table, [size, samples])
        compute, counted = "compute", compute_of(numbers(table, size), numbers(table, samples), flops)
    elif compute is not None and samples is None:
        check_columns(table, [compute])
        counted = numbers(table, compute)
    else:
        raise LawbookError("give one of compute (a column of FLOPs) and samples (a column of D)")
    check_columns(table, [size])
    budget, grouped = merged(counted, numbers(table, size))
    table = table.assign(**{compute: budget})
    if grouped and spent is None:
        spent = "compute as counted"
        table[spent] = counted
    points = gather(table, y=y, x=(compute, size), cluster=cluster)
    if not len(points.x):
        raise LawbookError(f"no run has a finite {y}")
    sizes, log_compute = points.x[:, 1], np.log(points.x[:, 0])
    log_loss = points.data().log_y[0]
    tail = (1 - level) / 2
    levels, method, drawn = (tail, 1 - tail), "none", np.empty((0, len(log_loss)))
    if noise is not None:
        method = "seed_noise"
        drawn = _noisy(np.exp(log_loss), noise, draws, generator(seed, "seed_noise"))
    elif repeated(points):
        resampled = resampling(points)
        method = percentile_method(resampled)
        rng = generator(seed, "bootstrap")
        drawn = np.concatenate(
            [each.log_y for each in resample(points, resampled, draws, rng, ResidualNoise(np.nan, 0))]
        )
        levels = quantile_levels(resampled, points.n_clusters, level)
    order = np.lexsort((sizes, log_compute))
    found = Runs(
        sizes[order],
        log_compute[order],
        log_loss[order],
        drawn[:, order],
        levels,
        method,
        (*points.notes, *grouped),
    )
    if spent is None:
        return found
    check_columns(table, [spent])
    costs = table.groupby([compute, size])[spent].mean()
    cells = list(map(tuple, points.x[order].tolist()))
    return carried(found, np.log(costs.loc[cells].to_numpy(dtype=float)))


def carried(runs: Runs, log_spent: Array) -> Runs:
    """Return runs whose log C is a budget, and whose losses were measured at other C (n,), with losses at the budget.

    Each size's log L over the log C that it spent is followed by Akima's interpolation to its budgets; a size with one
    budget keeps its loss. A Note says how far budgets were missed, where that is more than 0.1 %.
    """
    every = np.vstack([runs.log_loss, runs.draws])
    alone = 0
    for name in np.unique(runs.size):
        of = np.flatnonzero(runs.size == name)
        of = of[np.argsort(log_spent[of])]
        if len(np.unique(log_spent[of])) < len(of):
            raise LawbookError(f"size {name:g} spent the same on two budgets; set them further apart")
        if len(of) == 1:
            alone += 1
        else:
            every[:, of] = interpolate(log_spent[of], every[:, of], runs.log_compute[of])
    notes, missed = runs.notes, float(np.expm1(np.abs(log_spent - runs.log_compute).max()))
    if missed > _MISSED:
        text = f"steps are whole, so that compute misses budgets by up to {missed:.1%}; losses are carried along each "
        text += f"size's curve to the budget, but of {alone} sizes with one budget"
        notes = (*notes, warning("rounded_budgets", text, missed=missed, alone=alone))
    return replace(runs, log_loss=every[0], draws=every[1:], notes=notes)


def noise_between(losses: ArrayLike, deviations: ArrayLike) -> Callable[[Array], Array]:
    """Return the noise σ(L) that is log-linear in log L between given losses and constant beyond them.

    >>> noise_between([3, 6], [0.005, 0.1])(np.array([2.0, 18**0.5, 9.0])).round(4)
    array([0.005 , 0.0224, 0.1   ])
    """
    log_loss, log_deviation = np.log(losses), np.log(deviations)
    return lambda loss: np.exp(np.interp(np.log(loss), log_loss, log_deviation))


def at_budgets(runs: Runs, log_compute: Array) -> Runs:
    """Return the losses at other budgets (m,), by `curves`; of runs that were meant for budgets, at these their own."""
    wanted, every = np.sort(log_compute), np.vstack([runs.log_loss, runs.draws])
    own, count = np.unique(runs.log_compute, return_counts=True)
    own = own[(count >= MIN_SIZES) & meant_for_budgets(runs.log_compute, runs.size)]
    near = np.abs(wanted[:, None] - own)
    shared = near.min(axis=1, initial=np.inf) < TOLERANCE
    parts = []
    for one in np.flatnonzero(shared):
        of = np.flatnonzero(runs.log_compute == own[np.argmin(near[one])])
        parts.append((runs.size[of], np.full(len(of), wanted[one]), every[:, of]))
    if not shared.all():
        sizes, values = curves(runs, every, wanted[~shared])
        at, of = np.nonzero(np.isfinite(values[0]).T)
        parts.append((sizes[of], wanted[~shared][at], values[:, of, at]))
    size, log_c, losses = (np.concatenate(each, axis=-1) for each in zip(*parts, strict=True))
    order = np.lexsort((size, log_c))
    losses = losses[:, order]
    return replace(runs, size=size[order], log_compute=log_c[order], log_loss=losses[0], draws=losses[1:])


def curves(runs: Runs, log_losses: Array, log_compute: Array) -> tuple[Array, Array]:
    """Return the sizes (S,) and each one's log L at log C (m,), for every data set of `log_losses` (B, n).

    By Akima's interpolation of log L over log C, from a size's smallest to its largest budget and NaN beyond;
    returns (B, S, m). Raises LawbookError if no size has two budgets.
    """
    names, count = np.unique(runs.size, return_counts=True)
    names = names[count > 1]
    if not len(names):
        raise LawbookError("no size has two budgets between which its loss could be interpolated")
    values = np.full((len(log_losses), len(names), len(log_compute)), np.nan)
    for i, name in enumerate(names):
        of = runs.size == name
        x = runs.log_compute[of]
        inside = (log_compute >= x[0] - SAME) & (log_compute <= x[-1] + SAME)
        at = np.clip(log_compute[inside], x[0], x[-1])
        values[:, i, inside] = interpolate(x, log_losses[:, of], at)
    return names, values


def _noisy(loss: Array, noise: SeedNoise, draws: int, rng: np.random.Generator) -> Array:
    if isinstance(noise, pd.DataFrame):
        check_columns(noise, ["loss", "deviation"])
        noise = noise_between(numbers(noise, "loss"), numbers(noise, "deviation"))
    deviation = np.broadcast_to(noise(loss) if callable(noise) else float(noise), loss.shape)
    wrong = ~((deviation >= 0) & (deviation < _LOUDEST * loss))
    if wrong.any():
        j = int(np.argmax(wrong))
        raise LawbookError(
            f"noise of {deviation[j]:g} at loss {loss[j]:g}: it must be ≥ 0 and below an eighth of the loss"
        )
    return np.asarray(np.log(loss + deviation * rng.standard_normal((draws, len(loss)))))
