"""How others fit these laws: the released procedures, written out again, and two general fitters.

Each function returns the lowest objective found, how many starts came to it, and the whole work over the
part that was done.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import lmfit
import numpy as np
from scipy import optimize
from scipy.special import huber, logsumexp

Outcome = tuple[float, str, float]
Residual = Callable[[np.ndarray], np.ndarray]
_SAME = 1e-9
_DELTA = 1e-3


def _at_best(values: list[float]) -> str:
    found = np.array(values)
    return f"{int(np.sum(found <= found.min() * (1 + _SAME)))} of {len(found)}"


def _chinchilla_log(p: np.ndarray, log_x: np.ndarray) -> np.ndarray:
    """Return log L of p = (log A, log B, log E, α, β)."""
    a, b, e, alpha, beta = p
    n, d = log_x.T
    return logsumexp([a - alpha * n, b - beta * d, np.full_like(n, e)], axis=0)


def chinchilla_grid(x: np.ndarray, y: np.ndarray, starts: int) -> Outcome:
    """Fit by L-BFGS-B with finite differences from (some of) 4,500 starts: Hoffmann et al. 2022, section D.2."""
    log_x, log_y = np.log(x), np.log(y)
    grid = list(
        product(
            np.arange(0, 30, 5.0), np.arange(0, 30, 5.0), np.arange(-1, 1.5, 0.5),
            np.arange(0, 2.5, 0.5), np.arange(0, 2.5, 0.5),
        )
    )  # fmt: skip
    chosen = np.random.default_rng(0).permutation(len(grid))[:starts]

    def objective(p: np.ndarray) -> float:
        return float(np.sum(huber(_DELTA, log_y - _chinchilla_log(p, log_x))))

    values = [float(optimize.minimize(objective, grid[i], method="L-BFGS-B").fun) for i in chosen]
    return min(values), _at_best(values), len(grid) / len(chosen)


def chinchilla_bootstrap(x: np.ndarray, y: np.ndarray, draws: int, part: int) -> Outcome:
    """Refit resampled points by BFGS, each from the published optimum: Besiroglu et al. 2024."""
    log_x, log_y, rng = np.log(x), np.log(y), np.random.default_rng(0)
    start = np.array([np.log(406.4), np.log(410.7), np.log(1.69), 0.34, 0.28])
    values, done = [], 0
    for _ in range(part):
        rows = rng.integers(len(y), size=len(y))
        found = optimize.minimize(
            lambda p, r=rows: float(np.sum(huber(_DELTA, log_y[r] - _chinchilla_log(p, log_x[r])))),
            start, method="BFGS",
        )  # fmt: skip
        values.append(float(found.fun))
        done += bool(found.success)
    return float(np.median(values)), f"{done / part:.0%} converged", draws / part


def _bnsl(x: np.ndarray, a: float, b: float, c0: float, c1: float, d1: float, f1: float) -> np.ndarray:
    with np.errstate(all="ignore"):
        return a + b * x**-c0 * (1 + (x / d1) ** (1 / f1)) ** (-c1 * f1)


def addition_released(x: np.ndarray, y: np.ndarray) -> Outcome:
    """Fit BNSL-1 by its authors' procedure: a grid of 163,840 points, then curve_fit, on log(1 + y)."""
    log_y = np.log1p(y)

    def objective(p: np.ndarray) -> float:
        a, b, c0, c1, d1, f1 = p
        with np.errstate(all="ignore"):
            fit = _bnsl(x, a, 1.25**b - 1 + 1e-8, c0, c1, 1.25**d1 - 1 + 1e-8, f1)
            return float(np.mean((np.log1p(fit) - log_y) ** 2))

    wide, narrow = slice(0, 40, 2.5), slice(0, 1, 0.25)
    grid = (slice(0.0, 1.0, 0.1), wide, narrow, narrow, wide, narrow)
    a, b, c0, c1, d1, f1 = optimize.brute(objective, grid, full_output=False, finish=None)
    start = [a, 1.25**b - 1 + 1e-8, c0, c1, 1.25**d1 - 1 + 1e-8, f1]
    with np.errstate(all="ignore"):
        found, _ = optimize.curve_fit(
            lambda at, *p: np.log1p(_bnsl(at, *p)), x, log_y, p0=start, maxfev=100_000_000
        )
    return 0.5 * float(np.sum((np.log1p(_bnsl(x, *found)) - log_y) ** 2)), "1 of 1", 1.0


def multistart(peer: str, law: str, x: np.ndarray, y: np.ndarray, starts: int) -> Outcome:
    """Fit log y by least squares with SciPy's curve_fit or lmfit, from random starts in sensible ranges.

    Positive parameters are searched by their logarithms. A start that fails counts as not at the optimum.
    """
    log_y, rng = np.log(y), np.random.default_rng(0)
    low, high = _ranges(law, x, y)
    values = []
    for _ in range(starts):
        start = rng.uniform(low, high)
        residual = _residual(law, x, log_y)
        try:
            with np.errstate(all="ignore"):
                p = _curve_fit(residual, start, log_y) if peer == "curve_fit" else _lmfit(residual, start)
                value = 0.5 * float(np.sum(residual(p) ** 2))
        except (RuntimeError, ValueError):
            value = np.inf
        values.append(value if np.isfinite(value) else np.inf)
    return min(values), _at_best(values), 1.0


def _ranges(law: str, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ranges that starts are drawn from: what a careful user would type."""
    log_y, log_x = np.log(y), np.log(x)
    if law == "chinchilla":
        return np.array([0, 0, -1, 0, 0.0]), np.array([25, 25, log_y.min(), 2, 2.0])
    d = log_x[:, 0]
    low = [log_y.min() - 3, log_y.min() - 2, 0, 0, d.min(), -3]
    return np.array(low), np.array([log_y.min(), log_y.max() + 4, 1, 2, d.max(), 1])


def _residual(law: str, x: np.ndarray, log_y: np.ndarray) -> Residual:
    def chinchilla(p: np.ndarray) -> np.ndarray:
        return log_y - _chinchilla_log(np.asarray(p), np.log(x))

    def bnsl(p: np.ndarray) -> np.ndarray:
        a, b, c0, c1, d1, f1 = p
        fit = _bnsl(x[:, 0], np.exp(a), np.exp(b), c0, c1, np.exp(d1), np.exp(f1))
        return log_y - np.log(fit)

    return chinchilla if law == "chinchilla" else bnsl


def _curve_fit(residual: Residual, start: np.ndarray, log_y: np.ndarray) -> np.ndarray:
    found, _ = optimize.curve_fit(
        lambda _, *p: log_y - residual(p), np.zeros_like(log_y), log_y, p0=start, maxfev=20_000
    )
    return found


def _lmfit(residual: Residual, start: np.ndarray) -> np.ndarray:
    parameters = lmfit.Parameters()
    for i, value in enumerate(start):
        parameters.add(f"p{i}", value=float(value))
    found = lmfit.minimize(
        lambda p: residual(np.array([p[name].value for name in p])), parameters, method="leastsq",
        calc_covar=False, max_nfev=20_000,
    )  # fmt: skip
    return np.array([found.params[name].value for name in found.params])
