r"""Where one law falls below another: the crossing of two power laws, with Fieller's interval.

In u = log x two power laws are straight lines, whose difference d(u) = c + b u is 0 at u* = -c/b. The interval holds
every u at which d is not told from 0: |d(u)| ≤ t s(d(u)), t being Student's at the level. It is bounded just where b
itself is told from 0, |b| > t s(b); where it is not, the lines may be parallel, and no crossing is resolved. An
interval u* ± t s(u*), or of the percentiles of a bootstrap, is always bounded, and covers less or more than it says.

Source: Fieller 1954, "Some problems in interval estimation", Journal of the Royal Statistical Society B 16:175.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from lawbook.errors import LawbookError
from lawbook.laws.evidence import Evidence
from lawbook.laws.fitted import Fit
from lawbook.laws.law import Array

_STRAIGHT = 1e-9
"""Bend of log y, over its rise, below which a law is straight in logarithms."""


@dataclass(frozen=True)
class Crossing:
    """Where two power laws are equal: x and y there, and the ends of the interval of x, NaN where it is unbounded.

    `t` is the difference of the two exponents over its standard error, `needed` what it must exceed for an interval at
    this level, with `df` degrees of freedom; `first_below` tells whether beyond x the first law is the lower one;
    `inside` whether x lies within the points of both.
    """

    x: float
    y: float
    low: float
    high: float
    exponent_difference: float
    t: float
    needed: float
    df: float
    level: float
    first_below: bool
    inside: bool

    @property
    def resolved(self) -> bool:
        """Tell whether the interval is bounded."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))


def crossing(first: Fit, second: Fit, level: float | None = None) -> Crossing:
    """Compute where two fitted power laws cross, at the level of the first unless another is given.

    The two are taken for independent, and each brings the noise that its own fit has seen: that of its seeds, or of
    its residuals. The degrees of freedom are those of Welch and Satterthwaite. Raises LawbookError for a law that is
    not straight in logarithms, and for a fit that does not know the noise of its points.
    """
    level = first.level if level is None else level
    fits = {"first": first, "second": second}
    known = {which: _evidence(which, fitted) for which, fitted in fits.items()}
    logs = [np.log(one.x[:, 0]) for one in known.values()]
    centre = float(np.concatenate(logs).mean())
    lines = [_line(one, log_x - centre) for one, log_x in zip(known.values(), logs, strict=True)]
    (a, A, n), (b, B, m) = lines
    difference, covariance = a - b, A + B
    df = float((A[1, 1] + B[1, 1]) ** 2 / (A[1, 1] ** 2 / n + B[1, 1] ** 2 / m))
    needed = float(stdtrit(df, (1 + level) / 2))
    low, high = fieller(
        -difference[0], difference[1], covariance[0, 0], covariance[1, 1], -covariance[0, 1], needed
    )
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        u = float(np.divide(-difference[0], difference[1]))
        x, ends = float(np.exp(centre + u)), np.exp(centre + np.array([float(low), float(high)]))
        t = float(np.abs(difference[1]) / np.sqrt(covariance[1, 1]))
    ranges = [fitted.x_range[0] for fitted in fits.values()]
    return Crossing(
        x=x, y=float(np.exp(a[0] + a[1] * u)), low=float(ends[0]), high=float(ends[1]),
        exponent_difference=float(-difference[1]), t=t, needed=needed, df=df, level=level,
        first_below=bool(difference[1] < 0), inside=all(least <= x <= most for least, most in ranges),
    )  # fmt: skip


def fieller(
    a: ArrayLike, b: ArrayLike, var_a: ArrayLike, var_b: ArrayLike, cov: ArrayLike, t: ArrayLike
) -> tuple[Array, Array]:
    """Compute Fieller's interval of a/b from estimates, their variances and covariance: both ends, NaN if unbounded.

    It is {r: (a - r b)² ≤ t² (var_a - 2 r cov + r² var_b)}, bounded where |b| > t √var_b. All broadcast.

    >>> [end.round(4).tolist() for end in fieller(2.0, [4.0, 1.0], 0.01, [0.04, 0.36], 0.0, 2.0)]
    [[0.4338, nan], [0.5763, nan]]
    """
    a, b, var_a, var_b, cov, t = (np.asarray(one, dtype=np.float64) for one in (a, b, var_a, var_b, cov, t))
    lead, half, rest = b**2 - t**2 * var_b, a * b - t**2 * cov, a**2 - t**2 * var_a
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(np.maximum(0.0, half**2 - lead * rest))
        low, high = (half - root) / lead, (half + root) / lead
    bounded = lead > 0
    return np.where(bounded, low, np.nan), np.where(bounded, high, np.nan)


def _evidence(which: str, fitted: Fit) -> Evidence:
    """Return the points of a power law and their noise."""
    law = fitted.law
    straight = len(fitted.inputs) == 1 and len(law.parameters) == 2 and law.positive_x and not law.shift
    if straight and np.isfinite(fitted.parameters).all():
        low, high = fitted.x_range[0]
        at = np.geomspace(low, high, 3)[:, None]
        values = law.log_predict(at, fitted.parameters)
        straight = abs(values[0] - 2 * values[1] + values[2]) <= _STRAIGHT * (1 + np.ptp(values))
    if not straight:
        raise LawbookError(
            f"the {which} law is {law.formula}, and crossings are known of power laws, y = A x^-α; fit --law power"
        )
    evidence = fitted.evidence
    if evidence is None or evidence.data.censored.any():
        why = fitted.reason or "its points are censored, or its loss is not log_least_squares"
        raise LawbookError(f"the {which} law does not know the noise of its points: {why}")
    return evidence


def _line(evidence: Evidence, u: Array) -> tuple[Array, Array, int]:
    """Return level and slope (2,) of log y over u (n,), their covariance (2, 2), and its degrees of freedom."""
    weights = evidence.data.weights[0]
    design = np.stack([np.ones_like(u), u])  # (2, n)
    along = np.linalg.solve((design * weights) @ design.T, design * weights)
    alone = evidence.variance(along)
    both = float(evidence.variance(along.sum(axis=0, keepdims=True))[0])
    cov = (both - alone.sum()) / 2
    return along @ evidence.data.log_y[0], np.array([[alone[0], cov], [cov, alone[1]]]), evidence.df
