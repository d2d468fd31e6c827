"""Do the data give this law at all? Flatness, lack of fit, bounds, identification."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, chdtri, stdtrit

from lawbook.laws.identify import ILL_CONDITIONED, condition, free_combination
from lawbook.laws.law import Array, Law
from lawbook.laws.model_comparison import ROUND_OFF, Linearised, linearised, noise_of
from lawbook.laws.note import Note, refusal, warning
from lawbook.laws.points import Points
from lawbook.laws.solver import Solution
from lawbook.laws.uncertainty import repeated
from lawbook.storage.status import FitStatus

_POOR_FIT = 0.001
"""Lack of fit: refused below this p if the law also leaves more than `_UNEXPLAINED` of the variation."""
_DOUBTFUL_FIT = 0.01
_UNEXPLAINED = 0.1
_MISSPECIFIED = 0.08
"""RMS of a systematic miss in log y from which on a law is refused.

Laws that describe good data miss by less than 1 % (Chinchilla on its 240 runs: 0.6 %), joint laws that still
extrapolate by 2 % (Rosenfeld et al. 2020, arXiv:1909.12673). The additive law on the surface of one-pass linear
regression misses by 10 to 12 %, and its floor is then wrong by more than half.
"""
_GROSS, _HALF, _SURE = 0.2, 0.5, 0.999
"""Without repeats a law is refused by size alone if its RMS miss is larger than the first with the last as confidence,
and more than the second of the variation of log y is left."""
_MOST = 400
"""Points that the pattern is sought in, evenly taken from more: the eigenvalues cost n³."""
_SEEN = 8
"""Degrees of freedom from which on a smooth miss shows as a pattern: the exact curve of a perceptron, fitted by
an exponential with a floor, shows itself from 11 points on."""
_TINY = 1e-9
"""RMS log residual of an exact fit."""
_OFTEN_AT_BOUND = 0.2


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

    Of points with an index, on the other inputs, each value of it with a level of its own.
    The same for every form, so that 'flat' does not depend on the law that is asked for. A null (y that
    does not depend on x) is flat with probability `level`.
    """
    data = points.data()
    log_y, w = data.log_y[0], data.weights[0] / data.weights.sum()
    x = points.x[:, points.measured]
    z = np.log(x) if (x > 0).all() else x
    levels = (points.values[:, None] == np.unique(points.values)).astype(float)

    def off(a: Array) -> Array:
        """Return what (n, …) is off its mean at each value of the index."""
        share = levels * w[:, None] / (levels.T @ w)
        return np.asarray(a - levels @ (share.T @ a))

    z = off(z)
    root = np.sqrt(w)[:, None]
    operator = np.linalg.pinv(root * z, rcond=1e-5) * root[:, 0]  # (d, n): slope = operator @ log y
    slope = operator @ log_y
    if not repeated(points):
        df = len(log_y) - z.shape[1] - levels.shape[1]
        rest = off(log_y) - z @ slope
        variance = float(np.sum(w * rest**2)) * len(log_y) / max(df, 1)
        spread = np.sqrt(variance * np.sum((operator / np.sqrt(w * len(log_y))) ** 2, axis=1))
    else:
        df = points.n_clusters - 1
        shares = points.cells.table(points.deviations) @ operator.T  # (C, d)
        spread = np.sqrt(np.sum(shares**2, axis=0))
    # Round-off is no slope: constant y has none, however small its spread.
    with np.errstate(divide="ignore"):  # an input of one value, as of a single schedule, has no slope to tell
        round_off = 1e-12 / np.sqrt(np.sum(w[:, None] * z**2, axis=0))
    width = spread * stdtrit(max(df, 1), (1 + level) / 2) + round_off
    return Trend(slope, slope - width, slope + width)


def lack_of_fit(law: Law, points: Points, solution: Solution) -> tuple[float, float]:
    """Return p of the misfit under pure seed error, and the share of the variation of log y left unexplained.

    Σ w r² over what the seeds' noise makes it off the law's tangent, against F (`model_comparison.Noise`). p is NaN
    without repeats.
    """
    linear, noise = linearised(law, points, solution.parameters[0]), noise_of(points)
    total = noise.exact / ROUND_OFF
    return noise.lack_of_fit(linear), linear.misfit / total if total > 0 else 1.0


@dataclass(frozen=True)
class Pattern:
    """What runs through the residuals: p of so smooth an order by chance, and its RMS size in log y.

    p is NaN where the residuals are round-off or nothing is left to order.
    """

    p: float
    size: float


def residual_pattern(linear: Linearised, x: Array, exact: float) -> Pattern:
    """Return how much neighbouring points in log x share their misses.

    η = Σ (r_i − r_j)² / Σ r² over pairs of neighbours: von Neumann's ratio along one input, Geary's over
    several (Geary 1954, The Incorporated Statistician 5:115). As for Durbin and Watson (1950, Biometrika
    37:409, section 4) the fit's own share is projected out: under independent noise η has known mean,
    variance and range, and p is that of a beta distribution with these. Of the mean square of the residuals
    the part 1 − η / mean is systematic. x: (n, d); `exact` is the Σ w r² that counts as round-off.
    """
    n = len(linear.residuals)
    if n - linear.tangent.shape[1] < 3 or linear.misfit <= max(exact, n * _TINY**2):
        return Pattern(np.nan, 0.0)
    some = np.unique(np.linspace(0, n - 1, min(n, _MOST)).round().astype(int))
    return pattern_of(linear.residuals[some], linear.tangent[some], _neighbours(x[some]))


