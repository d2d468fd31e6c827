r"""One-pass SGD on power-law linear regression: the loss, its divergence and its compute frontier, exactly.

Inputs are x ~ N(0, diag λ) with λ_k = k^-a and the target is y = Σ_k x_k w*_k + ξ with λ_k w*_k² = k^-b and
ξ ~ N(0, σ²). The model sees the first N features, so that the others act as label noise of variance
tail_N = Σ_{k>N} k^-b. Gradient descent on half the mean squared residual of a fresh batch of B examples, from
w = 0, moves the second moments m_k = E(w_k - w*_k)² by a closed linear recursion (Isserlis' theorem):

    m_k ← ((1 - ηλ_k)² + η²λ_k²/B) m_k + (η²λ_k/B) L,    L = Σ_j λ_j m_j + tail_N + σ².

L is the expected squared residual on a new example: the loss throughout this module. At constant η and σ = 0
its asymptotes are L ~ N^-(b-1) for t → ∞ and L ~ t^-(b-1)/a for N → ∞, hence N* ~ C^1/(1+a) and
L* ~ C^-(b-1)/(1+a). A finite range has other exponents: lay measured ones beside `frontier`, not these.

Sources: Bordelon and Pehlevan 2022 (arXiv:2106.02713) for the recursion and its stability; Lin et al. 2024
(arXiv:2406.08466) and Paquette et al. 2024 (arXiv:2405.15074) for the scaling limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq
from scipy.special import zeta

from lawbook.schedules import rate_factors

Floats = NDArray[np.float64]

FLOPS_PER_PARAMETER_AND_SAMPLE = 6
"""The counting rule C = 6·N·D with D = B·t samples: 2 FLOPs forward and 4 backward per weight and sample."""


def spectrum(n_modes: int, a: float = 1.5, b: float = 1.6) -> tuple[Floats, Floats]:
    """Compute λ_k = k^-a and w*_k = k^((a-b)/2) for k = 1…N, so that λ_k w*_k² = k^-b.

    Returns the variances (N,) and the target weights (N,).
    Raises ValueError if N < 1, a < 0, or b ≤ 1 (the target would have infinite variance).

    >>> variances, target = spectrum(3, a=2, b=4)
    >>> variances * target**2 * np.arange(1, 4) ** 4
    array([1., 1., 1.])
    """
    if n_modes < 1 or a < 0 or b <= 1:
        raise ValueError(f"needs n_modes ≥ 1, a ≥ 0 and b > 1; got n_modes={n_modes}, a={a}, b={b}")
    k = np.arange(1, n_modes + 1, dtype=np.float64)
    return k**-a, k ** ((a - b) / 2)


def tail(n_modes: int, b: float = 1.6) -> float:
    """Compute tail_N = Σ_{k>N} k^-b = ζ(b, N+1), the variance of what N modes cannot express.

    >>> round(tail(1, b=2.0) + 1, 12) == round(np.pi**2 / 6, 12)
    True
    """
    return float(zeta(b, n_modes + 1))


def exact_loss(
    n_modes: int,
    learning_rates: ArrayLike,
    batch_size: int,
    a: float = 1.5,
    b: float = 1.6,
    noise: ArrayLike = 0.0,
    steps: ArrayLike | None = None,
) -> Floats:
    """Compute L_t = Σ_k λ_k m_k(t) + tail_N + σ² under any learning-rate schedule, by the recursion above.

    `learning_rates` (..., T) holds the rate of every step and `noise` (...) the variance σ²; leading axes
    broadcast, one schedule or noise each. `steps` (S,) are the numbers of steps taken, 0 ≤ t ≤ T, in any
    order; by default all of 0…T. Returns (..., S), infinite where the loss leaves the range of floats.
    Raises ValueError for a step outside 0…T, a negative rate or noise, or an empty batch.

    >>> exact_loss(2, [0.5], batch_size=1, a=0, b=2, steps=[0, 1]).round(4)
    array([1.6449, 1.8424])
    """
    rates = _rates(learning_rates, batch_size)
    variances, target = spectrum(n_modes, a, b)
    floor = np.asarray(_noise(noise) + tail(n_modes, b))
    total = rates.shape[-1]
    wanted = np.arange(total + 1) if steps is None else np.asarray(steps, dtype=np.int64)
    if wanted.size and (wanted.min() < 0 or wanted.max() > total):
        raise ValueError(f"steps must lie in 0…{total}, the length of the schedule; got {wanted}")

    lead = np.broadcast_shapes(rates.shape[:-1], floor.shape)
    floor = np.broadcast_to(floor, lead)
    moments = np.broadcast_to(target**2, (*lead, n_modes)).copy()
    losses = np.empty((*lead, total + 1))
    with np.errstate(over="ignore"):
        for step in range(total + 1):
            losses[..., step] = moments @ variances + floor
            if step < total:
                pull = rates[..., step, None] * variances
                moments *= (1 - pull) ** 2 + pull**2 / batch_size
                moments += rates[..., step, None] * pull / batch_size * losses[..., step, None]
    return losses[..., wanted]


def constant_rate_loss(
    n_modes: int,
    learning_rate: float,
    batch_size: int,
    steps: ArrayLike,
    a: float = 1.5,
    b: float = 1.6,
    noise: float = 0.0,
) -> Floats:
    """Compute L_t at a constant rate in closed form: O(N³) once, then O(N) a step, however late.

    The recursion m ← A m + c has A = diag((1-ηλ)² + η²λ²/B) + (η²/B) λλᵀ, symmetric and positive definite, so
    in its eigenbasis each moment relaxes as μ^t and L_t is a sum of powers. They also define L between whole
    steps, which `frontier` uses. `steps` (S,) are real and ≥ 0; returns (S,).
    Raises ValueError as `exact_loss` does.

    >>> late = constant_rate_loss(8, 0.3, 64, [0, 10, 1e9])
    >>> np.allclose(late[:2], exact_loss(8, np.full(10, 0.3), 64, steps=[0, 10]), rtol=1e-12)
    True
    """
    rate = float(_rates([learning_rate], batch_size)[0])
    times = np.asarray(steps, dtype=np.float64)
    if times.size and times.min() < 0:
        raise ValueError(f"steps must not be negative; got {times}")
    variances, target = spectrum(n_modes, a, b)
    floor = float(_noise(noise)) + tail(n_modes, b)
    pull = rate * variances
    # The eigenvalues of 1 - A, not of A: those of the slow modes are small and would cancel.
    decays, basis = np.linalg.eigh(
        np.diag(2 * pull - pull**2 * (1 + 1 / batch_size)) - np.outer(pull, pull) / batch_size
    )
    readout = basis.T @ variances
    initial = basis.T @ target**2
    driven = basis.T @ (rate * pull / batch_size * floor)
    exponents = np.multiply.outer(times, np.log1p(-np.minimum(decays, 1 - np.finfo(float).eps)))
    with np.errstate(over="ignore"):
        shrunk = np.exp(exponents)
        safe = np.where(decays == 0, 1.0, decays)
        summed = np.where(decays == 0, times[..., None], -np.expm1(exponents) / safe)
        losses: Floats = shrunk @ (readout * initial) + summed @ (readout * driven) + floor
    return losses


def divergence_edge(n_modes: int, batch_size: int, a: float = 1.5) -> float:
    """Compute the constant rate η_c beyond which the mean loss diverges: where A has the spectral radius 1.

    A is a diagonal matrix plus one of rank one, so its secular equation at the eigenvalue 1 is

        Σ_k ηλ_k / (2B - (B+1)ηλ_k) = 1.

    The left side rises from 0 to its first pole, and its first term alone reaches 1 at η = 2B/((B+2)λ_1),
    which brackets the root. Label noise moves L but not η_c. A typical run still shrinks somewhat above η_c:
    the mean is carried by rare large losses. Raises ValueError as `spectrum` does, or for an empty batch.

    >>> round(divergence_edge(256, 4), 3), round(divergence_edge(256, 64), 3)
    (1.257, 1.939)
    """
    _rates([0.0], batch_size)
    variances, _ = spectrum(n_modes, a)

    def excess(rate: float) -> float:
        return float(np.sum(rate * variances / (2 * batch_size - (batch_size + 1) * rate * variances))) - 1

    # A little beyond the bracket's end, where N = 1 has its root; the pole is a factor 1 + 1/(B+1) away.
    upper = 2 * batch_size / (batch_size + 2) * (1 + 1e-3 / (batch_size + 1))
    return float(brentq(excess, 0.0, upper, xtol=1e-15, rtol=1e-14))


def doubling_edge(
    n_modes: int, batch_size: int, step: int, a: float = 1.5, b: float = 1.6, noise: float = 0.0
) -> float:
    """Compute the constant rate η_t at which the mean loss is the same after t and 2t steps: L_2t = L_t.

    Below η_t the mean loss falls between the two steps, above it rises: a stand-in for `divergence_edge` that
    can be measured at few steps, before rare runs come to dominate the mean. How near it lies to η_c depends
    on the target: nearest when w*_k² resembles the leading eigenvector of A. Label noise keeps it off η_c
    even as t → ∞, since just below η_c the loss rises towards its finite limit.
    Raises ValueError if t < 1, or if L_2t - L_t keeps its sign between η_c/2 and 3η_c/2.

    >>> bool(abs(doubling_edge(256, 64, 4, b=2.0) / divergence_edge(256, 64) - 1) < 0.002)
    True
    """
    if step < 1:
        raise ValueError(f"step must be at least 1; got {step}")

    def growth(rate: float) -> float:
        before, after = constant_rate_loss(n_modes, rate, batch_size, [step, 2 * step], a, b, noise)
        return float(np.log(after / before)) if np.isfinite(after) else np.inf

    centre = divergence_edge(n_modes, batch_size, a)
    low, high = 0.5 * centre, 1.5 * centre
    if growth(low) * growth(high) > 0:
        raise ValueError(f"the mean loss does not turn between rates {low:.4g} and {high:.4g} at step {step}")
    return float(brentq(growth, low, high, xtol=1e-12))


def frontier(
    compute: ArrayLike,
    batch_size: int,
    learning_rate: float,
    a: float = 1.5,
    b: float = 1.6,
    noise: float = 0.0,
    sizes: ArrayLike | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Compute L*(C) = min_N L(N, t) at t = C/(6·N·B), and the minimising N*(C) and D*(C) = C/(6·N*).

    `compute` (C,) is in FLOPs by the rule C = 6·N·D, D = B·t. The loss is exact on `sizes` (by default 8 to
    the octave from 2 to 1024), at real t; between sizes it is interpolated by `envelope`.
    Returns L*, N*, D*, each (C,). Raises ValueError if a minimum lies at the end of `sizes`.

    >>> loss, size, samples = frontier([1e6, 1e7], batch_size=64, learning_rate=0.3)
    >>> round(exponent([1e6, 1e7], size), 3), round(exponent([1e6, 1e7], loss), 3)
    (0.405, -0.238)
    """
    budgets = np.asarray(compute, dtype=np.float64)
    grid = 2.0 ** np.arange(1, 10.01, 1 / 8) if sizes is None else np.asarray(sizes)
    grid = np.unique(np.round(grid).astype(np.int64))
    losses = np.stack(
        [
            constant_rate_loss(
                int(size),
                learning_rate,
                batch_size,
                budgets / (FLOPS_PER_PARAMETER_AND_SAMPLE * size * batch_size),
                a,
                b,
                noise,
            )
            for size in grid
        ]
    )
    best_loss, best_size = envelope(grid, losses)
    return best_loss, best_size, budgets / (FLOPS_PER_PARAMETER_AND_SAMPLE * best_size)


