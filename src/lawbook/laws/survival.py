"""Fit a law to a y that some rows have by a bound alone: a step that was never reached, a ratio of such steps.

A row is a run, and log y = log f(x; θ) + σ · standard normal, so that the law is that of the median. A seen y counts
by its density, one known to lie in (low, high] by its probability: the likelihood of survival analysis with a
log-normal spread (Kalbfleisch and Prentice 2002, The Statistical Analysis of Failure Time Data, section 3.2),
maximised by reweighted least squares (Green 1984, Journal of the Royal Statistical Society B 46:149).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import log_ndtr, ndtr, ndtri

from lawbook.errors import listed
from lawbook.laws.cells import Cells
from lawbook.laws.checks import check_inputs, check_request, numbers
from lawbook.laws.evidence import follow, held_terms
from lawbook.laws.fit import derived_estimates, too_few, without_estimates
from lawbook.laws.fitted import Fit
from lawbook.laws.identify import free_parameters
from lawbook.laws.law import Array, Counts, Flags, Law
from lawbook.laws.loss import Loss
from lawbook.laws.noise import Spread
from lawbook.laws.note import refusal, warning
from lawbook.laws.points import Points, gather
from lawbook.laws.solver import Data, Solution, jacobian, solve
from lawbook.laws.uncertainty import FEW_CLUSTERS, Estimate, interval, left_out, resampled
from lawbook.laws.verdict import judge, lack_of_fit
from lawbook.seeds import generator
from lawbook.storage.status import FitStatus, RunStatus

_EXACT, _DRAWN = (1e-10, 500), (1e-5, 100)
"""Largest change of log ŷ and log σ in a step that counts as none, and the most steps: of an estimate, of a draw."""
_LEAST_SIGMA, _FLAT = 1e-9, 1e-9
"""Smallest σ, and smallest curvature of the likelihood of a row, in 1/σ²."""
_LOG_ROOT_2_PI = 0.5 * float(np.log(2 * np.pi))


@dataclass(frozen=True)
class Rows:
    """What is known of log y, (n,) each: low < log y ≤ high, both log y itself where it was seen."""

    low: Array
    high: Array

    @property
    def seen(self) -> Flags:
        """Return which log y were seen."""
        return np.asarray(self.low == self.high)

    def expected(self, mean: Array, sigma: Array) -> tuple[Array, Array]:
        """Return mean and variance of log y ~ N(mean, σ²) given what is known, (B, n); mean (B, n), sigma (B, 1)."""
        out, variance = np.broadcast_to(self.low, mean.shape).copy(), np.zeros(mean.shape)
        at = ~self.seen
        a, b = ((end[at] - mean[:, at]) / sigma for end in (self.low, self.high))
        log_mass = _log_mass(a, b)
        with np.errstate(invalid="ignore"):
            at_a, at_b = (np.exp(-0.5 * z**2 - _LOG_ROOT_2_PI - log_mass) for z in (a, b))
            move = at_a - at_b
            spread = np.where(np.isfinite(a), a * at_a, 0.0) - np.where(np.isfinite(b), b * at_b, 0.0)
        out[:, at] = mean[:, at] + sigma * move
        variance[:, at] = sigma**2 * np.clip(1 + spread - move**2, 0.0, 1.0)
        return out, variance

    def scale_slopes(self, mean: Array, sigma: Array, weights: Array) -> tuple[Array, Array]:
        """Return the first and second derivative of Σ w log likelihood along log σ, (B,) each; see `expected`."""
        at = ~self.seen
        square = ((self.low[~at] - mean[:, ~at]) / sigma) ** 2
        a, b = ((end[at] - mean[:, at]) / sigma for end in (self.low, self.high))
        log_mass = _log_mass(a, b)
        first, second = np.zeros(a.shape), np.zeros(a.shape)
        for z, sign in ((a, 1.0), (b, -1.0)):
            z = np.where(np.isfinite(z), z, 0.0)  # there the density vanishes
            part = sign * z * np.exp(-0.5 * z**2 - _LOG_ROOT_2_PI - log_mass)
            first, second = first + part, second - part * (1 - z**2)
        second = second - first**2
        w, v = weights[:, ~at], weights[:, at]
        slope = np.sum(w * (square - 1), axis=1) + np.sum(v * first, axis=1)
        bend = np.sum(-2 * w * square, axis=1) + np.sum(v * second, axis=1)
        return slope, bend

    def log_likelihood(self, mean: Array, sigma: float) -> float:
        """Return Σ log density of the seen and log probability of the others under N(mean, σ²), mean (n,)."""
        seen = self.seen
        z = (self.low[seen] - mean[seen]) / sigma
        density = -0.5 * z**2 - _LOG_ROOT_2_PI - np.log(sigma)
        a, b = ((end[~seen] - mean[~seen]) / sigma for end in (self.low, self.high))
        return float(density.sum() + _log_mass(a, b).sum())

    def drawn(self, mean: Array, sigma: float, rng: np.random.Generator) -> Array:
        """Return log y with each that was not seen drawn from N(mean, σ²) between its bounds, (n,)."""
        out, at = self.low.copy(), ~self.seen
        a, b = ((end[at] - mean[at]) / sigma for end in (self.low, self.high))
        # In the lower tail, where probabilities keep their digits.
        flip = a > 0
        low, high = np.where(flip, -b, a), np.where(flip, -a, b)
        z = ndtri(ndtr(low) + rng.random(len(low)) * (ndtr(high) - ndtr(low)))
        out[at] = mean[at] + sigma * np.clip(np.where(flip, -z, z), a, b)
        return out


def fit_censored(
    table: pd.DataFrame,
    law: Law,
    *,
    y: str,
    bounds: tuple[str, str],
    x: str | Sequence[str],
    cluster: str | Sequence[str] | None,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Fit:
    """Fit a law to rows of which some have no y, but columns `bounds`: low < y ≤ high, either null.

    Other arguments, and what is raised, as in `lawbook.laws.fit`. Intervals are BCa over clusters, whole ones
    resampled; `objective` is minus the log likelihood. Below eight clusters, and where fewer values were seen than
    the law needs, the fit is refused, with the rows named.
    """
    check_request(draws, level)
    inputs = (x,) if isinstance(x, str) else tuple(x)
    check_inputs(law, inputs)
    value, low, high = (numbers(table, column) for column in (y, *bounds))
    low, high = np.where(low > 0, low, 0.0), np.where(np.isfinite(high), high, np.inf)
    censored = np.isnan(value) & ((low > 0) | np.isfinite(high))
    stand_in = np.where(low > 0, low, high)
    filled = table.assign(**{y: np.where(censored, stand_in, value)})
    points = gather(filled, y=y, x=x, cluster=cluster, positive_x=law.positive_x)
    kept = np.isfinite(filled[y].to_numpy()) & np.all(
        [np.isfinite(numbers(table, c)) for c in inputs], axis=0
    )
    if "status" in table:
        kept &= ~table["status"].isin([RunStatus.DIVERGED, RunStatus.FAILED]).to_numpy(dtype=bool)
    rows = table.index[kept & censored].tolist()
    seen, repeats, named = int(kept.sum()) - len(rows), points.n_clusters, f"rows {listed(rows)}"
    text = f"{len(rows)} values of {y} are known by a bound alone and count by its probability under a log-normal"
    text += f" spread; the law is that of the median: {named}"
    points = replace(
        points, n_censored=len(rows), notes=(*points.notes, warning("censored", text, rows=rows))
    )
    why, needed = too_few(points, law), len(law.parameters) + 2
    if why is None and law.coupled:
        text = f"the law reads a schedule's history, and {named} have no {y}"
        why = refusal("censored_history", text, rows=rows)
    elif why is None and seen < needed:
        text = f"{seen} values of {y} were seen (at least {needed} are needed), and {named} are censored"
        why = refusal("too_few_seen", text, seen=seen, needed=needed, rows=rows)
    elif why is None and repeats < FEW_CLUSTERS:
        text = f"{repeats} independent repeats (at least {FEW_CLUSTERS} where values are censored), and {named} are"
        why = refusal("too_few_repeats", text, repeats=repeats, needed=FEW_CLUSTERS, rows=rows)
    if why is not None:
        return without_estimates(points, law, Loss(), level, why)
    keys = [cluster] if isinstance(cluster, str) else list(cluster or ())
    who = table[kept].groupby(keys, dropna=False).ngroup().to_numpy() if keys else np.arange(int(kept.sum()))
    with np.errstate(divide="ignore"):
        ends = [np.log(np.where(censored, end, value)[kept]) for end in (low, high)]
    at = np.stack([numbers(table, name)[kept] for name in inputs], axis=1)
    return _fit_rows(points, law, at, Rows(*ends), who, draws, level, seed)


def _fit_rows(
    points: Points, law: Law, x: Array, rows: Rows, who: Counts, draws: int, level: float, seed: int
) -> Fit:
    """Fit a law to rows x (n, d) of the clusters `who` (n,)."""
    n, C = len(x), points.n_clusters
    best = _optimum(law, x, rows)
    parameters, sigma, solution = best.parameters, best.sigma, best.solution
    mean = law.log_predict(x, parameters)
    if not np.isfinite(best.log_likelihood):
        text = "the law is infinite or not positive at some points wherever it was started"
        return without_estimates(points, law, Loss(), level, refusal("not_finite", text))
    # Verdicts are taken on data in which what was not seen is drawn from the fit: means would hide its spread.
    whole = rows.drawn(mean, sigma, generator(seed, "censored"))
    single = _rows_as_points(points, x, whole, who)
    drawn, without = (
        np.concatenate([_refit(law, x, rows, counts[:, who], parameters, sigma) for counts in batched])
        for batched in (
            resampled(np.zeros(C, dtype=np.int64), n, draws, generator(seed, "bootstrap")),
            left_out(C, n),
        )
    )
    fit_p, unexplained = lack_of_fit(law, single, solution)
    status, why = judge(law, single, solution, drawn, level, fit_p, unexplained)
    estimates = {
        name: interval(
            float(parameters[j]), drawn[:, j], without[:, j], "bca", C, level,
            name == law.floor and parameters[j] == 0.0,
        )
        for j, name in enumerate(law.parameters)
    }  # fmt: skip
    if status == FitStatus.NOT_IDENTIFIED:
        for name in free_parameters(law, x, parameters) & set(estimates):
            estimates[name] = Estimate(estimates[name].value, np.nan, np.nan, "none")
    minus_log = -best.log_likelihood
    k = len(law.parameters) + 1
    expected = rows.expected(mean[None], np.array([[sigma]]))[0][0]
    return replace(
        without_estimates(points, law, Loss(), level, why),
        status=status, estimates=estimates, method="bca", objective=minus_log,
        derived=derived_estimates(points, law, parameters, drawn, without, "bca", level),
        gradient=_gradient(law, x, parameters, (expected - mean) / sigma),
        bic=2 * minus_log + k * float(np.log(n)),
        aicc=2 * minus_log + 2 * k + 2 * k * (k + 1) / (n - k - 1) if n > k + 1 else np.nan,
        lack_of_fit=fit_p, screened=solution.screened, starts=solution.starts,
        starts_at_best=int(solution.starts_at_best[0]), draws=drawn,
        failed_draws=int(np.sum(~np.isfinite(drawn[:, 0]))), points=_point_table(points.inputs, x, rows, mean),
        spread=Spread(float(np.log(sigma)), 0.0, 0.0, np.nan, float(C - 1)),
    )  # fmt: skip


def _point_table(inputs: tuple[str, ...], x: Array, rows: Rows, mean: Array) -> pd.DataFrame:
    """Return each row as a point: its y, or the bound of one that is censored, and its log residual from `mean`.

    A censored one has as low or high end the bounds that it has; the others have no interval of their own.
    """
    at = np.where(np.isfinite(rows.low), rows.low, rows.high)
    low, high = (
        np.where(rows.seen | ~np.isfinite(end), np.nan, np.exp(end)) for end in (rows.low, rows.high)
    )
    table = pd.DataFrame(x, columns=list(inputs))
    return table.assign(y=np.exp(at), low=low, high=high, n_seeds=1, residual=at - mean, censored=~rows.seen)


class _Optimum(NamedTuple):
    """Where the likelihood is largest: θ (p,), σ, and the fit by least squares that it was reached from."""

    log_likelihood: float
    parameters: Array
    sigma: float
    solution: Solution


def _optimum(law: Law, x: Array, rows: Rows) -> _Optimum:
    """Return the optimum from the fit to bounds in place of values, or to their means, as long as these lead higher."""
    best = _climb(law, x, rows, np.where(np.isfinite(rows.low), rows.low, rows.high))
    for _ in range(3):
        mean = law.log_predict(x, best.parameters)
        again = _climb(law, x, rows, rows.expected(mean[None], np.array([[best.sigma]]))[0][0])
        if not again.log_likelihood > best.log_likelihood + 1e-9 * abs(best.log_likelihood):
            break
        best = again
    return best


def _climb(law: Law, x: Array, rows: Rows, log_y: Array) -> _Optimum:
    """Return the optimum next to the fit of log y (n,) by least squares from many starts."""
    once, none = np.ones((1, len(x))), np.zeros((1, len(x)), dtype=bool)
    solution = solve(law, x, Data(log_y[None], once, none))
    start = solution.parameters
    size = np.sqrt(np.mean((log_y - law.log_predict(x, start)) ** 2, axis=1)) + _LEAST_SIGMA
    parameters, sigma, at_rest = _maximise(law, x, rows, once, start, size, *_EXACT)
    found = rows.log_likelihood(law.log_predict(x, parameters[0]), float(sigma[0]))
    solution = replace(solution, parameters=parameters, converged=solution.converged & at_rest)
    return _Optimum(found, parameters[0], float(sigma[0]), solution)


def _maximise(
    law: Law, x: Array, rows: Rows, weights: Array, start: Array, sigma: Array, tolerance: float, most: int
) -> tuple[Array, Array, Flags]:
    """Return θ (B, p), σ (B,) of largest likelihood near their start, rows counted `weights` (B, n) times.

    In turn a Newton step in log ŷ, as least squares with the likelihood's own slopes and curvatures, and one in
    log σ. The third of what is returned tells which came to rest.
    """
    parameters, log_sigma = start.copy(), np.log(sigma)
    todo, none = np.arange(len(weights)), np.zeros((len(weights), len(x)), dtype=bool)
    mean = law.log_predict(x, parameters)
    for _ in range(most):
        if not len(todo):
            break
        w, at = weights[todo], np.exp(log_sigma[todo, None])
        log_y, variance = rows.expected(mean[todo], at)
        curvature = np.maximum(1 - variance / at**2, _FLAT)
        target = mean[todo] + (log_y - mean[todo]) / curvature
        moved = follow(law, x, Data(target, w * curvature, none[todo]), parameters[todo], held_terms(law))
        to = law.log_predict(x, moved)
        slope, bend = rows.scale_slopes(to, at, w)
        step = np.clip(np.where(bend < 0, -slope / np.where(bend < 0, bend, -1.0), np.sign(slope)), -0.7, 0.7)
        step = np.maximum(step, np.log(_LEAST_SIGMA) - log_sigma[todo])
        change = np.abs(to - mean[todo]).max(axis=1) + np.abs(step)
        parameters[todo], mean[todo] = moved, to
        log_sigma[todo] += step
        todo = todo[~(change < tolerance) & np.isfinite(change)]
    rest = np.ones(len(weights), dtype=bool)
    rest[todo] = False
    return parameters, np.exp(log_sigma), rest & np.isfinite(mean).all(axis=1)


def _refit(law: Law, x: Array, rows: Rows, weights: Array, parameters: Array, sigma: float) -> Array:
    """Return the parameters of resampled rows, (B, p), NaN where they did not come to rest."""
    B = len(weights)
    start = np.repeat(parameters[None], B, axis=0)
    found, _, rest = _maximise(law, x, rows, weights, start, np.full(B, sigma), *_DRAWN)
    return np.where(rest[:, None], found, np.nan)


def _rows_as_points(points: Points, x: Array, log_y: Array, who: Counts) -> Points:
    """Return each row as a point of its own, in its cluster."""
    cells, cell = Cells.of_runs(who, np.arange(len(x)), points.n_clusters, len(x))
    y = np.empty(len(x))
    y[cell] = np.exp(log_y)
    ones = np.ones(len(x))
    return replace(
        points, x=x, cells=cells, sums=y, mass=ones, runs=ones.astype(np.int64),
        limit=np.full(len(x), np.nan), base=ones,
    )  # fmt: skip


def _gradient(law: Law, x: Array, parameters: Array, residuals: Array) -> float:
    """Return the largest derivative of the mean log likelihood along a parameter, per σ of RMS change in log ŷ."""
    J = jacobian(law, x, parameters)
    size = np.sqrt(np.sum(J**2, axis=0))
    return float(np.max(np.abs(J.T @ residuals) / np.where(size > 0, size, 1.0)) / np.sqrt(len(x)))


def _log_mass(a: Array, b: Array) -> Array:
    """Return log(Φ(b) − Φ(a)), a < b, from the side where neither is near 1."""
    flip = a > 0
    upper, lower = np.where(flip, -a, b), np.where(flip, -b, a)
    log_upper, log_lower = log_ndtr(upper), log_ndtr(lower)
    return np.asarray(log_upper + np.log(-np.expm1(np.minimum(log_lower - log_upper, -1e-15))))
