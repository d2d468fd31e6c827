"""The statistics of repeated blocks: by sums over all short texts, by simulation, and in limits that are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import zeta

from lawbook.tasks.repeated_blocks import draw_text
from lawbook.theory.repeated_blocks import (
    conditional_entropy,
    covariance_trace,
    entropy_rate,
    exact_curve,
    least_losses,
    mean_length,
    survival,
)


def probabilities(n, tail, vocabulary):
    """Return the probability of each text of n letters, by summing over where its blocks begin."""
    m, q = zeta(tail), np.arange(1, n + 2.0) ** -tail
    found = {}
    for code in range(vocabulary**n):
        text = [code // vocabulary**i % vocabulary for i in range(n)]
        runs = np.diff([0, *(np.flatnonzero(np.diff(text)) + 1), n])
        beyond = m - np.cumsum(q)  # Σ_{j>k} Q(j) at k - 1
        if len(runs) == 1:  # what is left of the first block is longer than n - 1
            p = (m - q[: n - 1].sum()) / m
        else:
            first = q[runs[0] - 1] / m
            middle = np.prod([q[k - 1] - q[k] for k in runs[1:-1]])
            p = first * middle * q[runs[-1] - 1]
        assert beyond[0] > 0
        found[tuple(text)] = p / vocabulary / (vocabulary - 1) ** (len(runs) - 1)
    return found


@pytest.mark.parametrize(("tail", "vocabulary"), [(1.5, 2), (2.5, 3)])
def test_entropies_and_covariances_are_those_of_all_short_texts(tail, vocabulary):
    entropies = []
    for n in (1, 2, 3, 4, 5, 6):
        texts = probabilities(n, tail, vocabulary)
        p = np.array([*texts.values()])
        assert p.sum() == pytest.approx(1)
        entropies.append(-(p * np.log(p)).sum())
        if n > 1:
            same = sum(one for text, one in texts.items() if text[0] == text[-1])
            assert covariance_trace([n - 1], tail, vocabulary)[0] == pytest.approx(same - 1 / vocabulary)
    np.testing.assert_allclose(conditional_entropy(range(1, 6), tail, vocabulary), np.diff(entropies))


@pytest.mark.parametrize("tail", [1.5, 2.0, 3.0])
def test_the_decays_have_the_exponents_of_the_tail(tail):
    n = 5000
    beyond = conditional_entropy([n], tail, 2)[0] - entropy_rate(tail, 2)
    limit = n**-tail * (np.log(tail / (tail - 1)) - 1 / tail) / mean_length(tail)
    assert beyond == pytest.approx(limit, rel=0.01)
    far = covariance_trace([500, 1000], tail, 3)
    assert np.log2(far[0] / far[1]) == pytest.approx(tail - 1, abs=0.01)


def test_a_drawn_text_is_stationary_and_has_these_lengths():
    rng = np.random.default_rng(0)
    text = draw_text(rng, 200_000, 2.0, 3)
    lengths = np.diff(np.flatnonzero(np.diff(text)))
    for least in (2, 4, 8):
        share = (lengths >= least).mean()
        assert share == pytest.approx(survival(least, 2.0), abs=4 * np.sqrt(share / len(lengths)))
    first = [int(np.argmax(np.diff(draw_text(rng, 64, 2.0, 2)) != 0)) == 0 for _ in range(2000)]
    assert np.mean(first) == pytest.approx(1 / mean_length(2.0), abs=0.04)  # a block ends anywhere with 1/m


def test_the_least_losses_are_those_of_the_conditional_probabilities():
    """Of windows of 4 letters and the next, by the probabilities of all texts; their mean is that of H_1 … H_4."""
    n, tail, vocabulary = 4, 1.5, 3
    whole = {k: probabilities(k, tail, vocabulary) for k in range(1, n + 2)}
    texts = np.array([*whole[n + 1]])
    found = least_losses(texts[:, :-1], texts[:, 1:], tail, vocabulary)
    expected = [
        [-np.log(whole[k + 1][tuple(text[: k + 1])] / whole[k][tuple(text[:k])]) for k in range(1, n + 1)]
        for text in texts.tolist()
    ]
    np.testing.assert_allclose(found, expected)
    p = np.array([*whole[n + 1].values()])
    np.testing.assert_allclose(p @ found, conditional_entropy([1, 2, 3, 4], tail, vocabulary))


def test_the_floor_is_the_mean_over_the_places_of_a_window():
    runs = pd.DataFrame(
        {
            "task": ["repeated_blocks", "corpus"],
            "tail": [2.0, np.nan],
            "vocabulary": [2, 256],
            "context": [4, 4],
        }
    )
    floor = exact_curve.floor(runs, "test_loss")
    assert floor[0] == pytest.approx(conditional_entropy([1, 2, 3, 4], 2.0, 2).mean())
    assert np.isnan(floor[1])
    assert exact_curve(runs, "samples", "test_error").isna().all()
    assert exact_curve.statistics({"task": "corpus"}, np.array([1]), np.array([1])) is None
