r"""Two exponents of a text before anything is trained on it, and the one of learning that they predict.

Of a text x in K parts, each a piece (n,) of whole numbers below V:

- the covariance of tokens n apart, C(n)_ab = P(x_t = a, x_t+n = b) - p_a p_b, by its trace P(x_t = x_t+n) - Σ p_a², or
  by its largest singular value; it goes as n^-β. What texts of the same tokens in random order give is the floor: of
  the trace the root of its mean square; of the singular value, which noise makes larger, the mean, to be taken off.
- how much the conditional entropy falls with one more token of context, H_n - H_n+1 = 2 b_n+1 - b_n - b_n+2, with b_k
  the entropy of k tokens: plug-in entropies with Miller's correction (cells - 1) / 2P. It goes as n^-γ-1, at
  √(n (n+1)).

Then α_D = γ / 2β, the exponent of the loss in the tokens that there are to learn from: from D tokens a covariance of
n^-β can be told from the noise of D^-½ up to n ~ D^(1/2β), and what lies beyond costs n^-γ.

Intervals are jackknife: each part is left out in turn, and Student's t has K - 1 degrees of freedom.

Source: Cagnetta, Raventós, Ganguli & Wyart 2026, "Deriving neural scaling laws from the statistics of natural
language", arXiv:2602.07488; Miller 1955, "Note on the bias of information estimates".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lawbook.laws.frontier.exponent import log_slopes
from lawbook.laws.law import Array
from lawbook.laws.repeats import t_reach

Text = Sequence[NDArray[np.int64]]
"""The parts of a text, each (n,)."""

_DENSE = 1 << 20
"""Cells that are counted one by one; of more, those that occur."""
_WINDOWS = 3

UNSEEN = 0.5
"""Contexts are too long once the correction of the longest blocks' entropy reaches this share of what it is for."""


@dataclass(frozen=True)
class Jackknifed:
    """A statistic (m,) of a text, and that without each of its parts, (K, m)."""

    value: Array
    without: Array

    def spread(self, level: float = 0.95) -> Array:
        """Return half the width of its interval, (m,)."""
        k = len(self.without)
        if k < 2:
            return np.full_like(self.value, np.nan)
        error = np.sqrt((k - 1) / k * np.square(self.without - self.without.mean(axis=0)).sum(axis=0))
        return np.asarray(t_reach(np.array(k), level) * error)


def covariance_traces(text: Text, lags: Sequence[int]) -> Jackknifed:
    """Compute tr C(n) = P(x_t = x_t+n) - Σ_a p_a² at lags n, (L,); pairs are of two tokens of one part."""
    size = 1 + max(int(part.max()) for part in text)
    compact = [part.astype(np.min_scalar_type(size)) for part in text]
    same = np.array([[np.count_nonzero(x[:-n] == x[n:]) for n in lags] for x in compact], dtype=float)
    pairs = np.array([[len(x) - n for n in lags] for x in text], dtype=float)
    letters = np.array([np.bincount(x, minlength=size) for x in text], dtype=float)

    def trace(weights: Array) -> Array:
        p = weights @ letters / (weights @ letters.sum(axis=1))[:, None]
        return np.asarray(weights @ same / (weights @ pairs) - np.square(p).sum(axis=1)[:, None])

    return _jackknifed(trace, len(text))


def covariance_norms(text: Text, lags: Sequence[int]) -> Jackknifed:
    """Compute ‖C(n)‖, the largest singular value of the covariance, at lags n, (L,)."""
    size = 1 + max(int(part.max()) for part in text)
    columns = []
    for n in lags:
        counts = np.stack(
            [np.bincount(x[:-n] * size + x[n:], minlength=size**2).reshape(size, size) for x in text]
        ).astype(float)

        def norm(weights: Array, counts: Array = counts) -> Array:
            joint = np.tensordot(weights, counts, 1)
            joint /= joint.sum(axis=(1, 2), keepdims=True)
            product = joint.sum(axis=2)[:, :, None] * joint.sum(axis=1)[:, None, :]
            return np.asarray(np.linalg.norm(joint - product, ord=2, axis=(1, 2))[:, None])

        columns.append(_jackknifed(norm, len(text)))
    return Jackknifed(
        np.concatenate([each.value for each in columns]),
        np.concatenate([each.without for each in columns], axis=1),
    )


def shuffled(text: Text, rng: np.random.Generator) -> Text:
    """Return the parts with all tokens of the text in random order."""
    mixed = rng.permutation(np.concatenate(text))
    return np.split(mixed, np.cumsum([len(part) for part in text])[:-1])


