"""Near-duplicates are found among images and in text, hardly an original is lost, and nothing is forgotten."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from benchmarks.near_duplicates import KINDS, Planted, errors, planted_digits, removed

from lawbook.pruning import duplicates, select
from lawbook.pruning.duplicates import earlier_cosine, gap
from lawbook.pruning.embedding import principal_components
from lawbook.tasks.digits import task


@cache
def planted_of(kind: str, seed: int) -> Planted:
    """Return a data set of one kind: a corpus takes a second to embed."""
    return KINDS[kind](seed)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", KINDS)
def test_planted_copies_are_removed_and_originals_stay(kind: str, seed: int) -> None:
    planted = planted_of(kind, seed)
    gone = removed(planted, seed, originals_first=True)
    assert gone[planted.is_copy].mean() >= 0.95
    assert gone[~planted.is_copy].mean() <= 0.02
    # With half kept, SemDeDup's score alone does it.
    order = np.argsort(planted.is_copy, kind="stable")
    distance = 1.0 - earlier_cosine(planted.embedding, seed, order=order)
    kept = select(distance, np.zeros(len(distance), dtype=np.int64), 0.5, "hard", seed)
    assert np.mean(~planted.is_copy[kept]) >= 0.98


def test_in_random_order_one_of_each_pair_stays() -> None:
    planted = planted_digits(0, 400)
    gone = removed(planted, 0, originals_first=False)
    assert abs(gone.mean() - 0.5) < 0.02
    assert 0.4 < gone[planted.is_copy].mean() < 0.6, "an original or its copy, whichever comes later"


@pytest.mark.parametrize(("kind", "sets"), [("digits", 8), ("corpus", 4)])
def test_error_after_removal_is_that_before(kind: str, sets: int) -> None:
    found = []
    for seed in range(sets):
        planted = planted_of(kind, seed)
        found.append(errors(planted, removed(planted, seed, originals_first=False)))
    before, after = np.mean(found, axis=0)
    assert 0.01 < before < 0.2, "a student that has learned, and may forget"
    assert abs(after - before) < 0.003


def test_a_student_of_too_little_is_told_from_one_that_lost_nothing() -> None:
    planted = planted_digits(0)
    before, after = errors(planted, np.arange(len(planted.labels)) % 10 > 0)
    assert after - before > 0.003


def test_a_pair_on_the_border_of_two_clusters_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    embedding = planted_digits(1, 400).embedding
    whole = earlier_cosine(embedding, 1)
    monkeypatch.setattr(duplicates, "CLUSTER", 80)
    clustered = earlier_cosine(embedding, 1)
    threshold = 1.0 - gap(1.0 - whole)
    assert (clustered <= whole + 1e-9).all()
    assert np.mean((clustered > threshold)[whole > threshold]) > 0.99


def test_components_explain_what_they_say_and_turn_with_nothing() -> None:
    inputs = task.examples({}).inputs[:300]
    found = principal_components(inputs)
    centred = inputs - inputs.mean(axis=0)
    assert np.square(found).sum() >= 0.95 * np.square(centred).sum()
    order = np.random.default_rng(0).permutation(300)
    np.testing.assert_allclose(principal_components(inputs[order]), found[order], atol=1e-4)


def test_components_of_few_examples_are_those_of_many_inputs() -> None:
    inputs = task.examples({}).inputs[:300].reshape(300, -1).astype(float)
    # Each pixel six times: 384 inputs of 300 examples, and the same components, √6 as long.
    wide = principal_components(np.repeat(inputs, 6, axis=1))
    np.testing.assert_allclose(wide, np.sqrt(6) * principal_components(inputs), atol=1e-8)


def test_without_copies_few_examples_look_like_them() -> None:
    inputs = task.examples({}).inputs
    distance = 1.0 - earlier_cosine(principal_components(inputs), 0)
    assert np.mean(distance < gap(distance)) < 0.1
