r"""The teacher–student perceptron on pruned data: the exact generalisation error of the student of largest margin.

Inputs x ~ N(0, 1_N), labels sign(T·x); a probe at the angle θ to the teacher T keeps the fraction f of a pool with
the smallest (hard) or the largest (easy) |z|, z the probe's field. α = kept examples per dimension, N → ∞, and the
probe is independent of the pool: nothing here holds for a probe that was fitted to the examples it scores. Without
pruning, f = 1, neither probe nor `keep` has an effect.

Sources: Gardner 1988, J. Phys. A 21:257 and Opper et al. 1990, J. Phys. A 23:L581 for f = 1; Sorscher et al. 2022,
arXiv:2206.14486, appendix A, for the replica equations of pruned data, here solved as the equivalent convex problem
of `_perceptron_solver`; `printed_residuals` puts its solution into the equations as they are printed.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import ndtr

from lawbook.theory._perceptron_equations import imperfect_residuals, perfect_residuals
from lawbook.theory._perceptron_solver import kept_range, solve

Floats = NDArray[np.float64]

ALPHA = (0.01, 1e6)
"""Range of α for a perfect probe and for unpruned data."""

LARGEST_ALPHA_IMPERFECT = 1e3
"""Largest α for a probe at an angle: beyond, the quadrature of two variables loses digits."""

SMALLEST_FRACTION = 1e-4

STUDENT = "max_margin"
"""The model that the theory is about. A logistic student, however small its ridge, is another at finite N."""

_POINTS_PER_FRONTIER = 25


class Student(NamedTuple):
    """Students of largest margin, an array each of one shape."""

    error: Floats
    """ε = arccos(R)/π, the generalisation error."""
    overlap: Floats
    """R, the cosine between student and teacher."""
    probe_overlap: Floats
    """ρ, the cosine between student and probe."""
    margin: Floats
    """κ, the distance of the nearest example to the student's boundary."""


class Frontier(NamedTuple):
    """The least error over the keep fraction, (n,) each."""

    error: Floats
    keep_fraction: Floats
    censored: NDArray[np.bool_]
    """Whether the fraction is an end of those allowed, other than 1, so that the optimum may lie beyond."""


def student(
    alpha: ArrayLike,
    keep_fraction: ArrayLike = 1.0,
    keep: ArrayLike = "hard",
    probe_angle_deg: ArrayLike = 0.0,
) -> Student:
    """Compute ε = arccos(R)/π, R, ρ and κ of the max-margin student of pruned data; arguments broadcast.

    alpha: kept examples per dimension, 0.01 to 1e6, and to 1e3 where the probe errs; keep_fraction: 1e-4 to 1;
    keep: hard or easy; probe_angle_deg: 0 to 90, since a probe and its negative keep the same. Raises ValueError
    outside. For f = 1, where no probe is asked, ρ = R cos θ. About 1 ms a point for θ = 0, 5 to 30 ms for θ > 0.

    >>> three = student(4, [1, 0.2, 0.2], ["hard", "hard", "easy"], [0, 10, 0])
    >>> three.error.round(5), three.margin.round(4)
    (array([0.11366, 0.03927, 0.04819]), array([0.2433, 0.0634, 1.3901]))
    """
    given = np.broadcast_arrays(
        np.asarray(alpha, dtype=np.float64),
        np.asarray(keep_fraction, dtype=np.float64),
        np.asarray(keep, dtype=np.str_),
        np.asarray(probe_angle_deg, dtype=np.float64),
    )
    rows = [
        _student(float(a), float(f), str(k), float(t))
        for a, f, k, t in zip(*(g.flat for g in given), strict=True)
    ]
    table = np.array(rows, dtype=np.float64).reshape((*given[0].shape, 4))
    return Student(*np.moveaxis(table, -1, 0))


def max_margin_error(alpha: ArrayLike) -> Floats:
    """Compute ε(α) of the max-margin student of unpruned data, for each α; about 0.500489/α at large α.

    alpha: (n,), examples per dimension, between 0.01 and 1e6; returns (n,). Raises ValueError outside.

    >>> max_margin_error([1, 2, 4]).round(5)
    array([0.26571, 0.18848, 0.11366])
    """
    return student(np.atleast_1d(np.asarray(alpha, dtype=np.float64))).error


def asymptotic_constant() -> float:
    """Compute C in ε → C/α of unpruned data: C = 3/(√(2π) [(k³ + 3k) Φ(k) + (k² + 2) φ(k)]).

    k = 0.638833 is the root of k³ Φ(k) = (1 - k²) φ(k): the margin in units of √(1-R²), from the convex problem of
    `_perceptron_solver` with the normal density of the teacher's field at 0 alone.

    >>> round(asymptotic_constant(), 8)
    0.50048893
    """

    def density(k: float) -> float:
        return float(np.exp(-(k**2) / 2) / np.sqrt(2 * np.pi))

    k = float(brentq(lambda k: k**3 * float(ndtr(k)) - (1 - k**2) * density(k), 0.0, 1.0, xtol=1e-15))
    held = (k**3 + 3 * k) * float(ndtr(k)) + (k**2 + 2) * density(k)
    return float(3 / (np.sqrt(2 * np.pi) * held))


