"""The agreement of two denoisers: its constants against simulation that shares no code with them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lawbook.models import SolvedModel, models
from lawbook.tasks import tasks
from lawbook.theory.digit_patches import (
    exact_curve,
    group_constant,
    mean_square,
    moments,
    normal_constant,
    patches,
    source_constant,
)

COVARIANCE = np.array([[1.0, 0.3, 0.0], [0.3, 0.5, -0.1], [0.0, -0.1, 0.2]])
MEAN = np.array([0.5, -1.0, 2.0])


def disagreement(one, other, noise):
    """Return E‖f_A(y) - f_B(y)‖² of two sets of examples, by its definition."""
    slopes, constants = [], []
    for examples in (one, other):
        mean = examples.mean(axis=0)
        centred = examples - mean
        covariance = centred.T @ centred / len(examples)
        slopes.append(covariance @ np.linalg.inv(covariance + noise * np.eye(3)))
        constants.append(mean - slopes[-1] @ mean)
    differ, shift = slopes[0] - slopes[1], constants[0] - constants[1] + (slopes[0] - slopes[1]) @ MEAN
    return np.trace(differ @ (COVARIANCE + noise * np.eye(3)) @ differ.T) + shift @ shift


@pytest.mark.parametrize("noise", [0.1, 1.0])
def test_the_constant_of_normal_examples_is_that_of_many_draws(noise):
    rng, n = np.random.default_rng(0), 2000
    root = np.linalg.cholesky(COVARIANCE)
    found = [n * disagreement(*(MEAN + rng.standard_normal((2, n, 3)) @ root.T), noise) for _ in range(1500)]
    error = np.std(found) / np.sqrt(len(found))
    assert abs(normal_constant(COVARIANCE, noise) - np.mean(found)) < 4 * error
    assert error < 0.03 * np.mean(found)


def test_examples_in_groups_have_the_constant_of_their_fourth_moments():
    """Of m groups, each of g correlated examples that are skew, of which sets of whole groups are drawn."""
    rng = np.random.default_rng(1)
    root = np.linalg.cholesky(COVARIANCE)
    skew = rng.exponential(size=(400, 1, 3)) + 0.5 * rng.exponential(size=(400, 4, 3))
    flat = skew.reshape(-1, 3) - skew.mean(axis=(0, 1))
    white = flat @ np.linalg.inv(np.linalg.cholesky(flat.T @ flat / len(flat))).T
    groups = (MEAN + white @ root.T).reshape(skew.shape)
    found = []
    for _ in range(800):
        drawn = groups[rng.integers(0, 400, (2, 300))]
        found.append(1200 * disagreement(*drawn.reshape(2, -1, 3), 0.3))
    error = np.std(found) / np.sqrt(len(found))
    exact = group_constant(groups, 0.3)
    assert abs(exact - np.mean(found)) < 4 * error + 0.01 * exact
    assert exact > 1.5 * normal_constant(COVARIANCE, 0.3)


def test_singles_of_normal_examples_have_the_constant_of_normal_ones():
    rng = np.random.default_rng(2)
    drawn = rng.standard_normal((200_000, 1, 3)) @ np.linalg.cholesky(COVARIANCE).T
    assert group_constant(drawn, 0.3) == pytest.approx(normal_constant(np.cov(drawn[:, 0].T), 0.3), rel=0.01)


def test_patches_are_those_of_the_images():
    assert patches().shape == (1797, 16, 25)
    mean, covariance = moments()
    assert (mean.min() >= 0, mean.max() <= 1) == (True, True)
    # The values that a study of these patches and this noise should come to.
    ratios = [source_constant("images", noise) / normal_constant(covariance, noise) for noise in (0.05, 0.25)]
    assert ratios == pytest.approx([0.982, 1.110], abs=1e-3)


def test_runs_that_are_not_known_have_no_curve():
    row = {
        "task": "digit_patches",
        "model": "wiener_pair",
        "source": "gaussian",
        "noise_variance": 0.05,
        "samples": 800,
    }
    runs = pd.DataFrame([row, row | {"task": "digits"}, row | {"samples": 1600}])
    found = exact_curve(runs, "samples", "test_disagreement")
    assert found[0] == 2 * found[2]
    assert found.isna().tolist() == [False, True, False]
    assert exact_curve(runs, "samples", "test_loss").isna().all()


def test_exact_metrics_are_means_over_noisy_patches():
    task, model = tasks["digit_patches"], models["wiener_pair"]
    assert isinstance(model, SolvedModel)
    config = {"source": "images", "samples": 640, "seed": 3, "noise_variance": 0.1}
    examples = task.examples(config)
    weights = model.solve(config, examples.inputs.astype(float), examples.targets)
    rng = np.random.default_rng(0)
    clean = np.tile(patches().reshape(-1, 25), (3, 1))
    noisy = clean + np.sqrt(0.1) * rng.standard_normal(clean.shape)
    first, second = (
        model.outputs(config, weights, np.column_stack([noisy, np.full(len(noisy), half)])) for half in (0, 1)
    )
    exact = task.exact_metrics(config, weights)
    loss = np.mean([np.square(each - clean).sum(1).mean() for each in (first, second)])
    assert exact["loss"] == pytest.approx(loss, rel=0.01)
    assert exact["disagreement"] == pytest.approx(np.square(first - second).sum(1).mean(), rel=0.01)
    _, covariance = moments()
    normal = normal_constant(covariance, 0.1) / 320
    assert exact["disagreement_over_normal"] == pytest.approx(exact["disagreement"] / normal)


def test_mean_squares_add_what_a_constant_and_the_noise_give():
    assert mean_square(2 * np.eye(1), np.ones(1), np.ones(1), np.eye(1), 0.5) == pytest.approx(4 * 1.5 + 9)