def envelope(sizes: ArrayLike, losses: ArrayLike) -> tuple[Floats, Floats]:
    """Compute min_N L(N) and its argument for each column of a table of losses, between the sizes given.

    Each column is interpolated by a cubic spline of log L over log N, whose stationary points next to the
    smallest entry are compared. `sizes` (N,) rise, at least 4 of them; `losses` (N, C) are positive.
    Returns L* (C,) and N* (C,).
    Raises ValueError if the smallest entry of a column lies at either end: the minimum may lie outside.

    >>> size = np.geomspace(1, 100, 9)
    >>> loss, best = envelope(size, np.exp(np.log(size / 7) ** 2)[:, None])
    >>> loss.round(12), best.round(12)
    (array([1.]), array([7.]))
    """
    x = np.log(np.asarray(sizes, dtype=np.float64))
    y = np.log(np.asarray(losses, dtype=np.float64))
    if x.size < 4 or y.ndim != 2 or y.shape[0] != x.size:
        raise ValueError(f"needs at least 4 sizes and a row of losses for each; got {x.shape} and {y.shape}")
    lowest = np.argmin(y, axis=0)
    if outside := [j for j in range(y.shape[1]) if lowest[j] in (0, x.size - 1)]:
        raise ValueError(
            f"the best size lies at the end of the sizes in columns {outside}: give a wider range"
        )
    best_loss, best_size = np.empty(y.shape[1]), np.empty(y.shape[1])
    for j, i in enumerate(lowest):
        spline = CubicSpline(x, y[:, j])
        turns = spline.derivative().roots(extrapolate=False)
        near = np.append(turns[(turns > x[i - 1]) & (turns < x[i + 1])], x[i])
        best_size[j] = np.exp(near[np.argmin(spline(near))])
        best_loss[j] = np.exp(spline(near).min())
    return best_loss, best_size


