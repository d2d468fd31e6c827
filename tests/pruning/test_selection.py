"""Selections are exact in size, balanced, nested, and indifferent to the order of their input."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from lawbook.pruning import metrics, select
from lawbook.pruning.metrics import Probed

Labels: TypeAlias = NDArray[np.int64]
labels_st = hnp.arrays(np.int64, st.integers(1, 200), elements=st.integers(0, 9))
fractions = st.floats(0.01, 1.0)


@given(
    labels=labels_st, keep_fraction=fractions, seed=st.integers(0, 9), keep=st.sampled_from(["hard", "easy"])
)
def test_size_is_exact_and_every_class_keeps_its_share(
    labels: Labels, keep_fraction: float, seed: int, keep: Literal["hard", "easy"]
) -> None:
    scores = np.random.default_rng(seed).random(len(labels))
    kept = select(scores, labels, keep_fraction, keep, seed)
    assert len(kept) == len(set(kept.tolist())) == round(keep_fraction * len(labels))
    for label in np.unique(labels):
        share = len(kept) * np.mean(labels == label)
        assert abs(np.sum(labels[kept] == label) - share) <= 1.0 + 1e-9


@given(labels=labels_st, a=fractions, b=fractions, seed=st.integers(0, 9), scored=st.booleans())
def test_selections_are_nested(labels: Labels, a: float, b: float, seed: int, scored: bool) -> None:
    scores = np.random.default_rng(seed).random(len(labels)) if scored else None
    small, large = (select(scores, labels, fraction, "hard", seed) for fraction in sorted((a, b)))
    assert set(small.tolist()) <= set(large.tolist())


def test_hard_keeps_the_highest_scores_of_each_class_and_easy_the_lowest() -> None:
    labels = np.repeat(np.arange(5), 20)
    scores = np.random.default_rng(0).random(100)
    hard, easy = (set(select(scores, labels, 0.5, keep, 0).tolist()) for keep in ("hard", "easy"))
    assert hard | easy == set(range(100))
    for label in range(5):
        members = np.flatnonzero(labels == label)
        assert min(scores[i] for i in members if i in hard) > max(scores[i] for i in members if i in easy)


def test_el2n_finds_planted_label_flips() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 10, 500)
    flipped = rng.random(500) < 0.1
    labels = np.where(flipped, (truth + 1 + rng.integers(0, 9, 500)) % 10, truth)
    logits = rng.normal(0, 1, (6, 500, 10)) + 3.0 * np.eye(10)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    score = metrics["el2n"].score
    assert score is not None
    scores = score(Probed(probabilities, labels))
    assert scores[flipped].min() > np.quantile(scores[~flipped], 0.95)


@pytest.mark.parametrize("name", list(metrics))
def test_every_metric_scores_high_for_hard(name: str) -> None:
    metric = metrics[name]
    if metric.score is None:
        return
    probabilities = np.array([[[0.9, 0.05, 0.05], [0.4, 0.3, 0.3], [0.05, 0.05, 0.9]]] * 2)
    scores = metric.score(Probed(probabilities, np.zeros(3, dtype=np.int64)))
    assert scores[0] < scores[1] < scores[2]
    assert metric.source
