"""Fit one law to a table of runs: estimates with intervals, diagnostics, warnings, or a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from lawbook.laws.forms import laws
from lawbook.laws.law import Array, Law
from lawbook.laws.points import Notice, Points, gather
from lawbook.laws.solver import Loss, Solution, solve
from lawbook.laws.uncertainty import (
    Estimate,
    interval,
    jackknife,
    quantile_levels,
    repeated,
    resample,
    resampling,
)
from lawbook.laws.verdict import doubtful, judge, lack_of_fit, trend
from lawbook.seeds import generator

_FEW_STARTS = 0.05
_MANY_LOST = 0.05


@dataclass(frozen=True)
class Fit:
    """A law with its estimates on given data, how sure they are, and how they came about.

    `status` is 'ok', 'refused' (the data give no such law; `reason` says why) or 'not_identified' (they do
    not fix its parameters). `draws` (draws, p) are refitted parameters, NaN where a refit did not converge
    (`failed_draws`). `objective` is Σ w ρ(r) with weights of mean 1, `gradient` its derivative at the
    optimum, `starts_at_best` how many starts reached it (relative excess < 1e-9). `points` has per x the
    mean y, its interval, the number of seeds, the log residual and whether it is censored.
    """

    law: Law
    y: str
    inputs: tuple[str, ...]
    status: str
    reason: str
    estimates: dict[str, Estimate]
    warnings: tuple[Notice, ...]
    level: float
    method: str
    loss: Loss
    objective: float
    gradient: float
    bic: float
    lack_of_fit: float
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

    @property
    def n_points(self) -> int:
        """Return the number of distinct x."""
        return len(self.points)

    @property
    def decades(self) -> tuple[float, ...]:
        """Return log10(largest / smallest x) per input, NaN where x is not positive."""
        return tuple(float(np.log10(high / low)) if low > 0 else np.nan for low, high in self.x_range)

    @property
    def parameters(self) -> Array:
        """Return the estimates in the law's order, (p,)."""
        return np.array([self.estimates[name].value for name in self.law.parameters])

    def predict(self, x: ArrayLike, *, interval: bool = True) -> pd.DataFrame:
        """Return the law at x, with the percentile band of the mean curve over the draws.

        x: (n,) or (n, d). Columns: the inputs, estimate, low, high; the band is NaN without `interval`.
        """
        at = np.asarray(x, dtype=float).reshape(-1, len(self.inputs))
        table = pd.DataFrame(at, columns=list(self.inputs))
        table["estimate"] = np.exp(self.law.log_predict(at, self.parameters))
        low, high = np.full(len(at), np.nan), np.full(len(at), np.nan)
        drawn = self.draws[np.isfinite(self.draws).all(axis=1)]
        if interval and len(drawn):
            band = np.exp(self.law.log_predict(at, drawn))
            low, high = np.quantile(band, quantile_levels(self.method, self.n_seeds, self.level), axis=0)
        table["low"], table["high"] = low, high
        return table


