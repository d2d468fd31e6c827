"""Scaling collapse: the normalised learning curves of several sizes laid on one another, and what parts them.

On a ladder of sizes N, each trained for t* ∝ N^γ, the curves ℓ(x) = (L(x t*) − L₀) / (L(t*) − L₀) are one curve where
size and time are scaled as one. What parts them is Δ, over sizes and seeds; what parts the seeds of one size before
they are normalised is the noise floor σ. The exponent γ at which the sizes lie closest is an estimate of how the
training of a size has to grow. Sources: Qiu et al. 2025, arXiv:2507.02119, for ℓ, Δ, σ and *supercollapse*, Δ < σ.

Axes of arrays: seeds S, sizes N, exponents G, shares of training X; leading axes are those of draws.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lawbook.laws.frontier.akima import interpolate
from lawbook.laws.law import Array


def normalised(at: ArrayLike, end: ArrayLike, floor: ArrayLike = 0.0) -> Array:
    """Compute ℓ = (L(x t*) − L₀) / (L(t*) − L₀); NaN where a loss at the end does not lie above L₀.

    >>> normalised([0.9, 0.5], 0.3, 0.1)
    array([4., 2.])
    """
    losses, ends, lowest = (np.asarray(part, dtype=np.float64) for part in (at, end, floor))
    below = ends - lowest
    return np.asarray((losses - lowest) / np.where(below > 0, below, np.nan))


def between_sizes(curves: Array, axis: int) -> Array:
    """Compute the standard deviation of ℓ over sizes, with N − 1 degrees of freedom, over its mean.

    >>> float(between_sizes(np.array([1.0, 2.0, 3.0]), 0))
    0.5
    """
    return np.asarray(curves.std(axis=axis, ddof=1) / curves.mean(axis=axis))


def deviation(at: Array, end: Array, floor: Array | float = 0.0) -> tuple[Array, Array]:
    """Compute the collapse deviation Δ(x) and the noise floor σ(x) of losses at (..., S, N, X) and end (..., S, N).

    Δ is the standard deviation over sizes and seeds of ℓ, each run normalised by its own end, over the mean. σ is that
    over seeds of L(x t*) − L₀, not normalised, over its mean: the mean of the sizes. Both (..., X); σ is NaN for one
    seed. A run's end knows of its noise, so that Δ may be smaller than σ.

    >>> losses = np.array([[[4.0, 2.0], [8.0, 4.0]], [[8.0, 4.0], [16.0, 8.0]]])
    >>> [found.round(3).tolist() for found in deviation(losses, losses[..., 1])]
    [[0.0, 0.0], [0.471, 0.471]]
    """
    floor = np.asarray(floor, dtype=float)
    one = normalised(at, end[..., None], floor[..., None, None, None])
    runs = one.reshape(*one.shape[:-3], -1, one.shape[-1])
    delta = between_sizes(runs, axis=-2)
    if at.shape[-3] < 2:
        return delta, np.full_like(delta, np.nan)
    reducible = at - floor[..., None, None, None]
    noise = reducible.std(axis=-3, ddof=1) / reducible.mean(axis=-3)
    return delta, np.asarray(noise.mean(axis=-2))


def spread_of_ladders(at: Array, end: Array, floor: Array | float = 0.0) -> Array:
    """Compute how far the sizes lie apart on each ladder, from mean losses at (..., N, G, X) and end (..., N, G).

    The root mean square over the shares x of the standard deviation over sizes of ℓ over its mean: (..., G). The mean
    is taken before the ratio: that of ratios is biased by the noise of the ends.
    """
    floor = np.asarray(floor, dtype=float)
    curves = normalised(at, end[..., None], floor[..., None, None, None])
    return np.asarray(np.sqrt(np.mean(between_sizes(curves, axis=-3) ** 2, axis=-1)))


def exponent_of_least_spread(exponents: Array, spreads: Array) -> Array:
    """Compute the γ at which the spread is least, of spreads (..., G) at rising exponents (G,): shape (...).

    The vertex of the parabola through the square of the least one and its neighbours, since the square is smooth where
    curves cross. NaN where the least lies at either end: the minimum may lie beyond.

    >>> gamma = np.linspace(1, 2, 11)
    >>> [round(float(exponent_of_least_spread(gamma, spread)), 6) for spread in (np.abs(gamma - 1.43), gamma)]
    [1.43, nan]
    """
    squares = np.where(np.isfinite(spreads), spreads, np.inf) ** 2
    least = np.argmin(squares, axis=-1)
    inside = (least > 0) & (least < len(exponents) - 1)
    middle = np.clip(least, 1, len(exponents) - 2)
    left, low, right = (
        np.take_along_axis(squares, (middle + step)[..., None], axis=-1)[..., 0] for step in (-1, 0, 1)
    )
    near = [exponents[middle + step] for step in (-1, 0, 1)]
    with np.errstate(invalid="ignore", divide="ignore"):
        rise, fall = (right - low) / (near[2] - near[1]), (low - left) / (near[1] - near[0])
        bend = (rise - fall) / (near[2] - near[0])
        vertex = 0.5 * (near[0] + near[1]) - fall / (2 * bend)
    return np.where(inside & (bend > 0), vertex, np.nan)


def on_curve(times: Array, losses: Array, wanted: Array) -> Array:
    """Interpolate losses (B, k) over times (k,) at wanted times (m,) in logs: (B, m), NaN outside the times.

    >>> on_curve(np.array([1.0, 10, 100]), np.array([[1.0, 0.1, 0.01]]), np.array([50.0, 200])).round(9)
    array([[0.02,  nan]])
    """
    logs, at = np.log(times), np.log(wanted)
    edge = 1e-9
    inside = (at >= logs[0] - edge) & (at <= logs[-1] + edge)
    found = np.exp(interpolate(logs, np.log(losses), np.clip(at, logs[0], logs[-1])))
    return np.where(inside, found, np.nan)
