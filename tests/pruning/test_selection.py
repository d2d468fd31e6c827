"""Selections are exact in size, balanced, nested, and indifferent to the order of their input."""

from __future__ import annotations

from typing import TypeAlias, get_args

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from lawbook.pruning import select
from lawbook.pruning.selection import Keep

Labels: TypeAlias = NDArray[np.int64]
labels_st = hnp.arrays(np.int64, st.integers(1, 200), elements=st.integers(0, 9))
fractions = st.floats(0.01, 1.0)
keeps = st.sampled_from(get_args(Keep))


@given(labels=labels_st, keep_fraction=fractions, seed=st.integers(0, 9), keep=keeps)
def test_size_is_exact_and_every_class_keeps_its_share(
    labels: Labels, keep_fraction: float, seed: int, keep: Keep
) -> None:
    scores = np.random.default_rng(seed).random(len(labels))
    kept = select(scores, labels, keep_fraction, keep, seed)
    assert len(kept) == len(set(kept.tolist())) == round(keep_fraction * len(labels))
    for label in np.unique(labels):
        share = len(kept) * np.mean(labels == label)
        assert abs(np.sum(labels[kept] == label) - share) <= 1.0 + 1e-9


def test_hard_keeps_the_highest_scores_of_each_class_and_easy_the_lowest() -> None:
    labels = np.repeat(np.arange(5), 20)
    scores = np.random.default_rng(0).random(100)
    hard, easy = (set(select(scores, labels, 0.5, keep, 0).tolist()) for keep in ("hard", "easy"))
    assert hard | easy == set(range(100))
    for label in range(5):
        members = np.flatnonzero(labels == label)
        assert min(scores[i] for i in members if i in hard) > max(scores[i] for i in members if i in easy)


@given(
    labels=labels_st,
    a=fractions,
    b=fractions,
    seed=st.integers(0, 9),
    keep=keeps,
    drop=st.sampled_from([0.0, 0.1, 0.3]),
)
def test_selections_are_nested(
    labels: Labels, a: float, b: float, seed: int, keep: Keep, drop: float
) -> None:
    scores = np.round(np.random.default_rng(seed).random(len(labels)), 1)
    small, large = (
        set(select(scores, labels, fraction, keep, seed, drop_hardest=drop).tolist())
        for fraction in sorted((a, b))
    )
    assert small <= large


@given(labels=labels_st, keep_fraction=fractions, seed=st.integers(0, 9), keep=keeps, scored=st.booleans())
def test_another_order_of_the_input_keeps_the_same_examples(
    labels: Labels, keep_fraction: float, seed: int, keep: Keep, scored: bool
) -> None:
    rng = np.random.default_rng(seed)
    index = rng.choice(1000, len(labels), replace=False)
    scores = np.round(rng.random(len(labels)), 1) if scored else None
    kept = select(scores, labels, keep_fraction, keep, seed, index=index)
    turned = rng.permutation(len(labels))
    again = select(
        None if scores is None else scores[turned],
        labels[turned],
        keep_fraction,
        keep,
        seed,
        index=index[turned],
    )
    assert set(index[kept].tolist()) == set(index[turned][again].tolist())


def test_moderate_keeps_the_middle() -> None:
    scores = np.arange(101.0)
    kept = select(scores, np.zeros(101, dtype=np.int64), 0.2, "moderate", 0)
    assert len(kept) == 20
    assert set(kept.tolist()) <= set(range(40, 61))


def test_strata_keep_rare_scores_whole_and_share_the_rest_equally() -> None:
    # 20 examples in each of ten strata, but two only in each of ten others.
    scores = np.concatenate(
        [np.repeat(np.arange(10) * 5 + 0.5, 20), np.repeat(np.arange(10) * 5 + 2.5, 2), [50]]
    )
    kept = select(scores, np.zeros(len(scores), dtype=np.int64), 0.5, "strata", 0)
    counts = np.array([np.sum(scores[kept] == value) for value in np.unique(scores)])
    rare = np.array([np.sum(scores == value) for value in np.unique(scores)]) <= 2
    assert (counts[rare] == np.array([np.sum(scores == v) for v in np.unique(scores)])[rare]).all()
    assert np.ptp(counts[~rare]) <= 1


def test_the_hardest_of_each_class_are_never_kept() -> None:
    labels = np.repeat(np.arange(2), 50)
    scores = np.random.default_rng(0).random(100)
    kept = select(scores, labels, 0.5, "hard", 0, drop_hardest=0.1)
    for label in (0, 1):
        ranked = np.flatnonzero(labels == label)[np.argsort(-scores[labels == label])]
        assert sorted(np.intersect1d(kept, np.flatnonzero(labels == label)).tolist()) == sorted(
            ranked[5:30].tolist()
        )