def pattern_of(r: Array, tangent: Array, link: Array) -> Pattern:
    """Return the pattern of residuals r (n,) off a law's tangent (n, q) along a graph of the Laplacian link (n, n)."""
    tangent, _ = np.linalg.qr(tangent)
    n, q = tangent.shape
    rest = np.eye(n) - tangent @ tangent.T
    # The q smallest eigenvalues are the zeros of the law's own directions.
    possible = np.linalg.eigvalsh(rest @ link @ rest)[q:]
    mean, low, high = float(possible.mean()), float(possible[0]), float(possible[-1])
    variance = 2 * float(np.sum((possible - mean) ** 2)) / ((n - q) * (n - q + 2))
    eta = float(r @ link @ r) / float(r @ r)
    size = float(np.sqrt(max(0.0, 1 - eta / mean) * float(r @ r) / n))
    if not high > low or variance == 0:
        return Pattern(np.nan, size)
    centre = (mean - low) / (high - low)
    both = centre * (1 - centre) * (high - low) ** 2 / variance - 1
    at = np.clip((eta - low) / (high - low), 0.0, 1.0)
    return Pattern(float(betainc(centre * both, (1 - centre) * both, at)), size)


def unexplained_by_chance(linear: Linearised, x: Array, exact: float) -> float:
    """Return the p of a misfit without repeats: of the residuals' pattern, 1 for an exact fit.

    NaN where the law leaves so little that no pattern can be told from noise.
    """
    if linear.misfit <= max(exact, len(x) * _TINY**2):
        return 1.0
    return residual_pattern(linear, x, exact).p if linear.freedom >= _SEEN else np.nan


def _neighbours(x: Array) -> Array:
    """Return the Laplacian (n, n) of the graph that links neighbours in log x (x where some are ≤ 0).

    One input: the chain along it. Several: each point with its two nearest per input, all ranges alike.
    """
    z = np.log(x) if (x > 0).all() else x
    n, d = z.shape
    link = np.zeros((n, n))
    if d == 1:
        order = np.argsort(z[:, 0])
        link[order[:-1], order[1:]] = 1.0
    else:
        z = z / np.maximum(np.ptp(z, axis=0), 1e-300)
        away = np.sum((z[:, None] - z[None]) ** 2, axis=2)
        np.fill_diagonal(away, np.inf)
        nearest = np.argsort(away, axis=1, kind="stable")[:, : min(2 * d, n - 1)]
        link[np.arange(n)[:, None], nearest] = 1.0
    link = np.maximum(link, link.T)
    return np.asarray(np.diag(link.sum(axis=1)) - link)


def judge(
    law: Law, points: Points, solution: Solution, draws: Array, level: float, fit_p: float, unexplained: float
) -> tuple[FitStatus, Note | None]:
    """Return the status of a fit, and the note on why it is not ok."""
    slope = trend(points, level)
    if slope.flat:
        shown = ", ".join(
            f"{a:.3g} [{b:.3g}, {c:.3g}]" for a, b, c in zip(slope.slope, slope.low, slope.high, strict=True)
        )
        text = f"flat: the slope d log {points.y} / d log {points.inputs[points.measured[0]]} = {shown} includes 0"
        ends = {"slope": slope.slope.tolist(), "low": slope.low.tolist(), "high": slope.high.tolist()}
        return FitStatus.REFUSED, refusal("flat", text, **ends)
    parameters = solution.parameters[0]
    if not solution.converged[0]:
        gradient = float(solution.gradient[0])
        text = f"the solver did not converge (gradient {gradient:.2g})"
        return FitStatus.REFUSED, refusal("not_converged", text, gradient=gradient)
    decaying = [name for name in law.linear if name != law.floor]
    if decaying and not law.offset and not any(parameters[law.linear.index(name)] != 0 for name in decaying):
        text = f"no decay: {', '.join(decaying)} = 0, only the floor is left"
        return FitStatus.REFUSED, refusal("no_decay", text, parameters=decaying)
    bound = on_bound(law, points.x, parameters)
    if law.exponent in bound:
        return FitStatus.REFUSED, bound[law.exponent]
    if wrong := misspecified(law, points, solution, fit_p, unexplained):
        return FitStatus.REFUSED, wrong
    ill = condition(law, points.x, parameters)
    if ill > ILL_CONDITIONED:
        free = free_combination(law, points.x, parameters)
        text = f"the points leave {free} free (condition number {ill:.1g})"
        return FitStatus.NOT_IDENTIFIED, refusal("ill_conditioned", text, free=free, condition=ill)
    if bound:
        return FitStatus.NOT_IDENTIFIED, next(iter(bound.values()))
    if law.exponent not in law.nonlinear:  # a formula in which every parameter is linear
        return FitStatus.OK, None
    at = law.nonlinear.index(law.exponent)
    low, high = law.box(points.x)[at].tolist()
    drawn = draws[:, len(law.linear) + at]
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn):
        often = float(np.mean((drawn <= low + 1e-9 * abs(low)) | (drawn >= high - 1e-9 * abs(high))))
        if often > _OFTEN_AT_BOUND:
            text = f"{law.exponent} sits on its bound in {often:.0%} of the bootstrap draws"
            note = refusal("often_on_bound", text, parameter=law.exponent, share=often)
            return FitStatus.NOT_IDENTIFIED, note
    return FitStatus.OK, None


