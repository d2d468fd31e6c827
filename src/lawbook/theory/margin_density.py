r"""The loss of a linear classifier that learns a teacher, over time: a power whose exponent is that of small margins.

The teacher tells classes by the sign of u = T·x, and its margin m = |u| has the density ρ(m) ∝ m^χ e^{-m²/2}: χ = 0
is that of Gaussian inputs. By symmetry the gradient flow of the logistic loss goes along T, w = cT, with

    c' = E[m σ(-cm)],    L(c) = E log(1 + e^{-cm}),    σ(z) = 1/(1 + e^{-z}).

Only margins m ≲ 1/c still have a loss, so that c' ~ c^-(2+χ), c ~ t^1/(3+χ) and

    L ~ t^{-(1+χ)/(3+χ)}:    1/3 at χ = 0, 1/2 at χ = 1, 2/3 at χ = 3.

With ρ(0) = 2ρ₀ at χ = 0, L → k^{2/3} (3t)^{-1/3} where k = 2ρ₀ π²/12. The local exponent is larger before. Descent at a
rate η takes c ← c + η E[m σ(-cm)], whose first steps, η E[m]/2 long, go past the flow. With labels drawn as
P(+1) = σ(βu) the loss has its least at w = βT, where it is the entropy of the labels; losses here are what is left
above that.

Sources: Liu et al. 2026, arXiv:2602.03685 for the exponent 1/3; the family in χ follows from the flow above.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline
from scipy.special import expit, gammaln

Floats = NDArray[np.float64]

_LOG_MARGINS = np.arange(-26.0, 2.6, 0.1)
"""Nodes of the trapezoidal rule in log m, over which the integrands are smooth and vanish at both ends."""

_ACROSS, _ACROSS_WEIGHTS = np.polynomial.hermite_e.hermegauss(32)


def margins(chi: float) -> tuple[Floats, Floats]:
    """Compute nodes m (M,) and weights (M,) of means over the density ρ(m) ∝ m^χ e^{-m²/2} on m > 0.

    Raises ValueError for χ ≤ -1, which is no density.

    >>> m, weights = margins(1.0)
    >>> round(float(weights.sum()), 10), round(float(weights @ m**2), 10)
    (1.0, 2.0)
    """
    if not chi > -1:
        raise ValueError(f"needs chi > -1; got {chi}")
    log_norm = (chi - 1) / 2 * np.log(2) + gammaln((chi + 1) / 2)
    weights = np.exp((chi + 1) * _LOG_MARGINS - np.exp(2 * _LOG_MARGINS) / 2 - log_norm)
    return np.exp(_LOG_MARGINS), weights * (_LOG_MARGINS[1] - _LOG_MARGINS[0])


def loss(along: ArrayLike, across: ArrayLike, chi: float, teacher_scale: float | None = None) -> Floats:
    """Compute the mean logistic loss of w above its least, for a = w·T and b = ‖w - aT‖, which broadcast.

    The inputs across T are standard normal. teacher_scale: β of labels drawn with P(+1) = σ(βu); None for the
    teacher's sign. In nats.
    """
    a, b = np.broadcast_arrays(np.asarray(along, dtype=np.float64), np.asarray(across, dtype=np.float64))
    m, weights = margins(chi)
    z = a[..., None, None] * m[:, None] + b[..., None, None] * _ACROSS
    normal = _ACROSS_WEIGHTS / _ACROSS_WEIGHTS.sum()
    if teacher_scale is None:
        return np.asarray(np.einsum("...mg,m,g->...", np.logaddexp(0, -z), weights, normal))
    right = expit(teacher_scale * m)
    given = right[:, None] * np.logaddexp(0, -z) + (1 - right[:, None]) * np.logaddexp(0, z)
    least = right * np.logaddexp(0, -teacher_scale * m) + (1 - right) * np.logaddexp(0, teacher_scale * m)
    return np.asarray(np.einsum("...mg,m,g->...", given - least[:, None], weights, normal))


def flow(time: ArrayLike, chi: float) -> Floats:
    """Compute the norm c(t) of the gradient flow from c = 0, at times t ≥ 0, the rate times the number of steps.

    By quadrature of t = ∫ dc / E[m σ(-cm)], and its inverse.
    """
    times = np.asarray(time, dtype=np.float64)
    norms, reached = _table(chi)
    return np.asarray(np.expm1(CubicSpline(np.log1p(reached), np.log1p(norms))(np.log1p(times))))


def flow_loss(time: ArrayLike, chi: float) -> Floats:
    """Compute the loss along the flow, L(c(t)), at times t ≥ 0: log 2 at t = 0."""
    return loss(flow(time, chi), 0.0, chi)


def descent_loss(learning_rate: float, chi: float, steps: ArrayLike) -> Floats:
    """Compute the loss after `steps` (S,) of descent on the population's loss from w = 0, at a constant rate η.

    >>> np.allclose(descent_loss(1e-3, 0.0, [2000]), flow_loss([2.0], 0.0), rtol=1e-3)
    True
    """
    wanted = np.asarray(steps, dtype=np.int64)
    norms = np.array(_descent(learning_rate, chi, int(wanted.max(initial=0))))
    return loss(norms[wanted], 0.0, chi)


def local_exponent(time: ArrayLike, chi: float) -> Floats:
    """Compute -d log L / d log t along the flow, t c'² / L, at times t > 0."""
    times = np.asarray(time, dtype=np.float64)
    norms = flow(times, chi)
    return times * np.square(_velocity(norms, chi)) / loss(norms, 0.0, chi)


