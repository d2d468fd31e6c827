"""Do the data give this law at all? Flatness, lack of fit, bounds, identification."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from lawbook.laws.law import Array, Law
from lawbook.laws.points import Points
from lawbook.laws.solver import Design, Solution, jacobian
from lawbook.laws.uncertainty import repeated

_POOR_FIT = 0.001
"""Lack of fit: refused below this p if the law also leaves more than `_UNEXPLAINED` of the variation."""
_DOUBTFUL_FIT = 0.01
_UNEXPLAINED = 0.1
_ILL_CONDITIONED = 1e8
_OFTEN_AT_BOUND = 0.2
_ROUND_OFF = 1e-24


@dataclass(frozen=True)
class Trend:
    """The slope of log y in log x (in x where some x ≤ 0), per input, with its t interval over clusters."""

    slope: Array
    low: Array
    high: Array

    @property
    def flat(self) -> bool:
        """Say whether no input has a slope that differs from 0."""
        return bool(np.all((self.low <= 0) & (self.high >= 0)))


def trend(points: Points, level: float) -> Trend:
    """Return the weighted regression slope of log y on log x, with a cluster-robust t interval.

    The same for every form, so that 'flat' does not depend on the law that is asked for. A null (y that
    does not depend on x) is flat with probability `level`.
    """
    data = points.data()
    log_y, w = data.log_y[0], data.weights[0] / data.weights.sum()
    z = np.log(points.x) if (points.x > 0).all() else points.x
    z = z - np.average(z, axis=0, weights=w)
    root = np.sqrt(w)[:, None]
    operator = np.linalg.pinv(root * z) * root[:, 0]  # (d, n): slope = operator @ log y
    slope = operator @ log_y
    if not repeated(points):
        df = len(log_y) - z.shape[1] - 1
        rest = log_y - np.average(log_y, weights=w) - z @ slope
        variance = float(np.sum(w * rest**2)) * len(log_y) / max(df, 1)
        spread = np.sqrt(variance * np.sum((operator / np.sqrt(w * len(log_y))) ** 2, axis=1))
    else:
        df = points.n_clusters - 1
        shares = points.deviations() @ operator.T  # (C, d)
        spread = np.sqrt(np.sum(shares**2, axis=0))
    # Round-off is no slope: constant y has none, however small its spread.
    width = spread * stats.t.ppf((1 + level) / 2, max(df, 1)) + 1e-12 / np.sqrt(
        np.sum(w[:, None] * z**2, axis=0)
    )
    return Trend(slope, slope - width, slope + width)


def lack_of_fit(law: Law, points: Points, solution: Solution) -> tuple[float, float]:
    """Return p of the misfit under pure seed error, and the share of the variation of log y left unexplained.

    Q = Σ w r² over its expectation tr S, S the seeds' covariance of √w log ȳ projected off the law's
    tangent, against F with ν and ν (C − 1) degrees, ν = tr(S)² / tr(S²) (Box 1954, Annals of Mathematical
    Statistics 25:290, theorem 3.1; tr(S²) freed of its bias). p is NaN without repeats.
    """
    data = points.data()
    parameters = solution.parameters[0]
    r = data.log_y[0] - law.log_predict(points.x, parameters)
    seen = ~data.censored[0]
    w = data.weights[0] * seen
    misfit = float(np.sum(w * r**2))
    mean = np.average(data.log_y[0], weights=w) if w.sum() > 0 else 0.0
    total = float(np.sum(w * (data.log_y[0] - mean) ** 2))
    unexplained = misfit / total if total > 0 else 1.0
    if not repeated(points):
        return np.nan, unexplained
    root = np.sqrt(w)
    tangent, _ = np.linalg.qr(root[:, None] * jacobian(law, points.x, parameters))
    shares = points.deviations() * root
    rest = shares - (shares @ tangent) @ tangent.T  # (C, n): S = restᵀ rest
    expected, df = float(np.sum(rest**2)), points.n_clusters - 1
    round_off = _ROUND_OFF * total
    if not expected > round_off:
        return float(misfit <= round_off), unexplained
    squared = float(np.sum((rest @ rest.T) ** 2))
    if df > 1:
        squared = df**2 / ((df - 1) * (df + 2)) * (squared - expected**2 / df)
    # At least one direction, at most the n − p that the law leaves.
    freedom = max(len(r) - tangent.shape[1], 1)
    nu = min(max(expected**2 / squared, 1.0), freedom) if squared > 0 else freedom
    return float(stats.f.sf(misfit / expected, nu, nu * df)), unexplained


def condition(law: Law, x: Array, parameters: Array) -> float:
    """Return the condition number of the Jacobian of log ŷ, its columns scaled to length 1."""
    J = jacobian(law, x, parameters)
    size = np.linalg.norm(J, axis=0)
    if not np.all(size > 0):
        return np.inf
    singular = np.linalg.svd(J / size, compute_uv=False)
    return float(singular[0] / singular[-1]) if singular[-1] > 0 else np.inf


def judge(
    law: Law, points: Points, solution: Solution, draws: Array, level: float, fit_p: float, unexplained: float
) -> tuple[str, str]:
    """Return the status of a fit, 'ok', 'refused' or 'not_identified', and its reason."""
    slope = trend(points, level)
    if slope.flat:
        shown = ", ".join(
            f"{a:.3g} [{b:.3g}, {c:.3g}]" for a, b, c in zip(slope.slope, slope.low, slope.high, strict=True)
        )
        return "refused", f"flat: the slope d log {points.y} / d log {points.inputs[0]} = {shown} includes 0"
    parameters = solution.parameters[0]
    if not solution.converged[0]:
        return "refused", f"the solver did not converge (gradient {solution.gradient[0]:.2g})"
    decaying = [name for name in law.linear if name != law.floor]
    if not any(parameters[law.linear.index(name)] > 0 for name in decaying):
        return "refused", f"no decay: {', '.join(decaying)} = 0, only the floor is left"
    box = Design.of(law, points.x).box
    at = law.nonlinear.index(law.exponent)
    theta, (low, high) = parameters[len(law.linear) + at], box[at]
    edge = 1e-6 * (high - low)
    if law.log_spaced[at]:
        outside = theta <= low * (1 + 1e-6) or theta >= high - edge
    else:
        outside = theta <= low + edge or theta >= high - edge
    if outside:
        return "refused", f"{law.exponent} = {theta:.3g} sits on its bound [{low:.3g}, {high:.3g}]"
    if fit_p < _POOR_FIT and unexplained > _UNEXPLAINED:
        return "refused", (
            f"lack of fit: p = {fit_p:.2g} against seed noise, {unexplained:.0%} of the variation unexplained"
        )
    ill = condition(law, points.x, parameters)
    if ill > _ILL_CONDITIONED:
        return "not_identified", f"the parameters are not identified: condition number {ill:.1g}"
    drawn = draws[:, len(law.linear) + at]
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn):
        bound = float(np.mean((drawn <= low + 1e-9 * abs(low)) | (drawn >= high - 1e-9 * abs(high))))
        if bound > _OFTEN_AT_BOUND:
            return "not_identified", f"{law.exponent} sits on its bound in {bound:.0%} of the bootstrap draws"
    return "ok", ""


def doubtful(fit_p: float) -> bool:
    """Say whether the lack of fit deserves a warning."""
    return bool(fit_p < _DOUBTFUL_FIT)
