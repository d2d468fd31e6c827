r"""The quantization model: expected losses of learners of quanta with Zipf frequencies, at finite size.

K quanta have the frequencies p_k ∝ k^-(1+α), k = 1…K, and a learner that lacks quantum k loses one unit more on the
examples that need it. With a share φ_k of quantum k still to learn, the loss and the count of learned quanta are

    L = Σ_k p_k φ_k,    n = Σ_k (1 - φ_k).

What a learner has after a dose of training (steps, or samples) that each quantum shares in by its frequency is one
function of u_k = p_k · dose / τ with one scale τ:

    threshold      φ = 1 for u < 1, else 0               learned when seen τ times
    exponential    φ = e^-u                              learned at the first of Poisson encounters
    multilinear    φ = (1 - R)², R = 1/(1 + (1/r - 1) e^-2u)    a product of two layers from R = r

With N parameters, c to a quantum, the ⌊N/c⌋ most frequent are learned. As K and the dose go to infinity L falls as
N^-α, samples^-α/(1+α), steps^-α/(1+α) and n grows as N, samples^1/(1+α), steps^1/(1+α). At the few quanta that an
experiment learns the finite sums differ from these by more than most networks differ from the sums: lay measured
exponents beside these sums, fitted over the same window, not beside the limits.

The quanta sampler is the learner that knows what it has seen: L(D) = Σ_k p_k (1 - p_k)^D exactly.

Sources: Michaud et al. 2023, arXiv:2303.13506, section 2 (N, D and S scaling); Hutter 2021, arXiv:2102.04074 (the
sampler); Nam et al. 2024, arXiv:2404.17563 (the multilinear model).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Learning = Literal["threshold", "exponential", "multilinear"]

FIRST_SHARE = 0.01
"""r of the multilinear model: the share R of a quantum that is there before training."""

_AT_ONCE = 1 << 22
"""Quanta times doses whose sum is taken at once: 32 MB."""


@lru_cache(maxsize=8)
def frequencies(n_tasks: int, alpha: float) -> Floats:
    """Compute p_k = k^-(1+α) / Σ_j j^-(1+α), (K,), largest first.

    Raises ValueError for no task or a negative α.

    >>> frequencies(3, 0.0).round(4)
    array([0.5455, 0.2727, 0.1818])
    """
    if n_tasks < 1 or not alpha >= 0:
        raise ValueError(f"needs n_tasks ≥ 1 and alpha ≥ 0; got {n_tasks} and {alpha}")
    p = np.arange(1, n_tasks + 1, dtype=np.float64) ** -(1.0 + alpha)
    p /= p.sum()
    p.flags.writeable = False
    return p


def sampler_loss(samples: ArrayLike, n_tasks: int, alpha: float) -> Floats:
    """Compute L(D) = Σ_k p_k (1 - p_k)^D, what a learner of D samples is expected not to have seen, (...).

    Raises ValueError for a negative number of samples, or as `frequencies` does.

    >>> sampler_loss([0, 1], 2, 0.0).round(4)
    array([1.    , 0.4444])
    """
    p = frequencies(n_tasks, alpha)
    with np.errstate(
        divide="ignore"
    ):  # one task alone is missed with probability 0, whose logarithm is bounded
        log_missed = np.maximum(np.log1p(-p), -745.0)
    return _summed(samples, lambda d: np.exp(np.multiply.outer(d, log_missed)) @ p, n_tasks)


def share_left(exposure: ArrayLike, learning: Learning, first_share: float = FIRST_SHARE) -> Floats:
    """Compute φ(u), the share of a quantum that is still to learn, (...); see the module for the three kinds.

    The multilinear one has R = ab of two layers a = b, with dR/dt = 2 p R (1 - R): the loss is p (1 - R)².

    >>> share_left([0.5, 2.0], "threshold"), share_left([0.0], "exponential")
    (array([1., 0.]), array([1.]))
    """
    u = np.asarray(exposure, dtype=np.float64)
    if learning == "threshold":
        return np.where(u < 1.0, 1.0, 0.0)
    if learning == "exponential":
        return np.exp(-u)
    left: Floats = (1.0 - 1.0 / (1.0 + (1.0 / first_share - 1.0) * np.exp(-2.0 * u))) ** 2
    return left


def loss_of_dose(
    dose: ArrayLike, n_tasks: int, alpha: float, learning: Learning, scale: float = 1.0
) -> Floats:
    """Compute L = Σ_k p_k φ(p_k · dose / τ), in units of an unlearned quantum's loss, (...).

    dose: steps or samples (...), not negative; scale: τ > 0. Raises ValueError for others, or as `frequencies`.

    >>> p = frequencies(5, 0.4)
    >>> bool(np.isclose(loss_of_dose([1 / p[1]], 5, 0.4, "threshold")[0], p[2:].sum()))
    True
    """
    p = frequencies(n_tasks, alpha)
    return _summed(dose, lambda d: share_left(np.multiply.outer(d / scale, p), learning) @ p, n_tasks)


def learned_of_dose(
    dose: ArrayLike, n_tasks: int, alpha: float, learning: Learning, scale: float = 1.0
) -> Floats:
    """Compute the expected number of learned quanta n = Σ_k (1 - φ(p_k · dose / τ)), (...), as `loss_of_dose` takes it.

    Under multilinear learning a quantum counts once less than a tenth of its loss is left.

    >>> learned_of_dose([0, 1e9], 5, 0.4, "threshold")
    array([0., 5.])
    """
    p = frequencies(n_tasks, alpha)

    def count(d: Floats) -> Floats:
        left = share_left(np.multiply.outer(d / scale, p), learning)
        counted: Floats = ((left < 0.1) if learning == "multilinear" else (1.0 - left)).sum(axis=-1)
        return counted

    return _summed(dose, count, n_tasks)


def loss_of_capacity(quanta: ArrayLike, n_tasks: int, alpha: float) -> Floats:
    """Compute L(n) = Σ_{k > ⌊n⌋} p_k, (...), for n quanta that a model has room for. Raises ValueError as above.

    >>> p = frequencies(5, 0.4)
    >>> np.allclose(loss_of_capacity([0.9, 1, 5, 7], 5, 0.4), [1, 1 - p[0], 0, 0])
    True
    """
    n = np.asarray(quanta, dtype=np.float64)
    if not (n >= 0).all():
        raise ValueError(f"the number of quanta must not be negative; got {n}")
    # Summed from the small end: 1 - Σ_{k ≤ n} p_k would cancel.
    beyond = np.append(np.cumsum(frequencies(n_tasks, alpha)[::-1])[::-1], 0.0)
    return beyond[np.minimum(np.floor(n), n_tasks).astype(np.int64)]


class Exponents(NamedTuple):
    """The exponents of the infinite model, all positive: the loss falls, the count of learned quanta grows."""

    loss_by_parameters: float
    loss_by_samples: float
    loss_by_steps: float
    loss_by_compute: float
    count_by_parameters: float
    count_by_samples: float
    count_by_steps: float


def asymptotic_exponents(alpha: float) -> Exponents:
    """Compute α_N = α, α_D = α_S = α/(1+α), the count's 1, 1/(1+α), 1/(1+α), and α_C = α/(2+α).

    C = N·S with both in balance, n = N/c = (S/τ)^1/(1+α), has C ~ n^(2+α) and L ~ n^-α.
    Sources: Michaud et al. 2023, equations 2 to 5; Nam et al. 2024 for compute.

    >>> [round(x, 3) for x in asymptotic_exponents(0.4)]
    [0.4, 0.286, 0.286, 0.167, 1.0, 0.714, 0.714]
    """
    by_dose = alpha / (1 + alpha)
    count = 1 / (1 + alpha)
    return Exponents(alpha, by_dose, by_dose, alpha / (2 + alpha), 1.0, count, count)


def exact_curve(runs: pd.DataFrame, x: str, y: str) -> pd.Series:
    """Compute L(D) of the quanta sampler for runs of the task `quanta`, null for y other than its test error."""
    if y != "test_error" or not {"n_tasks", "alpha", "samples"} <= set(runs.columns):
        return pd.Series(np.nan, index=runs.index, dtype=float)
    exact = pd.Series(np.nan, index=runs.index, dtype=float)
    for n_tasks, alpha, rows in alike(runs):
        distinct = np.unique(rows["samples"])
        exact[rows.index] = rows["samples"].map(
            dict(zip(distinct, sampler_loss(distinct, n_tasks, alpha), strict=True))
        )
    return exact


def alike(runs: pd.DataFrame) -> Iterator[tuple[int, float, pd.DataFrame]]:
    """Yield K, α and the runs that have them."""
    for _, rows in runs.groupby(["n_tasks", "alpha"]):
        yield int(rows["n_tasks"].iloc[0]), float(rows["alpha"].iloc[0]), rows


def _summed(dose: ArrayLike, of: Callable[[Floats], Floats], n_tasks: int) -> Floats:
    """Return `of` the doses, a few at a time where there are many quanta."""
    doses = np.asarray(dose, dtype=np.float64)
    if not (doses >= 0).all():
        raise ValueError(f"steps and samples must not be negative; got {doses}")
    flat = doses.ravel()
    parts = np.array_split(flat, max(1, len(flat) * n_tasks // _AT_ONCE))
    return np.concatenate([of(part) for part in parts]).reshape(doses.shape)