def late_exponent(chi: float) -> float:
    """Compute (1 + χ)/(3 + χ), the exponent at infinite time.

    >>> late_exponent(1.0)
    0.5
    """
    return (1 + chi) / (3 + chi)


def _velocity(norm: ArrayLike, chi: float) -> Floats:
    """Compute c' = E[m σ(-cm)]."""
    m, weights = margins(chi)
    return np.asarray(expit(-np.multiply.outer(norm, m)) @ (weights * m))


@lru_cache(maxsize=8)
def _descent(learning_rate: float, chi: float, steps: int) -> tuple[float, ...]:
    """Return the norm c before each of the steps and after the last one."""
    norms = [0.0]
    for _ in range(steps):
        norms.append(norms[-1] + learning_rate * float(_velocity(np.float64(norms[-1]), chi)))
    return tuple(norms)


@lru_cache(maxsize=8)
def _table(chi: float) -> tuple[Floats, Floats]:
    """Return norms c from 0 on and the times at which the flow reaches them, integrated over log(1 + c)."""
    grid = np.linspace(0.0, np.log(1e5), 2001)
    nodes, weights = np.polynomial.legendre.leggauss(4)
    width = grid[1] - grid[0]
    inner = grid[:-1, None] + width * (nodes + 1) / 2
    pace = np.exp(inner) / _velocity(np.expm1(inner), chi)
    reached = np.concatenate([[0.0], np.cumsum(pace @ weights * width / 2)])
    return np.expm1(grid), reached


class _ExactDescent:
    """The loss of descent on the population's loss, of the task `margin_density` (`lawbook.fitting.exact`)."""

    def __call__(self, runs: pd.DataFrame, x: str, y: str) -> pd.Series:
        """Compute y of each row: the test loss after its `step`, else after the run's last one.

        Whatever x is. Null for another y, for another task, and for what it does not say: labels that are drawn,
        another optimizer than plain SGD, and a rate that is not constant.
        """
        exact = pd.Series(np.nan, index=runs.index, dtype=float)
        if y != "test_loss":
            return exact
        covered = [_covers(run) for run in runs.to_dict("records")]
        after = "step" if "step" in runs else "steps"
        for _, alike in runs[covered].groupby(["margin_exponent", "learning_rate"]):
            rate, chi = (float(alike[axis].iloc[0]) for axis in ("learning_rate", "margin_exponent"))
            exact[alike.index] = descent_loss(rate, chi, alike[after].to_numpy(dtype=np.int64))
        return exact

    def along_steps(self, config: Mapping[str, Any], steps: NDArray[np.int64], y: str) -> Floats:
        """Compute the test loss after each of `steps` (S,) of one run; NaN as above."""
        if y != "test_loss" or not _covers(config):
            return np.full(len(steps), np.nan)
        return descent_loss(config["learning_rate"], config["margin_exponent"], steps)

    def exponent(self, runs: pd.DataFrame, x: str, y: str) -> float:
        """Compute the exponent in steps at infinity; NaN for another x or y, and for runs of several densities."""
        densities = runs["margin_exponent"].unique()
        known = y == "test_loss" and x in ("step", "steps") and len(densities) == 1
        if not known or not all(_covers(run) for run in runs.to_dict("records")):
            return np.nan
        return late_exponent(float(densities[0]))


exact_curve = _ExactDescent()


def _covers(run: Mapping[Any, Any]) -> bool:
    clip, scale = run["gradient_clip"], run.get("teacher_scale")
    plain = run["optimizer"] == "sgd" and run["schedule"] == "constant" and (clip is None or clip != clip)
    plain &= run["weight_decay"] == 0 and run["momentum"] == 0 and not run["warmup"]
    certain = scale is None or scale != scale
    return bool(plain and certain and run["task"] == "margin_density" and run["model"] == "linear")
