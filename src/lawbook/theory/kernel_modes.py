"""Spectra of the task `kernel_modes`, and the exact test error of kernel and random-feature regression on it.

Modes have the eigenvalues λ_i = i^-a and the squares of coefficients v_i² = i^-b. On a torus of d dimensions modes are
the waves √2 cos(2π k·x) and √2 sin(2π k·x) with whole k, of which as many as r^d have |k| ≤ r: there λ = |k|^-(d a) and
v² = |k|^-(d b) have the same exponents. A target with b = 1 + 2ν/d has just less than ν derivatives.

For a kernel alone the error falls as n^-min(b - 1, 2a), and for random features as the smaller of n and N does.
Source: `kernel_ridge` and `random_features`, which have the theory.
"""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lawbook.axes import Config
from lawbook.theory.kernel_ridge import learnabilities
from lawbook.theory.random_features import least_error, mean_error_of_features

Floats = NDArray[np.float64]

SPECTRUM = ("modes", "input_exponent", "target_exponent", "dimension")
"""Axes of the task that `spectrum` is computed from."""

AXES = (*SPECTRUM, "target_mode", "noise", "samples", "features", "ridge", "ridge_is")
"""Axes of task and model that the theory reads."""

_WHOLE = ("modes", "dimension", "target_mode")


@cache
def waves(modes: int, dimension: int) -> NDArray[np.int64]:
    """Return the whole vectors k of the first `modes` / 2 waves by length, one of each pair ±k, (⌈modes/2⌉, d).

    >>> waves(4, 2).tolist()
    [[0, 1], [1, 0]]
    """
    wanted = (modes + 1) // 2
    reach = 1
    while True:
        every = np.indices((2 * reach + 1,) * dimension).reshape(dimension, -1).T - reach
        length = np.square(every).sum(axis=1)
        first = every[np.arange(len(every)), np.argmax(every != 0, axis=1)]
        # Beyond `reach` along an axis none is listed: only a ball within the cube is whole.
        kept = every[(length > 0) & (length <= reach * reach) & (first > 0)]
        if len(kept) >= wanted:
            order = np.argsort(np.square(kept).sum(axis=1), kind="stable")
            return np.asarray(kept[order][:wanted], dtype=np.int64)
        reach = 3 * reach // 2 + 1


@lru_cache(maxsize=64)
def spectrum(
    modes: int, input_exponent: float, target_exponent: float, dimension: int | None = None
) -> tuple[Floats, Floats]:
    """Compute λ and v² of the first modes, (K,) each, in descending order.

    >>> spectrum(3, 2.0, 1.0)[0].round(3).tolist()
    [1.0, 0.25, 0.111]
    """
    if dimension is None:
        size = np.arange(1, modes + 1, dtype=np.float64)
    else:
        length = np.sqrt(np.square(waves(modes, dimension)).sum(axis=1).astype(np.float64))
        size = np.repeat(length**dimension, 2)[:modes]
    return size**-input_exponent, size**-target_exponent


def target_power(power: Floats, mode: int | None) -> Floats:
    """Return v² (K,): as it is, or that of a target which is one mode alone, from 1."""
    if mode is None:
        return power
    alone = np.zeros_like(power)
    alone[mode - 1] = 1.0
    return alone


class KernelModes:
    """The exact mean of what is measured of `kernel_ridge` with a linear kernel, and of `random_features`.

    The test loss, and of a kernel the share of the target that is learned, Σ 𝓛 v² / Σ v². Null for another model, task
    or y, and where the mean is infinite. Waves count as independent, which at few random points they nearly are.
    """

    def __call__(self, runs: pd.DataFrame, x: str, y: str) -> pd.Series:
        """Compute y of each run, aligned with `runs`; whatever x is, it follows from the run's own axes."""
        exact = pd.Series(np.nan, index=runs.index, dtype=float)
        covered = (runs["task"] == "kernel_modes") & runs["model"].isin(["kernel_ridge", "random_features"])
        if "kernel" in runs:
            covered &= runs["kernel"].isna() | (runs["kernel"] == "linear")
        keys = [key for key in AXES if key in runs]
        for _, rows in runs[covered].groupby(keys, dropna=False):
            row = rows[keys].iloc[0].dropna()
            value = _mean({str(key): int(row[key]) if key in _WHOLE else row[key] for key in row.index}, y)
            exact[rows.index] = value if np.isfinite(value) else np.nan
        return exact

    def exponent(self, runs: pd.DataFrame, x: str, y: str) -> float:
        """Return the exponent at infinity of a test loss without noise or ridge: min(b - 1, 2a), in features b - 1."""
        exponents = runs[["input_exponent", "target_exponent"]].drop_duplicates()
        if y != "test_loss" or len(exponents) != 1 or x not in ("samples", "n_train", "features", "n_params"):
            return np.nan
        a, b = (float(value) for value in exponents.iloc[0])
        return min(b - 1.0, 2.0 * a) if x in ("samples", "n_train") else b - 1.0


def _mean(config: Config, y: str) -> float:
    """Return the mean of y at a run's own axes, NaN where the theory says nothing."""
    values, power = spectrum(*(config.get(axis) for axis in SPECTRUM))
    power = target_power(power, config.get("target_mode"))
    n, size = float(config["samples"]), float(config.get("features", np.inf))
    noise, ridge = config.get("noise", 0.0) ** 2, config.get("ridge", 0.0)
    if y == "test_learnability" and np.isinf(size):
        return float((learnabilities(values, n, ridge) * power).sum() / power.sum())
    if y != "test_loss":
        return np.nan
    if config.get("ridge_is") == "best":
        return least_error(values, power, n, size, noise)[0]
    return mean_error_of_features(values, power, n, size, ridge, noise)


exact_curve = KernelModes()
