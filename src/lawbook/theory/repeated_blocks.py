r"""Exact statistics of a text of blocks, each of one repeated letter: how dependence on the past decays.

Lengths of blocks are independent with P(length ≥ l) = Q(l) = l^-μ, μ > 1, of mean m = ζ(μ), and the letter of a block
is uniform among the V - 1 others than that of the block before. At a place of the stationary text the block has been
there for exactly a letters with probability Q(a)/m, and ends with the hazard h(a) = 1 - Q(a+1)/Q(a).

The covariance of letters n apart, C(n)_ab = P(x_t = a, x_t+n = b) - 1/V², has the trace (1 - 1/V) E[z^k], k the blocks
that begin in between and z = -1/(V-1), by the equations of a renewal process. It decays with β = μ - 1.

Of a letter the n before it tell the age of its block, if that is below n, so that

    H_n = Σ_{a<n} Q(a)/m η(h(a)) + S_n/m η(Q(n)/S_n) + log(V-1)/m,

with S_n = Σ_{a≥n} Q(a) and η(h) = -h log h - (1-h) log(1-h).
H_n - H_∞ decays with γ = μ: it is n^-μ (log μ/(μ-1) - 1/μ) / m for large n.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lawbook.axes import Config

Floats = NDArray[np.float64]

_SUMMED = 1 << 14
"""Ages that are summed one by one; beyond them the sum is an integral."""


def survival(lengths: ArrayLike, tail: float) -> Floats:
    """Compute Q(l) = l^-μ, the probability that a block has l letters or more."""
    return np.asarray(lengths, dtype=np.float64) ** -tail


def mean_length(tail: float) -> float:
    """Compute m = ζ(μ)."""
    from scipy.special import zeta

    return float(zeta(tail))


def covariance_trace(lags: ArrayLike, tail: float, vocabulary: int) -> Floats:
    """Compute the trace of C(n) at lags n ≥ 1, in the order in which they are given.

    >>> covariance_trace([1, 64], 2.0, 3).round(5).tolist()
    [0.05874, 0.00617]
    """
    asked = np.asarray(lags, dtype=np.int64)
    last, z = int(asked.max()), -1.0 / (vocabulary - 1)
    q = survival(np.arange(1, last + 2), tail)
    ends, ages = q[:-1] - q[1:], q[:-1] / mean_length(tail)
    begun = np.ones(last + 1)  # E[z^k] over n letters from the first of a block on
    for n in range(1, last + 1):
        begun[n] = q[n] + z * np.dot(ends[:n], begun[n - 1 :: -1])
    unbroken = 1 - np.cumsum(ages)
    whole = [unbroken[n - 1] + z * np.dot(ages[:n], begun[n - 1 :: -1]) for n in asked]
    return np.asarray((1 - 1 / vocabulary) * np.array(whole))


def conditional_entropy(contexts: ArrayLike, tail: float, vocabulary: int) -> Floats:
    """Compute H_n, in nats, of a letter given the n before it, n ≥ 1.

    >>> (conditional_entropy([1, 4, 64], 2.0, 2) - entropy_rate(2.0, 2)).round(5).tolist()
    [0.09335, 0.0072, 3e-05]
    """
    asked = np.asarray(contexts, dtype=np.int64)
    hazards, weights = _ages(int(asked.max()), tail)
    known = np.append(0.0, np.cumsum(weights * _entropy(hazards)))
    left = mean_length(tail) - np.append(0.0, np.cumsum(weights))  # S_n at n - 1
    unknown = left[asked - 1] * _entropy(survival(asked, tail) / left[asked - 1])
    return np.asarray((known[asked - 1] + unknown + np.log(vocabulary - 1)) / mean_length(tail))


def entropy_rate(tail: float, vocabulary: int) -> float:
    """Compute H_∞ = (Σ_a Q(a) η(h(a)) + log(V-1)) / m, in nats."""
    hazards, weights = _ages(_SUMMED, tail)
    end = _SUMMED + 0.5
    beyond = end**-tail * (1 + np.log(end / tail) + 1 / tail)  # of μ a^-μ-1 (1 - log μ/a)
    summed = float((weights * _entropy(hazards)).sum()) + beyond
    return float((summed + np.log(vocabulary - 1)) / mean_length(tail))


def least_losses(
    inputs: NDArray[np.int64], targets: NDArray[np.int64], tail: float, vocabulary: int
) -> Floats:
    """Compute -log P(target | the window so far), (n, T), of windows (n, T) and the letters that follow each.

    A block that begins inside of the window has a known age, another is as old as the window or older.
    """
    places = np.arange(1, inputs.shape[1] + 1)
    begins = np.zeros(inputs.shape, dtype=np.int64)
    begins[:, 1:] = np.where(inputs[:, 1:] != inputs[:, :-1], places[1:], 0)
    since = np.maximum.accumulate(begins, axis=1)
    hazards, weights = _ages(inputs.shape[1], tail)
    left = mean_length(tail) - np.append(0.0, np.cumsum(weights[:-1]))  # S_n
    ends = np.where(
        since > 0, hazards[np.minimum(places - since, len(places) - 1)], (weights / left)[places - 1]
    )
    change = targets != inputs
    return np.asarray(-np.log(np.where(change, ends / (vocabulary - 1), 1 - ends)))


def _ages(last: int, tail: float) -> tuple[Floats, Floats]:
    """Return the hazards h(a) and Q(a) of the ages a up to `last`."""
    q = survival(np.arange(1, last + 2), tail)
    return 1 - q[1:] / q[:-1], q[:-1]


def _entropy(share: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = share * np.log(share) + (1 - share) * np.log1p(-share)
    return -np.nan_to_num(parts)


class RepeatedBlocks:
    """The exact curve: the least loss that a reader of windows can have, the mean of H_n over their places."""

    def __call__(self, runs: pd.DataFrame, x: str, y: str) -> pd.Series:
        """Return the least test loss of each run of the task repeated_blocks; NaN of others and of other metrics."""
        return self.floor(runs, y)

    def floor(self, runs: pd.DataFrame, y: str) -> pd.Series:
        """Return Σ_n≤T H_n / T, which training without end leaves."""
        found = pd.Series(np.nan, index=runs.index)
        if y != "test_loss" or not {"tail", "vocabulary", "context"} <= set(runs):
            return found
        of_task = runs[runs["task"] == "repeated_blocks"] if "task" in runs else runs
        for _, part in of_task.groupby(["tail", "vocabulary", "context"]):
            run = part.iloc[0]
            places = np.arange(1, int(run["context"]) + 1)
            found[part.index] = conditional_entropy(places, run["tail"], int(run["vocabulary"])).mean()
        return found

    def statistics(
        self, config: Config, lags: NDArray[np.int64], contexts: NDArray[np.int64]
    ) -> tuple[Floats, Floats] | None:
        """Return the trace of C at some lags and H_n at some contexts of a run's text; None for another task's."""
        if config.get("task") != "repeated_blocks":
            return None
        of_text = (config["tail"], config["vocabulary"])
        return covariance_trace(lags, *of_text), conditional_entropy(contexts, *of_text)

    def least_loss(
        self, config: Config, inputs: NDArray[np.int64], targets: NDArray[np.int64]
    ) -> float | None:
        """Return the mean loss of the best reader on these very windows of a run's text; None for another task's."""
        if config.get("task") != "repeated_blocks":
            return None
        return float(least_losses(inputs, targets, config["tail"], config["vocabulary"]).mean())


exact_curve = RepeatedBlocks()
