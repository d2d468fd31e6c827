"""A law fitted to data: its estimates, how sure they are, what there is to know of them, and what it predicts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from lawbook.errors import LawbookError
from lawbook.laws.checks import check_columns, places
from lawbook.laws.evidence import Evidence
from lawbook.laws.law import Array, Flags, Law
from lawbook.laws.loss import Loss
from lawbook.laws.noise import Spread
from lawbook.laws.note import Note, reason_of
from lawbook.laws.profile import profile_prediction
from lawbook.laws.schedules import numbered
from lawbook.laws.uncertainty import Estimate, quantile_levels
from lawbook.storage.status import FitStatus

_PLACES = 16
"""Places of one profile: its design holds them all."""


@dataclass(frozen=True)
class Fit:
    """A law with its estimates on given data, how sure they are, and how they came about.

    `status` says whether the data give the law; `notes` what there is to know besides the numbers, first why
    there is no law, where there is none. `draws` (draws, p) are refitted parameters, NaN where a refit did not converge
    (`failed_draws`). `objective` is Σ w ρ(r) with weights of mean 1, `gradient` its derivative at the
    optimum, `starts_at_best` how many of `starts` reached it (relative excess < 1e-9), the best of the
    `screened` ones. `derived` are the law's further quantities. `method` says how the draws were made; an
    estimate's own method is 'profile' where its interval does not come from them. `points` has per x the
    mean y, its interval, the number of seeds, the log residual and whether it is censored. `influence` says
    what single points do to the parameters, `spread` how far single runs lie from the law; `evidence`, where
    there is one, is what profile intervals rest on.
    """

    law: Law
    y: str
    inputs: tuple[str, ...]
    status: FitStatus
    estimates: dict[str, Estimate]
    derived: dict[str, Estimate]
    notes: tuple[Note, ...]
    level: float
    method: str
    loss: Loss
    objective: float
    gradient: float
    bic: float
    aicc: float
    lack_of_fit: float
    screened: int
    starts: int
    starts_at_best: int
    draws: Array
    failed_draws: int
    points: pd.DataFrame
    x_range: tuple[tuple[float, float], ...]
    n_runs: int
    n_seeds: int
    n_censored: int
    n_diverged: int
    influence: pd.DataFrame = field(repr=False)
    spread: Spread
    evidence: Evidence | None = field(repr=False)

    @property
    def reason(self) -> str:
        """Return why the data give no such law, or do not fix its parameters; '' if they do."""
        return reason_of(self.notes)

    @property
    def n_points(self) -> int:
        """Return the number of distinct x."""
        return len(self.points)

    @property
    def decades(self) -> tuple[float, ...]:
        """Return log10(largest / smallest x) per input, NaN where x is not positive, and of an index."""
        measured = [name for name in self.inputs if self.law.index is None or name != self.law.index.column]
        return tuple(
            float(np.log10(high / low)) if low > 0 and name in measured else np.nan
            for name, (low, high) in zip(self.inputs, self.x_range, strict=True)
        )

    @property
    def places(self) -> Array:
        """Return the x of the points, (n, d), an index as its values' places."""
        table = self.points if self.law.index is None else self.law.index.coded(self.points)
        return table[list(self.inputs)].to_numpy(dtype=float)

    @property
    def parameters(self) -> Array:
        """Return the estimates in the law's order, (p,)."""
        return np.array([self.estimates[name].value for name in self.law.parameters])

    @property
    def covariance(self) -> Array:
        """Return the covariance of the parameters over the draws, (p, p); NaN without draws."""
        kept = self.draws[np.isfinite(self.draws).all(axis=1)]
        p = len(self.law.parameters)
        return np.atleast_2d(np.cov(kept.T)) if len(kept) > 1 else np.full((p, p), np.nan)

    def predict(self, x: ArrayLike, *, interval: str | None = "confidence") -> pd.DataFrame:
        """Return the law at x, with an interval for its value ('confidence') or for a new run ('prediction').

        x: (n,) or (n, d), or a table with the inputs as columns, schedules and an index by names. Columns: the inputs,
        estimate, low, high; low and high are NaN with None, all three where the law is not defined. The interval of
        the law is that of its profile at each x, or of the draws' percentiles where there is no profile. That of a
        new run adds the spread of runs at that level of y, as both were normal. Raises LawbookError for another kind
        of interval or another shape.
        """
        if interval not in ("confidence", "prediction", None):
            raise LawbookError(f"interval must be 'confidence', 'prediction' or None, got {interval!r}")
        index = self.law.index
        if index is not None and isinstance(x, pd.DataFrame):
            check_columns(x, self.inputs)
            x = index.coded(x)
        at = places(numbered(x, self.inputs[0], self.notes), self.inputs)
        table = pd.DataFrame(at, columns=list(self.inputs))
        table = table if index is None else index.named(table)
        log_y = self.law.log_predict(at, self.parameters)
        ends = np.full((2, len(at)), np.nan)
        if interval is not None and np.isfinite(log_y).any():
            ends = self._band(at, np.isfinite(log_y))
        if interval == "prediction":
            run = stdtrit(self.spread.df, (1 + self.level) / 2) * self.spread.at(log_y)
            away = np.sqrt((ends - log_y) ** 2 + run**2)
            ends = np.stack([log_y - away[0], log_y + away[1]])
        table["estimate"] = np.exp(log_y) - self.law.shift
        table["low"], table["high"] = np.exp(ends) - self.law.shift
        return table

    def _band(self, at: Array, seen: Flags) -> Array:
        """Return both ends of the interval of log ŷ at x = at (n, d), (2, n), NaN where the law is not `seen`."""
        if self.evidence is not None and not self.law.coupled:
            one, whole = np.zeros(_PLACES, dtype=np.int64), at[seen]
            parts = [whole[low : low + _PLACES] for low in range(0, len(whole), _PLACES)]
            found = [profile_prediction(self.evidence.take(one[: len(x)]), x, self.level) for x in parts]
            ends = np.full((2, len(at)), np.nan)
            ends[:, seen] = np.concatenate([np.stack([e.low, e.high]) for e in found], axis=1)
            return ends
        drawn = self.draws[np.isfinite(self.draws).all(axis=1)]
        if not len(drawn):
            return np.full((2, len(at)), np.nan)
        levels = quantile_levels(self.method, self.n_seeds, self.level)
        return np.asarray(np.quantile(self.law.log_predict(at, drawn), levels, axis=0))
