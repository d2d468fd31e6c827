"""Exact risk of least squares of smallest norm on isotropic examples, beside what happens at d = n.

With d inputs, n examples, coefficients of norm r and noise of variance σ², γ = d/n. In the limit of large d and n

    risk = σ² γ / (1 - γ) for γ < 1, and r² (1 - 1/γ) + σ² / (γ - 1) for γ > 1.

Of normal inputs the means over finite draws are known, too: a Wishart matrix's inverse has the mean 1/(n - d - 1) times
the identity, so that (1 - γ) n becomes n - d - 1 and (γ - 1) n becomes d - n - 1; of r² the part 1 - n/d is left.

Source: Hastie, Montanari, Rosset & Tibshirani 2022, "Surprises in high-dimensional ridgeless least squares
interpolation", arXiv:1903.08560, theorem 1 and section 3; Belkin, Hsu & Xu 2020, arXiv:1903.07571, theorem 1.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def limiting_risk(gamma: ArrayLike, signal: ArrayLike = 1.0, noise: ArrayLike = 1.0) -> Floats:
    """Compute the risk E‖w - β‖² in the limit; infinite at γ = 1 where there is noise.

    gamma: d/n; signal: r, the norm of β; noise: σ, a standard deviation. All broadcast.

    >>> limiting_risk([0.5, 2.0]).tolist()
    [1.0, 1.5]
    """
    g, r, sigma = np.broadcast_arrays(*(np.asarray(one, dtype=np.float64) for one in (gamma, signal, noise)))
    with np.errstate(divide="ignore", invalid="ignore"):
        below = sigma**2 * g / (1.0 - g)
        above = r**2 * (1.0 - 1.0 / g) + sigma**2 / (g - 1.0)
    at_one = np.where(sigma > 0, np.inf, 0.0)
    return np.asarray(np.where(g < 1.0, below, np.where(g > 1.0, above, at_one)), dtype=np.float64)


def mean_risk(
    dimension: ArrayLike, samples: ArrayLike, signal: ArrayLike = 1.0, noise: ArrayLike = 1.0
) -> Floats:
    """Compute the mean risk E‖w - β‖² over draws of n normal examples in d dimensions.

    It is σ² d / (n - d - 1) for d < n - 1 and r² (1 - n/d) + σ² n / (d - n - 1) for d > n + 1, infinite between where
    there is noise: the smallest singular value has no inverse second moment.

    >>> mean_risk(20, [41, 10]).round(12).tolist()
    [1.0, 1.611111111111]
    """
    d, n, r, sigma = np.broadcast_arrays(
        *(np.asarray(one, dtype=np.float64) for one in (dimension, samples, signal, noise))
    )
    left = r**2 * np.maximum(0.0, 1.0 - n / d)
    gap, excess = np.abs(d - n) - 1.0, np.minimum(d, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(gap > 0, sigma**2 * excess / gap, np.inf)
    return np.asarray(left + np.where(sigma > 0, spread, 0.0), dtype=np.float64)


def exact_curve(runs: pd.DataFrame, x: str, y: str) -> pd.Series:
    """Compute the exact mean of y of each run of a table: its test loss, over draws of its examples.

    Whatever x is: the risk follows from the run's own axes. Returns a float column aligned with `runs`, null for
    another y, for runs of another task or model, and where the mean is infinite.
    """
    exact = pd.Series(np.nan, index=runs.index, dtype=float)
    covered = (runs["task"] == "gaussian_regression") & (runs["model"] == "min_norm")
    if y != "test_loss" or not covered.any():
        return exact
    axes = (runs.loc[covered, axis].to_numpy(float) for axis in ("dimension", "samples", "signal", "noise"))
    risk = mean_risk(*axes)
    exact[covered] = np.where(np.isfinite(risk), risk, np.nan)
    return exact
