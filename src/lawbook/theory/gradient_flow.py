r"""Descent at a small rate η, at the same time T = η · steps: the gradient flow, and the term of first order in η.

SGD on power-law regression (`lawbook.theory.sgd_oracle`): with the flow's moments m_k(T) = m_k(0) e^{-2λ_k T} and its
loss L₀(T) = Σ_j λ_j m_j + tail_N + σ², the loss after T/η steps is L₀ + η c₁ + O(η²), where

    c₁ = Σ_k λ_k { -λ_k² (1 - 1/B) T m_k(0) e^{-2λ_k T} + (λ_k/B) ∫₀^T e^{-2λ_k (T-s)} L₀(s) ds }:

discrete steps shrink errors faster than the flow does, but for what the spread of a batch's curvature gives back, and
the noise of the batches adds.

Descent of one number, a ← a + η f(a), differs from a' = f(a) by δa = -(η/2) f(a) ln[f(a)/f(a₀)] + O(η²): to first order
it solves a' = f - (η/2) f f' (backward error analysis; Hairer, Lubich & Wanner 2006, chapter IX), whose deviation obeys
δ' = f'(a) δ - (η/2) f f'. For two equal weights a with product A = a² that learn s, f(a) = a (s - a²).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lawbook.theory.linear_modes import strength
from lawbook.theory.sgd_oracle import spectrum, tail

Floats = NDArray[np.float64]


def regression_first_order(
    time: float, n_modes: int, batch_size: int, a: float = 1.5, b: float = 1.6, noise: float = 0.0
) -> tuple[float, float]:
    """Compute L₀(T) and c₁ of one-pass SGD on power-law regression, by the formula above, in closed form.

    >>> flow, first = regression_first_order(0.0, 8, 4)
    >>> round(flow, 4), first  # the loss of zero weights, ζ(1.6)
    (2.2858, 0.0)
    """
    lam, target = spectrum(n_modes, a, b)
    left = lam * target**2 * np.exp(-2 * lam * time)  # λ_k m_k(T)
    floor = tail(n_modes, b) + noise
    # ∫ e^{-2λ_k(T-s)} λ_j m_j(0) e^{-2λ_j s} ds = λ_j m_j(T) (1 - e^{-2(λ_k - λ_j)T}) / 2(λ_k - λ_j), or T λ_j m_j(T).
    gap = 2 * (lam[:, None] - lam[None, :])
    with np.errstate(divide="ignore", invalid="ignore"):
        kernel = np.where(gap == 0, time, -np.expm1(-gap * time) / gap)
    driven = kernel @ left + floor * -np.expm1(-2 * lam * time) / (2 * lam)
    drift = -(lam**2) * (1 - 1 / batch_size) * time * left
    return float(left.sum() + floor), float(drift.sum() + (lam**2 / batch_size) @ driven)


def modes_first_order(time: float, final: ArrayLike, initial: float) -> tuple[float, float]:
    """Compute the loss Σ_k (s_k - A_k)² of two-layer linear modes along the flow at T, and c₁ of descent.

    final: s (K,); initial: A₀ of each mode, the product of its two weights.

    >>> modes_first_order(0.0, [1.0], 0.25)[0]
    0.5625
    """
    s = np.asarray(final, dtype=np.float64)
    reached = strength(time, s, initial)
    weight, start = np.sqrt(reached), np.sqrt(initial)
    speed, first_speed = weight * (s - reached), start * (s - initial)
    moved = -0.5 * speed * np.log(speed / first_speed)
    return float(np.square(s - reached).sum()), float((-4 * (s - reached) * weight * moved).sum())


class _FirstOrder:
    """The flow with its first order, of the tasks `sgd_oracle` and `linear_modes` (`lawbook.fitting.exact`)."""

    def __call__(self, runs: pd.DataFrame, x: str, y: str) -> pd.Series:
        """Compute L₀ + η c₁ of each row after the run's last step; null for another y and for other runs."""
        flow, first = self.first_order(runs, y)
        return pd.Series(flow + runs["learning_rate"].to_numpy(dtype=float) * first, index=runs.index)

    def first_order(self, runs: pd.DataFrame, y: str) -> tuple[Floats, Floats]:
        """Compute L₀ at T = η · steps and c₁ of each row, (m,) each; NaN for another y and for other runs."""
        found = np.full((2, len(runs)), np.nan)
        if y != "test_loss":
            return found[0], found[1]
        for j, run in enumerate(runs.to_dict("records")):
            plain = run["optimizer"] == "sgd" and run["schedule"] == "constant" and not run["warmup"]
            if not plain or run["momentum"] != 0 or run["weight_decay"] != 0:
                continue
            time = float(run["learning_rate"]) * int(run["steps"])
            if run["task"] == "sgd_oracle":
                axes = (int(run["modes"]), int(run["batch_size"]))
                shape = (float(run[axis]) for axis in ("input_exponent", "target_exponent", "noise_variance"))
                found[:, j] = regression_first_order(time, *axes, *shape)
            elif run["task"] == "linear_modes" and run["start"] == "aligned" and run["layers"] == 2:
                s = run["strength"] * np.arange(1, int(run["n_modes"]) + 1, dtype=np.float64) ** -run["decay"]
                found[:, j] = modes_first_order(time, s, float(run["start_strength"]))
        return found[0], found[1]


exact_curve = _FirstOrder()