def fit(
    table: pd.DataFrame,
    law: str | Law,
    *,
    y: str,
    x: str | Sequence[str],
    cluster: str | Sequence[str] | None = "seed",
    n_eval: str | int | None = None,
    loss: str = "log_least_squares",
    delta: float | None = None,
    weights: str | None = None,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Fit:
    """Fit y(x) = Σ_j c_j φ_j(x; θ), c ≥ 0, to the means over runs, minimising Σ w ρ(log ȳ − log ŷ).

    table: a row per run. `cluster` names the column(s) of independent units, resampled whole (None: each row
    is one, and no runs are averaged across them but at equal x). `n_eval`, a column or a number, says that y
    is an error over that many test examples: binomial weights, zeros censored at 1/n_eval. `loss` is
    'log_least_squares' or 'log_huber' with `delta` in log residuals. `weights` is a column.
    Data that give no law yield a Fit with status 'refused'. Raises LawbookError for an unknown law or loss,
    an absent column, y or x out of range.

    >>> table = pd.DataFrame({"n": [1, 2, 4, 8, 16] * 3, "seed": [0] * 5 + [1] * 5 + [2] * 5})
    >>> table["loss"] = 3 * table.n ** -0.5 * (1 + 0.01 * (table.seed - 1))
    >>> fitted = fit(table, "power", y="loss", x="n", draws=100)
    >>> fitted.status, round(fitted.estimates["alpha"].value, 6)
    ('ok', 0.5)
    """
    if isinstance(law, str):
        law = laws[law]
    points = gather(
        table, y=y, x=x, cluster=cluster, n_eval=n_eval, weights=weights, positive_x=law.positive_x
    )
    return fit_points(points, law, loss=Loss(loss, delta), draws=draws, level=level, seed=seed)


def fit_points(
    points: Points, law: Law, *, loss: Loss, draws: int = 1000, level: float = 0.95, seed: int = 0
) -> Fit:
    """Fit a law to gathered points; see `fit`."""
    n, p = len(points.x), len(law.parameters)
    shortage = too_few(points, p)
    if shortage:
        return _without_estimates(points, law, loss, level, shortage)
    points, solution = optimum(points, law, loss)
    parameters = solution.parameters[0]
    data = points.data()
    r = data.log_y[0] - law.log_predict(points.x, parameters)
    method = resampling(points)
    drawn, failed = refit(points, law, loss, solution, method, draws, seed)
    left_out = np.full((0, p), np.nan)
    if method == "bca":
        left_out = _converged(solve(law, points.x, jackknife(points), loss, warm=parameters))
    estimates = {}
    for j, name in enumerate(law.parameters):
        at_floor = name == law.floor and parameters[j] == 0.0
        estimates[name] = interval(
            float(parameters[j]), drawn[:, j], left_out[:, j], method, points.n_clusters, level, at_floor
        )
    fit_p, unexplained = lack_of_fit(law, points, solution)
    status, reason = judge(law, points, solution, drawn, level, fit_p, unexplained)
    warnings = [
        *points.notices,
        *_warnings(points, law, solution, estimates, method, fit_p, failed / max(draws, 1)),
    ]
    slope = trend(points, level)
    if (slope.low > 0).any() and not (slope.high < 0).any():
        warnings.append(Notice("rising", f"{points.y} rises with {', '.join(points.inputs)}"))
    mean_square = max(2 * float(solution.objective[0]) / n, 1e-30)
    return Fit(
        law=law, y=points.y, inputs=points.inputs, status=status, reason=reason, estimates=estimates,
        warnings=tuple(warnings), level=level, method=method, loss=loss,
        objective=float(solution.objective[0]), gradient=float(solution.gradient[0]),
        bic=float(n * np.log(mean_square) + (p + 1) * np.log(n)), lack_of_fit=fit_p,
        starts=solution.starts, starts_at_best=int(solution.starts_at_best[0]),
        draws=drawn, failed_draws=failed, points=point_table(points, level, r), **_counts(points),
    )  # fmt: skip


def too_few(points: Points, p: int) -> str:
    """Say what is missing to fit p parameters, '' if nothing is."""
    n = len(points.x)
    if n == 0:
        return f"no run has a finite {points.y}"
    for j, name in enumerate(points.inputs):
        if len(np.unique(points.x[:, j])) == 1:
            return f"one distinct {name} ({points.x[0, j]:g}): no law can be seen"
    if n < p + 2:
        return (
            f"too few points: {n} distinct {', '.join(points.inputs)} for {p} parameters (at least {p + 2})"
        )
    return ""


def optimum(points: Points, law: Law, loss: Loss) -> tuple[Points, Solution]:
    """Return the best fit to all clusters, and the points with their final weights.

    Binomial weights at smoothed errors give a first fit; its errors give the weights of the second.
    """
    solution = solve(law, points.x, points.data(), loss)
    if points.binomial:
        points = points.reweighted(law.log_predict(points.x, solution.parameters[0]))
        solution = solve(law, points.x, points.data(), loss)
    return points, solution


def refit(
    points: Points, law: Law, loss: Loss, solution: Solution, method: str, draws: int, seed: int
) -> tuple[Array, int]:
    """Return the refitted parameters of resampled data, (draws, p), and how many did not converge."""
    variance, df = residual_variance(points, law, solution)
    drawn = resample(points, method, draws, generator(seed, "bootstrap"), variance, df)
    values = _converged(solve(law, points.x, drawn, loss, warm=solution.parameters[0]))
    return values, int(np.sum(~np.isfinite(values[:, 0])))


def residual_variance(points: Points, law: Law, solution: Solution) -> tuple[float, int]:
    """Return the variance of log y at a point of weight 1 as the residuals show it, and its degrees n − p."""
    data = points.data()
    df = len(points.x) - len(law.parameters)
    r = data.log_y[0] - law.log_predict(points.x, solution.parameters[0])
    r = np.where(data.censored[0], np.minimum(r, 0.0), r)
    return float(np.sum(data.weights[0] * r**2)) / max(df, 1), df


def point_table(points: Points, level: float, residuals: Array | None = None) -> pd.DataFrame:
    """Return the points as a table: inputs, y, low, high (t over clusters), n_seeds, residual, censored.

    A censored y is the upper limit 1/n_eval, and has no lower end.
    """
    data = points.data()
    log_y, censored = data.log_y[0], data.censored[0]
    m = points.clusters_per_point
    spread = np.sqrt(np.sum(points.deviations() ** 2, axis=0))
    half = np.where(m > 1, stats.t.ppf((1 + level) / 2, np.maximum(m - 1, 1)) * spread, np.nan)
    table = pd.DataFrame(points.x, columns=list(points.inputs))
    table["y"] = np.exp(log_y)
    table["low"] = np.where(censored, np.nan, np.exp(log_y - half))
    table["high"] = np.where(censored, np.exp(log_y), np.exp(log_y + half))
    table["n_seeds"] = m
    table["residual"] = np.nan if residuals is None else residuals
    table["censored"] = censored
    return table


def _converged(solution: Solution) -> Array:
    return np.where(solution.converged[:, None], solution.parameters, np.nan)


def _counts(points: Points) -> dict[str, Any]:
    ranges = tuple((float(c.min()), float(c.max())) for c in points.x.T) if len(points.x) else ()
    return {
        "x_range": ranges or ((np.nan, np.nan),) * len(points.inputs),
        "n_runs": int(points.runs.sum()),
        "n_seeds": points.n_clusters,
        "n_censored": points.n_censored,
        "n_diverged": points.n_diverged,
    }


def _without_estimates(points: Points, law: Law, loss: Loss, level: float, reason: str) -> Fit:
    nothing = Estimate(np.nan, np.nan, np.nan, "none")
    return Fit(
        law=law, y=points.y, inputs=points.inputs, status="refused", reason=reason,
        estimates=dict.fromkeys(law.parameters, nothing), warnings=points.notices, level=level, method="none",
        loss=loss, objective=np.nan, gradient=np.nan, bic=np.nan, lack_of_fit=np.nan, starts=0,
        starts_at_best=0, draws=np.full((0, len(law.parameters)), np.nan), failed_draws=0,
        points=point_table(points, level), **_counts(points),
    )  # fmt: skip


def _warnings(
    points: Points,
    law: Law,
    solution: Solution,
    estimates: dict[str, Estimate],
    method: str,
    fit_p: float,
    lost: float,
) -> list[Notice]:
    """Return what a reader must know about a fit besides its numbers."""
    found = []
    if law.floor is not None:
        floor = estimates[law.floor]
        scale = float(np.exp(points.data().log_y.min()))
        if floor.value == 0 or not floor.low > 1e-6 * scale:
            text = f"{law.floor} is not told apart from 0: interval [0, {floor.high:.3g}]"
            found.append(Notice("floor_not_identified", text))
    single = points.clusters_per_point == 1
    if not repeated(points):
        basis = "rest on the residuals" if method == "residual_t" else "come from resampled rows"
        text = f"no seeds repeat the points: intervals {basis}, lack of fit is untested"
        found.append(Notice("no_repeats", text))
    elif single.any():
        found.append(
            Notice("single_run_points", f"{int(single.sum())} points have one run and show no spread")
        )
    if doubtful(fit_p):
        found.append(
            Notice("lack_of_fit", f"the law misses the points by more than seed noise (p = {fit_p:.2g})")
        )
    if solution.starts_at_best[0] < _FEW_STARTS * solution.starts:
        text = f"only {int(solution.starts_at_best[0])} of {solution.starts} starts reached the optimum"
        found.append(Notice("few_starts_at_best", text))
    if lost > _MANY_LOST:
        found.append(
            Notice("failed_draws", f"{lost:.0%} of the bootstrap refits did not converge and are left out")
        )
    return found
