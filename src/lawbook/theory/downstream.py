r"""What a metric of answers makes of how well single tokens are known, exactly.

An answer is K tokens, each right with probability p, independently: all are right with p^K, so that
log(-log p^K) = log K + log(-log p) has the slope of log(-log p) in anything, whatever K is. A metric that seems to
emerge is one whose p^K lies below what n answers resolve: of n answers none right has the probability (1 - q)^n, and q
up to 1 - 0.05^(1/n) is not excluded.

PassUntil samples answers until r of them pass, which takes n of them. E[(r-1)/(n-1)] = q, and no other estimate from n
is unbiased; the plain r/n is q ₂F₁(1, 1; r+1; 1-q) on average, r/(r-1) times too large for small q.

Source: Schaeffer, Miranda & Koyejo 2023, "Are emergent abilities of large language models a mirage?",
arXiv:2304.15004; Hu et al. 2023, "Predicting emergent abilities with infinite resolution evaluation",
arXiv:2310.03262; Haldane 1945, "On a method of estimating frequencies".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

LEVEL = 0.95


def exact_match(accuracy: ArrayLike, length: ArrayLike) -> Floats:
    """Compute p^K, the share of answers of K tokens that are right where each token is with p, independently.

    >>> exact_match(0.5, [1, 2, 4]).tolist()
    [0.5, 0.25, 0.0625]
    """
    return np.asarray(np.asarray(accuracy, dtype=np.float64) ** np.asarray(length, dtype=np.float64))


def log_log_loss(share: ArrayLike) -> Floats:
    """Compute log(-log q) of shares strictly between 0 and 1, NaN of others."""
    q = np.asarray(share, dtype=np.float64)
    inside = (q > 0) & (q < 1)
    return np.asarray(np.log(-np.log(np.where(inside, q, np.nan))))


def resolved_from(answers: ArrayLike, level: float = LEVEL) -> Floats:
    """Compute 1 - (1 - level)^(1/n), the largest share that none of n answers right does not exclude.

    >>> resolved_from([100, 10_000]).round(5).tolist()
    [0.02951, 0.0003]
    """
    return np.asarray(-np.expm1(np.log1p(-level) / np.asarray(answers, dtype=np.float64)))


def unbiased(passes: ArrayLike, samples: ArrayLike) -> Floats:
    """Compute (r - 1) / (n - 1), the unbiased estimate of q where r passes, 2 or more, took n samples.

    >>> unbiased(3, [3, 21]).tolist()
    [1.0, 0.1]
    """
    r, n = np.asarray(passes, dtype=np.float64), np.asarray(samples, dtype=np.float64)
    return np.asarray((r - 1) / (n - 1))


def naive_ratio(share: ArrayLike, passes: ArrayLike) -> Floats:
    """Compute E[r/n] / q = ₂F₁(1, 1; r+1; 1-q), by how much the plain estimate is too large on average.

    >>> naive_ratio([1e-9, 0.5, 1.0], 3).round(3).tolist()
    [1.5, 1.159, 1.0]
    """
    from scipy.special import hyp2f1

    q, r = np.asarray(share, dtype=np.float64), np.asarray(passes, dtype=np.float64)
    return np.asarray(hyp2f1(1.0, 1.0, r + 1.0, 1.0 - q))