def entropy_drops(text: Text, longest: int) -> tuple[Jackknifed, Array]:
    """Compute H_n - H_n+1 for n = 1 … longest, in nats, and the correction of b_n+2 as a share of each, (longest,).

    Where that is large, more blocks of n + 2 tokens are there than the text can show, and their entropy is too low. The
    first n at which it reaches `UNSEEN` is the last that is counted; NaN beyond.
    """
    entropies: list[Array] = []
    shares = np.full(longest, np.nan)
    for k, counts in enumerate(_block_counts(text, longest + 2), start=1):
        total = counts.sum(axis=0)
        value, correction = _entropy(total)
        entropies.append(
            np.array([value, *(_entropy(total - part)[0] for part in counts if len(counts) > 1)])
        )
        if k > 2:
            drop = float(2 * entropies[-2][0] - entropies[-3][0] - value)
            shares[k - 3] = correction / drop if drop > 0 else np.inf
            if shares[k - 3] >= UNSEEN:
                break
    b = np.array(entropies)
    drops = np.full((longest, b.shape[1]), np.nan)
    drops[: len(b) - 2] = 2 * b[1:-1] - b[:-2] - b[2:]
    return Jackknifed(drops[:, 0], drops[:, 1:].T), shares


def decay(x: Array, y: Array, minus: float = 0.0) -> float:
    """Compute the exponent e of y ~ x^-(e + minus) by least squares in logs; NaN of a y not above 0 or one alone."""
    if len(x) < 2 or not (y > 0).all():
        return np.nan
    return float(-log_slopes(np.log(x), np.log(y), np.ones(len(x)))) - minus


def local_decays(x: Array, y: Array, minus: float = 0.0) -> Array:
    """Compute the exponent in windows of equal width in log x: three, or more so that none is over half a decade.

    A window takes the next point with it, so that windows join. NaN of fewer than two points.
    """
    if len(x) < 2:
        return np.full(_WINDOWS, np.nan)
    log_x = np.log(x)
    edges = np.linspace(
        log_x[0], log_x[-1], 1 + max(_WINDOWS, int(np.ceil(2 * np.log10(x[-1] / x[0]) - 1e-9)))
    )
    starts = np.searchsorted(log_x, edges[:-1] - 1e-9)
    ends = np.searchsorted(log_x, edges[1:] - 1e-9)
    starts = np.minimum(starts, len(x) - 2)
    return np.array(
        [
            decay(x[i : max(j, i + 1) + 1], y[i : max(j, i + 1) + 1], minus)
            for i, j in zip(starts, ends, strict=True)
        ]
    )


def variation(local: Array) -> float:
    """Compute the ratio of the largest to the smallest local exponent; infinite where one is not above 0."""
    return float(local.max() / local.min()) if (local > 0).all() else np.inf


def _jackknifed(statistic: Callable[[Array], Array], parts: int) -> Jackknifed:
    """Return a statistic of weights of the parts, (J, K) to (J, m), of all and of all but one."""
    weights = np.concatenate([np.ones((1, parts)), 1 - np.eye(parts)]) if parts > 1 else np.ones((1, 1))
    found = statistic(weights)
    return Jackknifed(found[0], found[1:])


def _entropy(counts: Array) -> tuple[float, float]:
    """Return the entropy of counts (cells,) with Miller's correction, and that correction."""
    seen = counts[counts > 0].astype(float)
    total = seen.sum()
    correction = (len(seen) - 1) / (2 * total)
    return float(np.log(total) - (seen * np.log(seen)).sum() / total + correction), correction


def _block_counts(text: Text, longest: int) -> Iterator[NDArray[np.int64]]:
    """Yield how often each k tokens in a row occur in each part, (K, cells), for k = 1 … longest."""
    size = 1 + max(int(part.max()) for part in text)
    codes = list(text)
    cells = size
    for k in range(1, longest + 1):
        if k > 1:
            codes = [
                code[: len(part) - k + 1] * size + part[k - 1 :]
                for code, part in zip(codes, text, strict=True)
            ]
            cells *= size
        if cells > _DENSE:
            found, ranks = np.unique(np.concatenate(codes), return_inverse=True)
            codes = np.split(ranks, np.cumsum([len(code) for code in codes])[:-1])
            cells = len(found)
        yield np.stack([np.bincount(code, minlength=cells) for code in codes])