def asymptotic_error(alpha: ArrayLike, keep_fraction: ArrayLike = 1.0, keep: str = "hard") -> Floats:
    """Compute ε as α → ∞ at fixed f and θ = 0: C·f/α for keep: hard, C·f·exp(u0²/2)/α for keep: easy.

    u0 = -Φ⁻¹(f/2). A hard-pruned set is worth the whole pool, C/α_tot; of an easy one counts the density at its
    edge. Arguments broadcast. Raises ValueError for another `keep`.

    >>> asymptotic_error(100, [1, 0.5]).round(6), asymptotic_error(100, [0.5], "easy").round(6)
    (array([0.005005, 0.002502]), array([0.003142]))
    """
    if keep not in ("hard", "easy"):
        raise ValueError(f"keep must be hard or easy; got {keep!r}")
    fractions = np.asarray(keep_fraction, dtype=np.float64)
    edge = np.vectorize(lambda f: kept_range(f, keep)[0], otypes=[np.float64])(fractions)
    return np.asarray(
        asymptotic_constant() * fractions * np.exp(edge**2 / 2) / np.asarray(alpha, dtype=np.float64)
    )


def frontier(
    alpha: ArrayLike,
    probe_angle_deg: float = 0.0,
    keep: str = "hard",
    keep_fractions: ArrayLike | None = None,
    largest_pool: float | None = None,
) -> Frontier:
    """Compute min_f ε(α, f) and its f for each α (n,) kept examples per dimension: the Pareto frontier of pruning.

    Over the listed `keep_fractions`, or over every f with a pool of at most `largest_pool` = α/f examples per
    dimension: one of the two. Raises ValueError for both or neither, for a pool below α, and as `student`.

    >>> best = frontier([1.5, 4], largest_pool=16)
    >>> best.error.round(4), best.keep_fraction.round(2), best.censored
    (array([0.2063, 0.0312]), array([0.69, 0.25]), array([False,  True]))
    """
    if (keep_fractions is None) == (largest_pool is None):
        raise ValueError("give either keep_fractions or largest_pool")
    given = np.atleast_1d(np.asarray(alpha, dtype=np.float64))
    if largest_pool is not None and not (given <= largest_pool).all():
        raise ValueError(f"largest_pool={largest_pool} is smaller than alpha={given.max()}")
    rows = []
    for a in given:
        if keep_fractions is not None:
            choices = np.sort(np.atleast_1d(np.asarray(keep_fractions, dtype=np.float64)))
            errors = student(a, choices, keep, probe_angle_deg).error
            best, f = float(errors.min()), float(choices[errors.argmin()])
        else:
            choices = np.geomspace(a / float(largest_pool or a), 1.0, _POINTS_PER_FRONTIER)
            best, f = _least(float(a), choices, keep, probe_angle_deg)
        rows.append((best, f, f == choices[0] or (f == choices[-1] and f < 1)))
    error, fraction, censored = zip(*rows, strict=True)
    return Frontier(np.array(error), np.array(fraction), np.array(censored))


def printed_residuals(
    alpha: float, keep_fraction: float, keep: str = "hard", probe_angle_deg: float = 0.0
) -> Floats:
    """Compute by how much the solution misses the replica equations as printed, by another quadrature.

    Returns (3,) for equations (1), (2) and (3) of Sorscher et al. 2022 (arXiv:2206.14486, appendix A) where
    θ > 0, and (2,) for those of the perfect probe, where they are printed for keep: hard (f = 1: γ = ∞). Seconds for
    large α. Raises ValueError as `student` does, and for a perfect probe with keep: easy.
    """
    _, R, rho, kappa = _student(float(alpha), float(keep_fraction), keep, float(probe_angle_deg))
    kept = kept_range(keep_fraction, keep)
    if probe_angle_deg > 0:
        theta = float(np.deg2rad(probe_angle_deg))
        return imperfect_residuals(alpha, keep_fraction, kept, theta, R, rho, kappa)
    if keep != "hard" and keep_fraction < 1:
        raise ValueError("the equations of the perfect probe are printed for keep: hard")
    return perfect_residuals(alpha, keep_fraction, kept[1], R, kappa)


