r"""Collapse of a mode under noise that multiplies it: u ← u (1 + η (μ + ζ ξ - u²)) with ξ ~ N(0, 1).

Near 0 a step multiplies u by 1 + η (μ + ζ ξ), so that |u| grows by the rate

    Λ(η) = E ln |1 + η (μ + ζ ξ)| = η μ - η² (μ² + ζ²) / 2 + …,

and 0 attracts where Λ < 0: beyond η_c, the zero of Λ. The stochastic differential equation du = μ u dt + √η ζ u dW of
the limit of small η with η ζ² / μ held has ln |u| grow by μ - η ζ² / 2, so that η_c = 2 μ / ζ². After T steps the
distribution of ln |u| follows from its transition density, step by step: that of the logarithm of a normal number.

Source: Chen, Kunin, Yamamura & Ganguli 2023, arXiv:2306.04251, section 4 (the equation and theorem 4.2).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import brentq

from lawbook.axes import Config

Floats = NDArray[np.float64]

COLLAPSED = 1e-9
"""A mode of strength a = u² below this has collapsed."""

_POINTS, _LOWEST, _FURTHEST = 2.0, -50.0, 12.0
"""Grid of ln |u|: points to a step's standard deviation, and its low end; deviations over which a mean is taken."""

_AT_ONCE = 16
"""Steps that are made into one."""


def growth_rate(rate: float, drift: float, noise: float) -> float:
    """Compute Λ(η) = E ln |1 + η (μ + ζ ξ)|, how much ln |u| grows at a step near 0.

    Raises ValueError unless η and ζ are positive.

    >>> round(growth_rate(0.01, 0.1, 1.0) / (0.01 * 0.1 - 0.01**2 * 1.01 / 2), 2)
    1.0
    """
    if not (rate > 0 and noise > 0):
        raise ValueError(f"needs rate > 0 and noise > 0; got {rate} and {noise}")
    pole = -(1 / rate + drift) / noise
    inside = [pole] if abs(pole) < _FURTHEST else None

    def weighted(x: float) -> float:
        return float(np.log(abs(1 + rate * (drift + noise * x))) * np.exp(-x * x / 2))

    value, _ = quad(weighted, -_FURTHEST, _FURTHEST, points=inside, epsabs=1e-14, epsrel=1e-10, limit=400)
    return float(value / np.sqrt(2 * np.pi))


def collapse_rate(drift: float, noise: float) -> float:
    """Compute η_c, the learning rate beyond which 0 attracts; 2 μ / ζ² in the limit of small μ / ζ.

    >>> round(collapse_rate(0.1, 1.0), 4), round(collapse_rate(0.01, 1.0), 4)
    (0.1937, 0.02)
    """
    limit = 2 * drift / noise**2
    return float(brentq(lambda rate: growth_rate(rate, drift, noise), limit / 2, limit * 2, xtol=1e-13))


@lru_cache(maxsize=256)
def collapsed_share(
    rate: float, drift: float, noise: float, start_strength: float, steps: int, below: float = COLLAPSED
) -> float:
    """Compute the probability that a mode which begins with the strength a₀ = u² is below a level after T steps.

    By the transition density of ln |u| on a grid, where a sum over points is exact but for exponentially small terms.
    """
    start, level = np.log(start_strength) / 2, np.log(below) / 2
    spacing = min(rate * noise, 1.0) / _POINTS
    spacing = (start - level) / (
        np.floor((start - level) / spacing) + 0.5
    )  # the level half-way between points
    grid = start + spacing * np.arange(
        np.floor((_LOWEST - start) / spacing), np.ceil((3.0 - start) / spacing)
    )
    density = np.zeros(len(grid))
    density[int(np.abs(grid - start).argmin())] = 1.0
    step = _transition(grid, rate, drift, noise, spacing)
    several = np.linalg.matrix_power(step, _AT_ONCE)
    for matrix, times in ((several, steps // _AT_ONCE), (step, steps % _AT_ONCE)):
        for _ in range(times):
            density = matrix @ density
    # What has left the grid at its low end does not come back.
    return float(1 - density[grid > level].sum())


def _transition(grid: Floats, rate: float, drift: float, noise: float, spacing: float) -> Floats:
    """Return the matrix of one step, column by column the density of z' = z + ln |1 + η (μ + ζ ξ - e^{2z})|."""
    after, before = np.meshgrid(grid, grid, indexing="ij")
    factor = np.exp(after - before)
    mean = 1 + rate * (drift - np.exp(2 * before))
    either = sum(np.exp(-np.square((sign * factor - mean) / (rate * noise)) / 2) for sign in (1, -1))
    return np.asarray(spacing * factor * either / (rate * noise * np.sqrt(2 * np.pi)))


def _is_known(config: Config) -> bool:
    model = config["model"] == "diagonal" and config["layers"] == 2
    plain = config["optimizer"] == "sgd" and config["momentum"] == 0 and config["schedule"] == "constant"
    return bool(model and plain and config["batch_size"] == 1 and config["weight_decay"] == 0)


def exact_curve(runs: pd.DataFrame, x: str, y: str) -> pd.Series:
    """Compute `test_collapsed`, or `growth`, by how much ln |u| grows at a step near 0; null for another y."""
    of = {
        "test_collapsed": lambda c: collapsed_share(
            *(c[axis] for axis in ("learning_rate", "drift", "noise", "start_strength", "steps"))
        ),
        "growth": lambda c: growth_rate(c["learning_rate"], c["drift"], c["noise"]),
    }.get(y)
    exact = pd.Series(np.nan, index=runs.index, dtype=float)
    if of is None:
        return exact
    known: dict[tuple[object, ...], float] = {}
    axes = ("learning_rate", "drift", "noise", "start_strength", "steps")
    for at, row in zip(runs.index, runs.to_dict("records"), strict=True):
        config = {str(axis): value for axis, value in row.items()}
        if config["task"] == "multiplicative_noise" and _is_known(config):
            key = tuple(config[axis] for axis in axes)
            exact[at] = known[key] if key in known else known.setdefault(key, of(config))
    return exact
