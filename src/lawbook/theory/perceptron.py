"""The teacher–student perceptron: the exact error of the student of largest margin, on whole and on pruned pools.

Inputs x ~ N(0, 1_N), labels sign(T·x), α = kept examples per dimension, N → ∞. Examples are kept by the margin
|z| that a probe sees, which has not been trained on them and lies at the angle θ to the teacher: the fraction f
with the smallest (`hard`) or the largest (`easy`). `_replica` has the equations and their sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from lawbook.theory._replica import Keep, Student, imperfect_probe, perfect_probe, threshold

Floats: TypeAlias = NDArray[np.float64]

TABLE = "perceptron.csv"
"""The shipped table: solutions on grids, so that a report need not solve them again."""

LEAST_ANGLE_DEG = 1e-3
"""Below this angle a probe is taken as perfect: the error differs by less than 1e-9."""


def max_margin_error(alpha: ArrayLike) -> Floats:
    """Compute ε(α) = arccos(R)/π of the max-margin student of a whole pool; about 0.500489/α at large α.

    alpha: (n,), examples per dimension, between 0.01 and 1e6; returns (n,). Raises ValueError outside.

    >>> max_margin_error([1, 2, 4]).round(5)
    array([0.26571, 0.18848, 0.11366])
    """
    return np.array([student(float(a)).error for a in np.atleast_1d(np.asarray(alpha, dtype=np.float64))])


@cache
def student(
    alpha: float, keep_fraction: float = 1.0, keep: Keep = "hard", probe_angle_deg: float = 0.0
) -> Student:
    """Compute error, overlaps and margin of the max-margin student of α kept examples per dimension.

    Raises ValueError for α outside 0.01 … 1e6, a keep fraction outside 1e-3 … 1, or an angle outside 0 … 85
    degrees.

    >>> round(student(4, 0.5).error, 5), round(student(4, 0.2, probe_angle_deg=10).error, 5)
    (0.06099, 0.03927)
    """
    for name, value, low, high in (
        ("alpha", alpha, 0.01, 1e6),
        ("keep_fraction", keep_fraction, 1e-3, 1.0),
        ("probe_angle_deg", probe_angle_deg, 0.0, 85.0),
    ):
        if not low <= value <= high:
            raise ValueError(f"{name} must lie between {low:g} and {high:g}; got {value!r}")
    if keep_fraction == 1.0 or probe_angle_deg < LEAST_ANGLE_DEG:
        return perfect_probe(alpha, keep_fraction, "hard" if keep_fraction == 1.0 else keep)
    whole = perfect_probe(alpha, 1.0, "hard").error
    start = (float(1 / np.tan(np.pi * whole)), 0.0)
    return imperfect_probe(alpha, keep_fraction, keep, float(np.deg2rad(probe_angle_deg)), start)


def asymptotic_constant() -> float:
    """Compute C = lim α ε(α) of whole pools, 0.50048893.

    C = 3 / (√(2π) [(k³ + 3k) Φ(k) + (k² + 2) φ(k)]) at the root of k³ Φ(k) = (1 − k²) φ(k), k = 0.638833: the
    limit of the equations of `_replica` for p → ∞.

    >>> round(asymptotic_constant(), 8)
    0.50048893
    """

    def density(k: float) -> float:
        return float(np.exp(-(k**2) / 2) / np.sqrt(2 * np.pi))

    k = float(brentq(lambda k: k**3 * ndtr(k) - (1 - k**2) * density(k), 0.1, 1.0, xtol=1e-15))
    return float(3 / (np.sqrt(2 * np.pi) * ((k**3 + 3 * k) * ndtr(k) + (k**2 + 2) * density(k))))


def asymptotic_error(alpha: float, keep_fraction: float = 1.0, keep: Keep = "hard") -> float:
    """Compute the limit of ε at large α for a perfect probe: C f/α for hard examples, C f e^{u₀²/2}/α for easy ones.

    Hard examples are worth the whole pool that they come from, α/f per dimension; easy ones of the least margin
    u₀ only as many as their density at the boundary is worth.
    """
    worth = np.exp(threshold(keep_fraction, keep) ** 2 / 2) if keep == "easy" and keep_fraction < 1 else 1.0
    return float(asymptotic_constant() * keep_fraction * worth / alpha)


@dataclass(frozen=True)
class Best:
    """The least error at some α over keep fractions, the fraction that attains it, and whether it is the smallest."""

    error: float
    keep_fraction: float
    censored: bool


def frontier(
    alpha: float, keep_fractions: Sequence[float], keep: Keep = "hard", probe_angle_deg: float = 0.0
) -> Best:
    """Compute min over f of ε(α, f), at α kept examples per dimension from pools of α/f.

    With a perfect probe and α > 2 the error falls to 0 with f: there is no best fraction, and the smallest of the
    list is returned as censored.
    """
    errors = [student(alpha, f, keep, probe_angle_deg).error for f in keep_fractions]
    best = int(np.argmin(errors))
    smallest = keep_fractions[best] == min(keep_fractions) and len(keep_fractions) > 1
    return Best(errors[best], keep_fractions[best], smallest)


def crossing(keep_fraction: float, keep: Keep = "hard", against: Keep | None = None) -> float:
    """Compute the α above which keeping hard examples (a perfect probe) beats a whole pool, or keeping easy ones.

    Raises ValueError if there is none between 0.1 and 100.

    >>> round(crossing(0.5), 3)
    1.453
    """

    def gain(log_alpha: float) -> float:
        alpha = float(np.exp(log_alpha))
        other = student(alpha) if against is None else student(alpha, keep_fraction, against)
        return student(alpha, keep_fraction, keep).error - other.error

    ends = np.log([0.1, 100.0])
    if gain(ends[0]) * gain(ends[1]) > 0:
        raise ValueError(f"the curves of keep fraction {keep_fraction} do not cross")
    return float(np.exp(brentq(gain, *ends, xtol=1e-6)))


def exact_curve(runs: pd.DataFrame, x: str, y: str) -> pd.Series:
    """Compute the exact test error of each run of a table, where this theory applies.

    It does to whole and randomly pruned pools of the tasks `perceptron` and `teacher_logistic`, and to pools that
    are pruned by `oracle_margin`, hard or easy end: its probe has seen none of the examples. It does not to
    probes that were trained on the pool that they score. Returns a float column aligned with `runs`, null for
    another y and for runs that it does not cover. Whatever x is: the error follows from the run's own axes.
    """
    exact = pd.Series(np.nan, index=runs.index, dtype=float)
    if y != "test_error":
        return exact
    axes = {"dimension": np.nan, "probe_angle_deg": 0.0, "drop_hardest": 0.0}
    table = runs.assign(**{axis: value for axis, value in axes.items() if axis not in runs})
    whole = (table["keep_fraction"] == 1) | (table["metric"] == "random")
    pruned = ~whole & (table["metric"] == "oracle_margin") & table["keep"].isin(["hard", "easy"])
    known = table["task"].isin(["perceptron", "teacher_logistic"]) & table["model"].isin(MODELS)
    covered = known & (whole | (pruned & (table["drop_hardest"] == 0)))
    for place, run in table[covered].iterrows():
        alpha = run["n_train"] / run["dimension"]
        of_pool = (1.0, "hard", 0.0)
        if not whole[place]:
            of_pool = (run["keep_fraction"], run["keep"], run["probe_angle_deg"] or 0.0)
        exact[place] = _tabulated(float(alpha), float(of_pool[0]), of_pool[1], float(of_pool[2]))
    return exact


MODELS = ("max_margin", "logistic")
"""Students of largest margin; a logistic one is, on data without noise and with next to no ridge."""


@cache
def _tabulated(alpha: float, keep_fraction: float, keep: Keep, probe_angle_deg: float) -> float:
    found = _table().get((alpha, keep_fraction, keep, probe_angle_deg))
    return student(alpha, keep_fraction, keep, probe_angle_deg).error if found is None else found


@cache
def _table() -> dict[tuple[float, float, str, float], float]:
    """Return the errors of the shipped table by α, keep fraction, kept end and angle."""
    with resources.files("lawbook.theory").joinpath(TABLE).open() as file:
        rows = pd.read_csv(file).itertuples(index=False)
    return {(row.alpha, row.keep_fraction, row.keep, row.probe_angle_deg): row.error for row in rows}