def exact_curve(runs: pd.DataFrame, x: str, y: str) -> pd.Series:
    """Compute the exact test error of each run of the tasks `perceptron` and `teacher_logistic`, as N → ∞.

    Whatever x is: it follows from α = n_train/dimension and, where `oracle_margin` pruned with keep: hard or easy
    and dropped none, from keep fraction and angle of the probe. Unpruned and randomly pruned runs have f = 1. Null
    for every other y, metric and selection (a probe fitted to the pool is beyond the theory), for noisy labels, for
    students of other kinds than `max_margin`, and outside the domain of `student`.
    """
    exact = pd.Series(np.nan, index=runs.index, dtype=float)
    if y != "test_error" or not {"task", "n_train", "dimension"} <= set(runs.columns):
        return exact

    def axis(name: str, neutral: float) -> pd.Series:
        absent = pd.Series(neutral, index=runs.index)
        return pd.to_numeric(runs[name]).fillna(neutral).astype(float) if name in runs else absent

    def word(name: str, neutral: str) -> pd.Series:
        absent = pd.Series(neutral, index=runs.index)
        return runs[name].astype(object).where(runs[name].notna(), neutral) if name in runs else absent

    metric, keep = word("metric", "random"), word("keep", "hard")
    whole = (axis("keep_fraction", 1.0) == 1) | (metric == "random")
    oracle = (metric == "oracle_margin") & keep.isin(["hard", "easy"]) & (axis("drop_hardest", 0.0) == 0)
    points = pd.DataFrame(
        {
            "alpha": axis("n_train", np.nan) / axis("dimension", np.nan),
            "keep_fraction": axis("keep_fraction", 1.0).mask(whole, 1.0),
            "keep": keep.mask(whole, "hard"),
            "probe_angle_deg": axis("probe_angle_deg", 0.0).mask(whole, 0.0),
        }
    )
    covered = runs["task"].isin(["perceptron", "teacher_logistic"]) & (whole | oracle)
    covered &= (axis("label_noise", 0.0) == 0) & (word("model", STUDENT) == STUDENT)
    pruned_by_another = (points["probe_angle_deg"] > 0) & (points["keep_fraction"] < 1)
    covered &= points["alpha"].between(*ALPHA) & points["keep_fraction"].between(SMALLEST_FRACTION, 1)
    covered &= points["probe_angle_deg"].between(0, 90)
    covered &= ~pruned_by_another | (points["alpha"] <= LARGEST_ALPHA_IMPERFECT)
    known = shipped_table().set_index(list(points.columns))["error"].to_dict()
    for key, alike in points[covered].groupby(list(points.columns)):
        point: Any = key
        exact[alike.index] = known[point] if point in known else _student(*point)[0]
    return exact


@cache
def shipped_table() -> pd.DataFrame:
    """Return the table beside this module: α, keep fraction, keep and angle, then ε, R, ρ and κ to the last digit.

    Written by `benchmarks/perceptron_table.py`. A perfect probe on a grid of 17 α and 15 selections; angles of 10
    and 20 degrees where studies use them.
    """
    with files("lawbook.theory").joinpath("perceptron.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file)


def _least(alpha: float, choices: Floats, keep: str, angle: float) -> tuple[float, float]:
    """Return the least error over f from the first choice to the last, and its f."""

    def error(log_f: float) -> float:
        return _student(alpha, min(1.0, float(np.exp(log_f))), keep, angle)[0]

    logs = np.log(choices)
    errors = [error(log_f) for log_f in logs]
    i = int(np.argmin(errors))
    best = errors[i], float(choices[i])
    bounds = logs[max(i - 1, 0)], logs[min(i + 1, len(logs) - 1)]
    if bounds[0] < bounds[1]:
        inner = minimize_scalar(error, bounds=bounds, method="bounded", options={"xatol": 1e-6})
        best = min(best, (float(inner.fun), float(np.exp(inner.x))))
    return best


@lru_cache(maxsize=1 << 14)
def _student(alpha: float, f: float, keep: str, angle: float) -> tuple[float, float, float, float]:
    imperfect = f < 1 and angle > 0
    domain = {
        "alpha": (alpha, ALPHA[0], LARGEST_ALPHA_IMPERFECT if imperfect else ALPHA[1]),
        "keep_fraction": (f, SMALLEST_FRACTION, 1.0),
        "probe_angle_deg": (angle, 0.0, 90.0),
    }
    for name, (value, low, high) in domain.items():
        if not low <= value <= high:
            raise ValueError(f"{name} must lie between {low:g} and {high:g}; got {value!r}")
    if keep not in ("hard", "easy"):
        raise ValueError(f"keep must be hard or easy; got {keep!r}")
    theta = float(np.deg2rad(angle))
    A, B, k = solve(alpha, f, keep, theta)
    length = float(np.hypot(1.0, np.hypot(A, B)))
    # The arc tangent keeps its digits where R is near 1.
    error = float(np.arctan2(np.hypot(1.0, B), A) / np.pi)
    return error, A / length, (A * np.cos(theta) + B * np.sin(theta)) / length, k / length
