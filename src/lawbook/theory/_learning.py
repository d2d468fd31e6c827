"""The quantization model beside trained networks: its curve at the runs' own points, with one scale calibrated.

The model says how a loss, or a count of learned tasks, depends on steps, samples or parameters but for the unit of
x: how many steps a task of frequency p takes, τ/p, or how many parameters c. This one number is fitted to the points
of the curve itself, by least squares in its logarithm; what is left to compare is its shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lawbook.theory.quanta import (
    Floats,
    Learning,
    alike,
    asymptotic_exponents,
    learned_of_dose,
    loss_of_capacity,
    loss_of_dose,
)

STEPS, PARAMETERS, SAMPLES = ("step", "steps", "samples_seen"), ("width", "n_params"), ("samples",)
UNITS = {"test_loss": math.log(2), "validation_loss": math.log(2), "test_error": 0.5}
"""What an unlearned task costs: one bit, in nats; half of its answers."""

COUNTS = ("test_learned_tenth_bit", "test_learned_half_bit")
_GRID = 400


@dataclass(frozen=True)
class LearningCurve:
    """An exact curve (`lawbook.fitting.exact`) of tasks that are learned by one of the kinds of `theory.quanta`."""

    learning: Learning

    def __call__(self, runs: pd.DataFrame, x: str, y: str) -> pd.Series:
        """Compute y at the runs' x, the mean of each α and number of tasks calibrated by itself.

        Null for columns that the model says nothing of, and for parameters but under threshold learning.
        """
        exact = pd.Series(np.nan, index=runs.index, dtype=float)
        if not {"n_tasks", "alpha", x, y} <= set(runs.columns):
            return exact
        for n_tasks, alpha, rows in alike(runs):
            curve = self._curve(n_tasks, alpha, x, y)
            means = rows.groupby(x)[y].mean()
            known = means[(means > 0) & (means.index > 0)]
            if curve is None or known.empty:
                continue
            at, log_y = known.index.to_numpy(dtype=float), np.log(known.to_numpy(dtype=float))
            scale = calibrated(curve, at, log_y, n_tasks, alpha, x)
            exact[rows.index] = rows[x].map(dict(zip(at, curve(at / scale), strict=True))).astype(float)
        return exact.where(exact > 0)

    def exponent(self, runs: pd.DataFrame, x: str, y: str) -> float:
        """Return the exponent of y in x of the infinite model, NaN where it has none or the runs differ in α."""
        alphas = set(runs["alpha"]) if "alpha" in runs else set()
        counted = y in COUNTS
        if len(alphas) != 1 or not (counted or y in UNITS):
            return math.nan
        known = asymptotic_exponents(float(alphas.pop()))
        if x in PARAMETERS:
            return known.count_by_parameters if counted else known.loss_by_parameters
        return known.count_by_steps if counted else known.loss_by_steps

    def _curve(self, n_tasks: int, alpha: float, x: str, y: str) -> Callable[[Floats], Floats] | None:
        """Return y as a function of x over its scale, None where there is none."""
        if x in (*STEPS, *SAMPLES):
            if y in COUNTS:
                return lambda dose: learned_of_dose(dose, n_tasks, alpha, self.learning)
            if y in UNITS:
                return lambda dose: UNITS[y] * loss_of_dose(dose, n_tasks, alpha, self.learning)
        if x in PARAMETERS and self.learning == "threshold":
            if y in COUNTS:
                return lambda quanta: np.minimum(np.floor(quanta), n_tasks)
            if y in UNITS:
                return lambda quanta: UNITS[y] * loss_of_capacity(quanta, n_tasks, alpha)
        return None


def calibrated(
    curve: Callable[[Floats], Floats], x: Floats, log_y: Floats, n_tasks: int, alpha: float, column: str
) -> float:
    """Return the scale s at which log curve(x / s) comes nearest to log y in least squares, on a grid of 400.

    The grid runs from where all tasks are learned at the least x to where none is at the largest. Steps of a
    staircase leave ties; the middle one is taken.
    """
    # A dose that learns task K is 1/p_K ≈ K^(1+α) / p_1; a capacity that holds it is K.
    reach = n_tasks if column in PARAMETERS else 20.0 * n_tasks ** (1 + alpha) * (1 + 1 / max(alpha, 0.1))
    scales = np.geomspace(x.min() / reach, 2.0 * x.max(), _GRID)
    with np.errstate(divide="ignore"):
        logs = np.log(np.stack([curve(x / scale) for scale in scales]))
    # What the model has at 0 counts as far below any value measured.
    misses = np.square(np.maximum(logs, log_y.min() - 3.0) - log_y).sum(axis=1)
    best = np.flatnonzero(misses <= misses.min() * (1 + 1e-9))
    return float(scales[best[len(best) // 2]])