def exponent(x: ArrayLike, y: ArrayLike) -> float:
    """Compute the slope of log y over log x by least squares: the exponent over exactly that range.

    >>> round(exponent([1, 10, 100], [2, 20, 200]), 12)
    1.0
    """
    logs = np.log(np.asarray(x, dtype=np.float64)), np.log(np.asarray(y, dtype=np.float64))
    return float(np.polyfit(*logs, 1)[0])


_SPECTRUM = ("input_exponent", "target_exponent", "noise_variance")
_PROBLEM = ("batch_size", *_SPECTRUM)


class _ExactLoss:
    """The exact mean of the test loss of plain SGD on the task `sgd_oracle` (`lawbook.fitting.exact`)."""

    def __call__(self, runs: pd.DataFrame, x: str, y: str) -> pd.Series:
        """Compute y of each row of a table of runs: the test loss after its `step`, else after the run's last one.

        Whatever x is: the loss follows from the run's own axes. Returns a float column aligned with `runs`, null
        for another y and for runs that this theory does not cover (of another task; not plain SGD).
        """
        exact = pd.Series(np.nan, index=runs.index, dtype=float)
        if y != "test_loss":
            return exact
        schedule = ["learning_rate", "schedule", "warmup", "steps"]
        covered = [_covers(run) for run in runs.to_dict("records")]
        schedule += ["warmup_steps"] if "warmup_steps" in runs else []
        after = "step" if "step" in runs else "steps"
        for _, alike in runs[covered].groupby(["modes", *_PROBLEM, *schedule]):
            run = {str(axis): value for axis, value in alike.iloc[0].items()}
            exact[alike.index] = self.along_steps(run, alike[after].to_numpy(dtype=np.int64), y)
        return exact

    def frontier(self, runs: pd.DataFrame, size: str, y: str, compute: ArrayLike) -> tuple[Floats, Floats]:
        """Compute N*(C) and L*(C) = min_N L(N, C) at budgets C (m,), in FLOPs of a run, over all sizes N.

        `size` is the column that counts N: modes, or n_params, which counts those of all copies. Returns two arrays
        (m,), NaN unless the runs differ in modes, steps and seed alone, at a constant rate.
        """
        budgets = np.asarray(compute, dtype=np.float64)
        nothing = np.full(len(budgets), np.nan)
        alike = runs[["schedule", "warmup", "learning_rate", "copies", *_PROBLEM]].drop_duplicates()
        known = y == "test_loss" and size in ("modes", "n_params") and len(alike) == 1
        if not known or not all(_covers(run) for run in runs.to_dict("records")):
            return nothing, nothing
        one = alike.iloc[0]
        if (
            one["schedule"] != "constant"
            or one["warmup"]
            or ("warmup_steps" in runs and runs["warmup_steps"].any())
        ):
            return nothing, nothing
        batch_size, rate, copies = int(one["batch_size"]), float(one["learning_rate"]), int(one["copies"])
        a, b, noise = (float(one[axis]) for axis in _SPECTRUM)
        ends = np.log2([max(1.0, runs["modes"].min() / 2), 2.0 * runs["modes"].max()])
        sizes = 2.0 ** np.arange(ends[0], ends[1], 1 / 8)
        try:
            loss, best, _ = frontier(budgets / copies, batch_size, rate, a, b, noise, sizes)
        except ValueError:  # the best size lies far from those that were run
            return nothing, nothing
        return best * (copies if size == "n_params" else 1), loss

    def floor(self, runs: pd.DataFrame, y: str) -> pd.Series:
        """Return what y of each run falls to with modes and steps without end, σ²; null as above."""
        covered = [y == "test_loss" and _covers(run) for run in runs.to_dict("records")]
        return runs["noise_variance"].astype(float).where(pd.Series(covered, index=runs.index))

    def along_steps(self, config: Mapping[str, Any], steps: NDArray[np.int64], y: str) -> Floats:
        """Compute the test loss after each of `steps` (S,) of one run; NaN for another y, and as above."""
        if y != "test_loss" or not _covers(config):
            return np.full(len(steps), np.nan)
        warmup_steps = int(config.get("warmup_steps") or 0)
        factors = rate_factors(config["schedule"], config["warmup"], int(config["steps"]), warmup_steps)
        a, b, noise = (float(config[axis]) for axis in _SPECTRUM)
        rates, batch_size = config["learning_rate"] * factors, int(config["batch_size"])
        return exact_loss(int(config["modes"]), rates, batch_size, a, b, noise, steps=steps)


exact_curve = _ExactLoss()


def _covers(config: Mapping[Any, Any]) -> bool:
    """Tell whether a run is one of plain SGD on this task, with null (or NaN) for no clipping."""
    clip = config["gradient_clip"]
    plain = config["optimizer"] == "sgd" and (clip is None or clip != clip)
    plain &= config.get("parametrization", "standard") == "standard"
    return bool(
        config["task"] == "sgd_oracle" and plain and config["weight_decay"] == 0 and config["momentum"] == 0
    )


def _rates(learning_rates: ArrayLike, batch_size: int) -> Floats:
    rates = np.asarray(learning_rates, dtype=np.float64)
    if rates.ndim < 1 or not (np.isfinite(rates) & (rates >= 0)).all() or batch_size < 1:
        raise ValueError(
            f"needs rates ≥ 0 and batch_size ≥ 1; got {learning_rates!r} and batch_size={batch_size}"
        )
    return rates


def _noise(noise: ArrayLike) -> Floats:
    variance = np.asarray(noise, dtype=np.float64)
    if not (np.isfinite(variance) & (variance >= 0)).all():
        raise ValueError(f"the noise is a variance and cannot be {noise!r}")
    return variance
