"""Quanta found from gradients are the tasks of a trained network: a small network with a fixed seed."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.quanta_discovery import correlation, draw, scored, slopes, train


@pytest.mark.slow
def test_clusters_of_gradients_are_the_known_tasks() -> None:
    """20 tasks of Zipf frequencies, six of them learned; samples of others, guessed right, are among them."""
    (network,) = train([0], n_tasks=20, width=96, steps=4000, batch_size=512, learning_rate=5e-3)
    samples = draw(network, 500)
    scores = scored(0, samples)
    at_true = scores[scores["true"]].set_index(["affinity", "method"])

    assert 0 < (~samples.learned).mean() < 0.2, "some samples are of tasks that were not learned"
    best = at_true.loc[("abs_cos", "average linkage")]
    assert best["ari"] > 0.8
    assert best["ari"] > at_true.loc[("angular", "spectral"), "ari"] + 0.3
    assert best["null"] < 0.1
    true, found = slopes(samples)
    assert abs(true.estimate - found.estimate) < 0.3
    assert correlation(samples) > 0.99
    assert np.linalg.norm(samples.exact, axis=1).min() > 0
