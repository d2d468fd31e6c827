"""Near-duplicates are found among images and in text, hardly an original is lost, and nothing is forgotten."""

from __future__ import annotations

import re
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from lawbook.pruning import duplicates, select
from lawbook.pruning.duplicates import earlier_cosine, gap
from lawbook.pruning.embedding import principal_components
from lawbook.tasks.digits import task

Floats = NDArray[np.float64]


def digits_with_copies(n: int, seed: int, noise: float = 0.05) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Return 2n images, half of them noisy copies of the others, in random order; labels; which are copies."""
    rng = np.random.default_rng(seed)
    examples = task.examples({})
    chosen = rng.permutation(len(examples.targets))[:n]
    originals = examples.inputs[chosen].astype(float)
    copies = originals + rng.normal(0, noise * originals.std(), originals.shape)
    order = rng.permutation(2 * n)
    labels = np.tile(examples.targets[chosen], 2)
    return np.concatenate([originals, copies])[order], labels[order], np.repeat([0.0, 1.0], n)[order]


def text_with_copies(n: int, seed: int) -> tuple[Floats, Floats]:
    """Return the embedding of 2n passages of the standard library, half of them with typing errors."""
    rng = np.random.default_rng(seed)
    sources = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    text = "\n".join(file.read_text(encoding="utf-8", errors="ignore") for file in sources[:60])
    passages = [text[i : i + 400] for i in range(0, len(text), 1000)]
    passages = [passage for passage in passages if len(set(re.findall(r"\w+", passage))) > 25]
    originals = [passages[i] for i in rng.permutation(len(passages))[:n]]
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))

    def mistyped(passage: str) -> str:
        marks = np.array(list(passage))
        wrong = rng.random(len(marks)) < 0.03
        marks[wrong] = rng.choice(letters, wrong.sum())
        return "".join(marks)

    order = rng.permutation(2 * n)
    both = [*originals, *map(mistyped, originals)]
    grams = TfidfVectorizer(analyzer="char", ngram_range=(3, 4), max_features=20_000, sublinear_tf=True)
    embedding = TruncatedSVD(128, random_state=0).fit_transform(grams.fit_transform([both[i] for i in order]))
    return embedding, np.repeat([0.0, 1.0], n)[order]


def lost(pairs_removed: NDArray[np.bool_], copies: Floats) -> tuple[float, float]:
    """Return the share of planted copies removed beyond their first, and of originals: one of a pair must stay."""
    return float(pairs_removed[copies == 1].mean()), float(pairs_removed[copies == 0].mean())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["images", "text"])
def test_planted_copies_are_removed_and_originals_stay(kind: str, seed: int) -> None:
    if kind == "images":
        inputs, _, copies = digits_with_copies(600, seed)
        embedding = principal_components(inputs)
    else:
        embedding, copies = text_with_copies(600, seed)
    # The originals are what was there first.
    order = np.argsort(copies, kind="stable")
    distance = 1.0 - earlier_cosine(embedding, seed, order=order)
    removed = distance < gap(distance)
    plants, originals = lost(removed, copies)
    assert plants >= 0.95
    assert originals <= 0.02
    # With half kept, SemDeDup's score alone does it.
    kept = select(distance, np.zeros(len(distance), dtype=np.int64), 0.5, "hard", seed)
    assert np.mean(copies[kept] == 0) >= 0.98


def test_in_random_order_one_of_each_pair_stays() -> None:
    inputs, _, _ = digits_with_copies(400, 0)
    embedding = principal_components(inputs)
    distance = 1.0 - earlier_cosine(embedding, 0)
    removed = distance < gap(distance)
    assert abs(removed.mean() - 0.5) < 0.02


def test_error_after_removal_is_that_before() -> None:
    gaps = []
    for seed in range(8):
        inputs, labels, _ = digits_with_copies(700, seed)
        embedding = principal_components(inputs)
        distance = 1.0 - earlier_cosine(embedding, seed)
        kept = distance >= gap(distance)
        unseen = np.random.default_rng(seed).permutation(1797)[700:]
        examples = task.examples({})
        errors = []
        for x, y in ((inputs, labels), (inputs[kept], labels[kept])):
            # The penalty is one of the mean loss: as strong for half of the examples as for all.
            student = LogisticRegression(C=100 / len(y), max_iter=500).fit(x, y)
            errors.append(np.mean(student.predict(examples.inputs[unseen]) != examples.targets[unseen]))
        gaps.append(errors[1] - errors[0])
    assert abs(np.mean(gaps)) < 0.003


def test_a_pair_on_the_border_of_two_clusters_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, _, _ = digits_with_copies(400, 1)
    embedding = principal_components(inputs)
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


def test_without_copies_few_examples_look_like_them() -> None:
    inputs = task.examples({}).inputs
    distance = 1.0 - earlier_cosine(principal_components(inputs), 0)
    assert np.mean(distance < gap(distance)) < 0.1
