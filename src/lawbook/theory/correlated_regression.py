r"""Saddle to saddle: the order and the times in which a diagonal linear network of two layers learns its coordinates.

The network β = u ∘ v, with u₀ = √2 α and v₀ = 0, follows the gradient of (β - β*)ᵀ H (β - β*) / 2. With c = H β* its
flow is that of a mirror descent,

    β = α² sinh 2S,    dS/dt = c - H β,    S(0) = 0.

As α goes to 0, with τ = t / ln(1/α) and s = S / ln(1/α), β moves in jumps between plateaus. On a plateau s moves by
c - H β; a coordinate joins when |s_i| = 1, and β jumps to the least squares of the coordinates that have joined, each
held to the sign of its s_i. One that this leaves at 0 goes off again.

Source: Pesme & Flammarion 2023, "Saddle-to-saddle dynamics in diagonal linear networks", arXiv:2304.00488, algorithm 1;
Berthier 2023, arXiv:2208.14673.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import nnls

from lawbook.axes import Config
from lawbook.seeds import generator

Floats = NDArray[np.float64]

DIMENSION, LONGEST = 5, 8.0
"""Coordinates of the problem; how far a flow is followed at most, in units of ln(1/α)."""


@lru_cache(maxsize=64)
def problem(seed: int, samples: int) -> tuple[NDArray[np.float32], Floats]:
    """Draw normal inputs x (n, 5) and normal coefficients β* (5,)."""
    inputs = generator(seed, "examples").standard_normal((samples, DIMENSION), dtype=np.float32)
    return inputs, generator(seed, "coefficients").standard_normal(DIMENSION)


def moments(inputs: NDArray[np.float32], coefficients: Floats) -> tuple[Floats, Floats]:
    """Compute H = xᵀ x / n, (d, d), and c = H β*, (d,)."""
    x = inputs.astype(np.float64)
    second = x.T @ x / len(x)
    return second, second @ coefficients


class Jumps(NamedTuple):
    """Jumps in their order: times τ (K,), and coefficients after each, (K, d); 0 before the first."""

    times: Floats
    coefficients: Floats

    def losses(self, second: Floats, c: Floats) -> Floats:
        """Compute (β - β*)ᵀ H (β - β*) before the first jump and after each, (K + 1,)."""
        wanted = np.linalg.solve(second, c)
        missing = np.concatenate([np.zeros((1, len(c))), self.coefficients]) - wanted
        return np.asarray(np.einsum("ki,ij,kj->k", missing, second, missing))


def jumps(second: Floats, c: Floats) -> Jumps:
    """Compute the jumps in the limit of small α, for H (d, d), positive definite, and c (d,).

    >>> found = jumps(np.eye(2), np.array([1.0, -0.25]))
    >>> found.times.tolist(), found.coefficients[-1].tolist()
    ([1.0, 4.0], [1.0, -0.25])
    """
    d = len(c)
    dual, beta, sign, time = np.zeros(d), np.zeros(d), np.zeros(d), 0.0
    times: list[float] = []
    after: list[Floats] = []
    while True:
        velocity = c - second @ beta
        waits = np.full(d, np.inf)
        moving = (sign == 0) & (np.abs(velocity) > 1e-12 * np.abs(c).max())
        # One that has gone off stands at the border still, and moves away from it.
        waits[moving] = (np.sign(velocity[moving]) - dual[moving]) / velocity[moving]
        joins = int(waits.argmin())
        if not np.isfinite(waits[joins]):
            return Jumps(np.array(times), np.array(after).reshape(-1, d))
        time += float(waits[joins])
        dual = np.where(sign == 0, dual + velocity * waits[joins], dual)
        dual[joins] = sign[joins] = np.sign(velocity[joins])
        joined = np.flatnonzero(sign)
        root = np.linalg.cholesky(second[np.ix_(joined, joined)]).T
        sizes, _ = nnls(root * sign[joined], np.linalg.solve(root.T, c[joined]))
        beta = np.zeros(d)
        beta[joined] = sizes * sign[joined]
        sign[beta == 0] = 0
        times.append(time)
        after.append(beta)


def separation(times: Floats) -> float:
    """Compute the least ratio of successive jump times: jumps that follow closely on each other are one."""
    return float((times[1:] / times[:-1]).min())


def exact_curve(runs: pd.DataFrame, x: str, y: str) -> pd.Series:
    """Compute `test_jump_k`, the time τ of jump k, from 1; or the test loss after `duration`, that of the limit."""
    exact = pd.Series(np.nan, index=runs.index, dtype=float)
    jump = re.fullmatch(r"test_jump_(\d+)", y)
    if jump is None and y != "test_loss":
        return exact
    for at, row in zip(runs.index, runs.to_dict("records"), strict=True):
        config = {str(axis): value for axis, value in row.items()}
        if not _is_known(config):
            continue
        second, c = moments(*problem(config["seed"], config["samples"]))
        found = jumps(second, c)
        if jump is None:
            exact[at] = found.losses(second, c)[np.searchsorted(found.times, config["duration"])]
        elif int(jump[1]) <= len(found.times):
            exact[at] = found.times[int(jump[1]) - 1]
    return exact


def _is_known(config: Config) -> bool:
    return bool(config["task"] == "correlated_regression" and config["model"] == "diagonal_flow")
