"""Metrics: one sign, high = hard, whatever they read."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.pruning.metrics import Evidence, Probed, metrics

SCORED = [name for name in metrics if metrics[name].score is not None]
N, CLASSES, PROBES, STEPS = 90, 3, 4, 20


def graded() -> Evidence:
    """Return evidence in which example i is the harder the larger i is, in all that metrics read."""
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(CLASSES), N // CLASSES)
    hardness = np.linspace(0.0, 1.0, N)
    own = 1.0 - 0.9 * hardness
    says = np.repeat(((1.0 - own) * np.array([0.7, 0.3])[:, None]).T, 1, axis=0)
    probabilities = np.empty((PROBES, N, CLASSES))
    rows = np.arange(N)
    probabilities[:, rows, labels] = own
    probabilities[:, rows, (labels + 1) % CLASSES] = says[:, 0]
    probabilities[:, rows, (labels + 2) % CLASSES] = says[:, 1]
    angle = 2 * np.pi * labels / CLASSES
    centre = 10.0 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    aside = rng.choice([-1.0, 1.0], N)[:, None] * hardness[:, None] * np.array([0.6, 0.8])
    features = np.repeat((centre + aside)[None], PROBES, axis=0)
    # Learned at a later step the harder it is, and then forgotten more often.
    trajectory = np.empty((PROBES, STEPS, N, CLASSES))
    for i, h in enumerate(hardness):
        right = np.arange(STEPS) >= int(h * 4)
        right[6 : 6 + 2 * int(h * 6) : 2] = False
        trajectory[:, :, i] = 0.1
        trajectory[:, right, i, labels[i]] = 0.8
        trajectory[:, ~right, i, (labels[i] + 1) % CLASSES] = 0.8
    heldout = np.empty((PROBES, N, CLASSES))
    for probe in range(PROBES):
        against = hardness > (probe + 0.5) / PROBES
        heldout[probe] = np.eye(CLASSES)[np.where(against, labels + 1, labels) % CLASSES]
    # Embeddings: the easiest are copies of one another, the hardest lie far from all others.
    lonely = np.zeros((N, N + 2))
    lonely[:, 0], lonely[rows, rows + 2] = 1.0 - hardness, 2.0 * hardness
    return Evidence(
        labels, 0, inputs=np.outer(1.0 + hardness, np.ones(5)), embedding=lonely, margins=1.0 - hardness,
        early=Probed(probabilities, features), trajectory=trajectory, heldout=heldout,
    )  # fmt: skip


@pytest.mark.parametrize("name", SCORED)
def test_every_metric_scores_high_for_hard(name: str) -> None:
    metric = metrics[name]
    assert metric.score is not None
    scores = metric.score(graded())
    assert scores.shape == (N,)
    assert np.isfinite(scores).all()
    easy, hard = scores[: N // 3], scores[-N // 3 :]
    assert np.mean(easy[:, None] < hard) > 0.85, "a hard example scores above an easy one"
    assert metric.source


@pytest.mark.parametrize("name", SCORED)
def test_a_metric_reads_what_it_needs_and_nothing_else(name: str) -> None:
    metric, whole = metrics[name], graded()
    assert metric.score is not None
    only = Evidence(whole.labels, whole.seed, **{need: getattr(whole, need) for need in metric.needs})
    np.testing.assert_array_equal(metric.score(only), metric.score(whole))


@pytest.mark.parametrize("name", [name for name in SCORED if not metrics[name].uses_labels])
def test_a_metric_without_labels_does_not_move_with_them(name: str) -> None:
    metric, whole = metrics[name], graded()
    assert metric.score is not None
    turned = Evidence(
        whole.labels[::-1].copy(),
        0,
        whole.inputs,
        whole.embedding,
        whole.margins,
        whole.early,
        whole.trajectory,
    )
    np.testing.assert_array_equal(metric.score(turned), metric.score(whole))


@pytest.mark.parametrize("name", ["el2n", "grand", "margin", "prototypes"])
def test_metrics_of_outputs_find_planted_label_flips(name: str) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 10, 500)
    flipped = rng.random(500) < 0.1
    labels = np.where(flipped, (truth + 1 + rng.integers(0, 9, 500)) % 10, truth)
    logits = rng.normal(0, 1, (6, 500, 10)) + 3.0 * np.eye(10)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    features = rng.normal(0, 1, (6, 500, 10)) + 3.0 * np.eye(10)[truth]
    score = metrics[name].score
    assert score is not None
    scores = score(Evidence(labels, early=Probed(probabilities, features)))
    assert np.mean(scores[flipped][:, None] > scores[~flipped]) > 0.9


def test_never_learned_is_harder_than_any_forgetting() -> None:
    labels = np.zeros(2, dtype=np.int64)
    right, wrong = [0.9, 0.1], [0.1, 0.9]
    often, never = [right, wrong] * 10, [wrong] * 20
    trajectory = np.array([often, never]).swapaxes(0, 1)[None]
    score = metrics["forgetting"].score
    assert score is not None
    assert np.diff(score(Evidence(labels, trajectory=trajectory)))[0] > 0