def on_bound(law: Law, x: Array, parameters: Array) -> dict[str, Note]:
    """Return the nonlinear parameters that sit on a bound of the law, each with the note that says so."""
    found = {}
    bounds = zip(law.nonlinear, parameters[len(law.linear) :], law.box(x), law.log_spaced, strict=True)
    for name, theta, (low, high), spaced in bounds:
        edge = 1e-6 * (high - low)
        below = theta <= low * (1 + 1e-6) if spaced else theta <= low + edge
        if below or theta >= high - edge:
            text = f"{name} = {theta:.3g} sits on its bound [{low:.3g}, {high:.3g}]"
            ends = {"estimate": float(theta), "low": float(low), "high": float(high)}
            found[name] = refusal("on_bound", text, parameter=name, **ends)
    return found


def misspecified(
    law: Law, points: Points, solution: Solution, fit_p: float, unexplained: float
) -> Note | None:
    """Return the note that the law is not that of the data, None if nothing shows it.

    Two things must come together: the miss is no noise (p < 0.001 against the seeds, or, without repeats, of
    the order of the residuals, neighbours alike or in turns; p < 0.01 of the one if p < 0.001 of the other), and it
    is large: more than a tenth of the variation, or 8 % RMS. Without repeats size alone is enough where the law
    leaves more than half of the variation, and surely (99.9 %) misses by more than 20 % RMS. With repeats the size is
    what the noise of the seeds leaves of the misfit.
    """
    linear, noise = linearised(law, points, solution.parameters[0]), noise_of(points)
    pattern = residual_pattern(linear, points.x, noise.exact)
    rms = float(np.sqrt(linear.misfit / len(linear.residuals)))
    if np.isnan(fit_p):
        in_turns = pattern.p > 1 - _POOR_FIT
        p, size = (1 - pattern.p, rms) if in_turns else (pattern.p, pattern.size)
        real = p < _POOR_FIT
        share = (size / rms) ** 2 if rms > 0 else 0.0
        large = unexplained * share > _UNEXPLAINED or size > _MISSPECIFIED
        what = f"misspecified, the residuals {'take turns' if in_turns else 'follow a pattern'}: p = {p:.2g}"
        if not (real and large) and _gross(linear, unexplained):
            real = large = True
            p, size, what = pattern.p, rms, "misspecified, the miss is too large for any noise of such laws"
    else:
        p = fit_p
        real = p < _POOR_FIT or (p < _DOUBTFUL_FIT and pattern.p < _POOR_FIT)
        beyond = linear.misfit - noise.off(linear.tangent)[0]
        size = float(np.sqrt(max(beyond, 0.0) / len(linear.residuals)))
        large = unexplained > _UNEXPLAINED or size > _MISSPECIFIED
        what = f"lack of fit, the law is misspecified: p = {p:.2g} against seed noise"
    if not (real and large):
        return None
    text = f"{what}; it misses by {size:.1%} RMS and leaves {unexplained:.0%} of the variation unexplained"
    return refusal("misspecified", text, p=p, rms=size, unexplained=unexplained)


def _gross(linear: Linearised, unexplained: float) -> bool:
    """Say whether a miss refuses the law by its size alone, whatever its order; per degree of freedom."""
    df = linear.freedom
    least = float(np.sqrt(linear.misfit / chdtri(df, 1 - _SURE)))
    return least > _GROSS and unexplained * (len(linear.residuals) - 1) / df > _HALF


def systematic(law: Law, points: Points, solution: Solution) -> list[Note]:
    """Return the note on a pattern in the residuals, if there is one and no repeats judge the fit better."""
    if repeated(points):
        return []
    linear = linearised(law, points, solution.parameters[0])
    pattern = residual_pattern(linear, points.x, noise_of(points).exact)
    if not pattern.p < _POOR_FIT:
        return []
    text = f"neighbouring points are missed alike: p = {pattern.p:.2g}, {pattern.size:.2%} RMS"
    text += "; if the law is right, they are not independent, and its intervals too narrow"
    return [warning("systematic_residuals", text, p=pattern.p, rms=pattern.size)]


def doubtful(fit_p: float) -> bool:
    """Say whether the lack of fit deserves a warning."""
    return bool(fit_p < _DOUBTFUL_FIT)
