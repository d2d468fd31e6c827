"""Quanta found from gradients are the tasks of a trained network: a small network with a fixed seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.quanta_discovery import LEARNED, at, lead, scored, train, worst

from lawbook.analyses.known_quanta.compute import clusters, correlation, draw, slopes


@pytest.mark.slow
def test_clusters_of_gradients_are_the_known_tasks() -> None:
    """The network is trained by kernels that every processor has, so that it is the same network everywhere."""
    command = [sys.executable, "-c", f"from {__name__} import check_network; check_network()"]
    environment = os.environ | {"MKL_CBWR": "COMPATIBLE"}
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def check_network() -> None:
    """30 tasks of Zipf frequencies, some of them learned; samples of others, guessed right, are among them."""
    (network,) = train([10], n_tasks=30, width=800, steps=3000, batch_size=512, learning_rate=5e-3)
    samples = draw(network, 500, LEARNED)
    scores = scored(10, samples)
    best = scores[(scores["affinity"] == "abs_cos") & (scores["method"] == "score linkage")]

    assert 0 < (~samples.learned).mean() < 0.2, "some samples are of tasks that were not learned"
    assert at(best, "tasks")["ari"].item() > 0.85
    assert at(best, "tasks")["null"].item() < 0.1
    assert worst(best, "tasks").item() > 0.75
    assert lead(scores).item() > 0.3
    k = samples.n_tasks
    true, found = slopes(samples, clusters(samples.exact, "abs_cos", "score linkage", [k])[k])
    assert abs(true.estimate - found.estimate) < 0.3
    assert correlation(samples) > 0.99
