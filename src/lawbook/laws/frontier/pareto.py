"""The Pareto frontier of pruning: the least error at each number of kept examples, over the pools they come from.

The best pool is chosen on one half of the repeats and read on the other, so that the luckiest choice is not
taken for the best; and a choice at the edge of the sweep is marked, since a better one may lie beyond it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, suggest
from lawbook.laws.law import Array
from lawbook.laws.note import Note, warning
from lawbook.laws.repeats import t_reach
from lawbook.seeds import generator

LARGEST_POOL, SMALLEST_FRACTION, LARGEST_FRACTION = "largest pool", "smallest fraction", "largest fraction"

LEAST_REPEATS = 4
"""Repeats below which halves of them say nothing of each other."""

SPLITS = 200
"""Random halvings that an estimate is the mean over."""


@dataclass(frozen=True)
class Pareto:
    """A frontier and its control at K numbers of kept examples.

    kept (K,); estimate and naive (K,), the frontier by halves and the mere minimum; pool (K,), the choice of most
    halvings; censored (K,), on which edge it lies, empty for none; control (K,); draws and control_draws (draws,
    K), paired: each resamples the same repeats for both.
    """

    kept: Array
    estimate: Array
    naive: Array
    pool: Array
    censored: tuple[str, ...]
    control: Array
    draws: Array
    control_draws: Array
    n_repeats: int
    level: float
    notes: tuple[Note, ...]

    @cached_property
    def window(self) -> slice:
        """Return the points up to the first at an edge, which is the last that may be fitted.

        Before them go those for which a smaller pool than all that were swept might be better.
        """
        within = [i for i, mark in enumerate(self.censored) if mark != LARGEST_FRACTION]
        start = within[0] if within else len(self.kept)
        ends = [i for i, mark in enumerate(self.censored) if mark and i >= start]
        return slice(start, ends[0] + 1 if ends else len(self.kept))

    def interval(self, draws: Array, estimate: Array) -> tuple[Array, Array]:
        """Return the ends of estimate ± t · SE over draws, t of n - 1 repeats.

        Each half of h repeats is resampled by itself, which makes the spread of its mean too small by √(1 - 1/h).
        """
        half = self.n_repeats // 2
        error = draws.std(axis=0, ddof=1) * np.sqrt(half / (half - 1))
        reach = t_reach(self.n_repeats, self.level) * error
        return estimate - reach, estimate + reach

    def table(self) -> pd.DataFrame:
        """Return a row per part (pruned, control) and number of kept examples, with intervals of log error."""
        parts = []
        for part, value, draws in (
            ("pruned", self.estimate, self.draws),
            ("control", self.control, self.control_draws),
        ):
            low, high = self.interval(np.log(draws), _log(value))
            rows = pd.DataFrame(
                {"kept": self.kept, "estimate": value, "low": np.exp(low), "high": np.exp(high)}
            )
            parts.append(rows.assign(part=part, level=self.level, n_repeats=self.n_repeats))
        parts[0] = parts[0].assign(
            pool=self.pool, keep_fraction=self.kept / self.pool, censored=list(self.censored)
        )
        return pd.concat(parts, ignore_index=True)

    def slopes(self) -> pd.DataFrame:
        """Return -d log error / d log kept between neighbours: of frontier, control and their difference."""
        step = np.diff(np.log(self.kept))
        values = {"pruned": (self.estimate, self.draws), "control": (self.control, self.control_draws)}
        found = {
            part: (-np.diff(_log(value)) / step, -np.diff(np.log(draws), axis=1) / step)
            for part, (value, draws) in values.items()
        }
        found["difference"] = (
            found["pruned"][0] - found["control"][0],
            found["pruned"][1] - found["control"][1],
        )
        parts = []
        for part, (slope, draws) in found.items():
            low, high = self.interval(draws, slope)
            ends = {"x_low": self.kept[:-1], "x_high": self.kept[1:]}
            parts.append(pd.DataFrame({**ends, "slope": slope, "low": low, "high": high}).assign(part=part))
        return pd.concat(parts, ignore_index=True)


def pareto(
    pruned: pd.DataFrame,
    control: pd.DataFrame,
    *,
    y: str,
    kept: str = "n_train",
    pool: str = "samples",
    cluster: Sequence[str] = ("seed",),
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Pareto:
    """Compute min over pools of the mean error at each number of kept examples, chosen and read on different repeats.

    pruned, control: a row per run. A repeat is a combination of the `cluster` axes: a whole pool, not a model.
    For each of 200 random halvings of the repeats, the best pool of one half is read on the other, and the
    reverse; the estimate is their mean. A draw resamples the repeats within two random halves. The control is the
    mean over its pools, on the same repeats. Runs without a finite y, or with one below 0, are left out with a
    Note. An error of 0 counts as such in a mean; a mean of 0 in a draw counts as the least that n repeats can tell
    from it, the smallest positive error over n.

    Raises LawbookError for absent columns, fewer than 4 repeats, or no number of kept examples that both have.
    """
    for table in (pruned, control):
        for column in (y, kept, pool, *cluster):
            if column not in table.columns:
                raise LawbookError(f"the runs have no column {column!r}; {suggest(column, table.columns)}")
    notes: list[Note] = []
    both = sorted(set(pruned[kept]) & set(control[kept]))
    repeats = sorted(set(_repeats(pruned, cluster)) & set(_repeats(control, cluster)))
    if len(repeats) < LEAST_REPEATS:
        problem = f"the frontier has {len(repeats)} repeats of {', '.join(cluster)} that the control has, too"
        raise LawbookError(f"{problem}; choosing on one half and reading on the other takes {LEAST_REPEATS}")
    if not both:
        problem = f"frontier and control share no number of kept examples ({kept})"
        raise LawbookError(f"{problem}; sweep both over the same ones")
    pools = np.array(sorted(set(pruned[pool])), dtype=float)
    errors = _cube(pruned, y, (kept, both), (pool, pools.tolist()), cluster, repeats, "frontier", notes)
    controls = _cube(
        control, y, (kept, both), (pool, sorted(set(control[pool]))), cluster, repeats, "control", notes
    )
    control_of_repeat = _mean(controls, axis=1)

    rng = generator(seed, "pareto")
    n, half = len(repeats), len(repeats) // 2
    order = rng.permuted(np.broadcast_to(np.arange(n), (SPLITS, n)), axis=1)
    counts = [_counts(part, n) for part in (order[:, :half], order[:, half:])]
    values, choices = _crossed(errors, counts)
    estimate = values.mean(axis=0)
    most = np.array(
        [np.bincount(choice, minlength=len(pools)).argmax() for choice in choices.reshape(-1, len(both)).T]
    )

    order = rng.permuted(np.broadcast_to(np.arange(n), (draws, n)), axis=1)
    drawn = [
        _counts(np.take_along_axis(part, rng.integers(part.shape[1], size=part.shape), axis=1), n)
        for part in (order[:, :half], order[:, half:])
    ]
    return Pareto(
        kept=np.array(both, dtype=float),
        estimate=estimate,
        naive=_least(_mean(errors, axis=2)),
        pool=pools[most],
        censored=tuple(_edge(pools, errors, both[place], place, choice) for place, choice in enumerate(most)),
        control=_mean(control_of_repeat, axis=1),
        draws=_above_zero(_crossed(errors, drawn)[0], errors),
        control_draws=_above_zero(
            _weighted(control_of_repeat[:, None, :], drawn[0] + drawn[1])[:, :, 0], control_of_repeat
        ),
        n_repeats=n,
        level=level,
        notes=tuple(notes),
    )


def _log(values: Array) -> Array:
    """Return log of what is above 0, NaN of the rest."""
    return np.log(np.where(values > 0, values, np.nan))


def _repeats(table: pd.DataFrame, cluster: Sequence[str]) -> list[tuple[object, ...]]:
    return list(table[list(cluster)].itertuples(index=False, name=None))


def _cube(
    table: pd.DataFrame,
    y: str,
    kept: tuple[str, list[float]],
    pool: tuple[str, list[float]],
    cluster: Sequence[str],
    repeats: list[tuple[object, ...]],
    name: str,
    notes: list[Note],
) -> Array:
    """Return y by kept, pool and repeat, the mean over runs that share all three, NaN for none."""
    bad = ~(np.isfinite(table[y].astype(float)) & (table[y] >= 0))
    if n := int(bad.sum()):
        text = f"{n} runs of the {name} have no finite {y}"
        notes.append(warning("frontier_runs_left_out", text, part=name, count=n))
    place = {repeat: i for i, repeat in enumerate(repeats)}
    good = table[~bad].assign(_repeat=[place.get(r, -1) for r in _repeats(table[~bad], cluster)])
    means = good[good["_repeat"] >= 0].groupby([kept[0], pool[0], "_repeat"])[y].mean().reset_index()
    cube = np.full((len(kept[1]), len(pool[1]), len(repeats)), np.nan)
    rows = {value: i for i, value in enumerate(kept[1])}
    columns = {value: i for i, value in enumerate(pool[1])}
    for k, p, r, value in means.itertuples(index=False, name=None):
        if k in rows:
            cube[rows[k], columns[p], r] = value
    return cube


def _mean(values: Array, axis: int) -> Array:
    """Return the mean over what is there, NaN where nothing is."""
    count = np.isfinite(values).sum(axis=axis)
    total = np.nansum(values, axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _least(values: Array) -> Array:
    """Return the smallest number of each row, NaN where there is none."""
    filled = np.where(np.isfinite(values), values, np.inf).min(axis=1)
    return np.where(np.isfinite(filled), filled, np.nan)


def _above_zero(draws: Array, errors: Array) -> Array:
    """Return draws of means with the zeros among them raised to the smallest positive error over n repeats."""
    positive = errors[errors > 0]
    least = positive.min() / errors.shape[-1] if len(positive) else np.nan
    return np.where(draws == 0, least, draws)


def _counts(chosen: np.ndarray[tuple[int, int], np.dtype[np.int64]], n: int) -> Array:
    """Return how often each of n repeats is chosen, (draws, n)."""
    return np.stack([np.bincount(row, minlength=n) for row in chosen]).astype(float)


def _weighted(errors: Array, counts: Array) -> Array:
    """Return the mean over repeats with these counts, (draws, kept, pools); NaN where none is there."""
    there = np.isfinite(errors)
    total = np.einsum("dr,kpr->dkp", counts, np.where(there, errors, 0.0))
    weight = np.einsum("dr,kpr->dkp", counts, there.astype(float))
    return np.where(weight > 0, total / np.maximum(weight, 1e-300), np.nan)


def _crossed(
    errors: Array, halves: list[Array]
) -> tuple[Array, np.ndarray[tuple[int, int, int], np.dtype[np.int64]]]:
    """Return the value of each half's best pool on the other half, averaged, (draws, kept), and the choices."""
    means = [_weighted(errors, counts) for counts in halves]
    best = [np.where(np.isfinite(mean), mean, np.inf).argmin(axis=2) for mean in means]
    read = [np.take_along_axis(means[1 - i], best[i][..., None], axis=2)[..., 0] for i in (0, 1)]
    return _mean(np.stack(read), axis=0), np.stack(best)


def _edge(pools: Array, errors: Array, kept: float, place: int, choice: int) -> str:
    """Return on which edge of the sweep a choice lies: a larger or smaller pool might be better.

    A whole pool is no edge: there is none smaller.
    """
    there = np.flatnonzero(np.isfinite(errors[place]).any(axis=1))
    if choice == len(pools) - 1:
        return LARGEST_POOL
    if len(there) and choice == there[-1]:
        return SMALLEST_FRACTION
    return LARGEST_FRACTION if len(there) and choice == there[0] and pools[choice] > kept else ""
