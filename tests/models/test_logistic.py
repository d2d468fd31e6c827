"""Logistic regression: its gradient, an independent solver, and its limit, the largest margin."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from lawbook.errors import LawbookError
from lawbook.models import logistic, max_margin
from lawbook.models.logistic import model


def taught(n, dimension, flipped=0.0):
    rng = np.random.default_rng(0)
    teacher, inputs = rng.standard_normal(dimension), rng.standard_normal((n, dimension))
    right = inputs @ teacher > 0
    return inputs, (right ^ (rng.random(n) < flipped)).astype(np.int64)


def solved(inputs, targets, ridge):
    return model.solve({"ridge": ridge}, inputs, targets)["weight"]


@pytest.mark.parametrize("ridge", [1e-6, 0.01, 10.0, 1e6])
@pytest.mark.parametrize(
    ("n", "dimension", "flipped"), [(25, 50, 0.0), (100, 50, 0.0), (3200, 50, 0.0), (400, 20, 0.2)]
)
def test_the_gradient_vanishes(n, dimension, flipped, ridge):
    inputs, targets = taught(n, dimension, flipped)
    weight = solved(inputs, targets, ridge)
    gradient = (expit(inputs @ weight) - targets) @ inputs + ridge * weight
    assert np.abs(gradient).max() / n <= 1e-8


@pytest.mark.parametrize("ridge", [0.01, 1.0, 10.0])
@pytest.mark.parametrize("flipped", [0.0, 0.2])
def test_scikit_learn_finds_the_same_weights(ridge, flipped):
    inputs, targets = taught(200, 30, flipped)
    oracle = LogisticRegression(
        C=1 / ridge, fit_intercept=False, solver="newton-cholesky", tol=1e-12, max_iter=500
    )
    expected = oracle.fit(inputs, targets).coef_[0]
    np.testing.assert_allclose(solved(inputs, targets, ridge), expected, rtol=1e-6, atol=1e-6)


def test_with_a_vanishing_penalty_it_is_the_largest_margin():
    """Rosset, Zhu & Hastie 2004: the directions agree as λ → 0, slowly, as 1 / log λ."""
    inputs, targets = taught(60, 20)
    widest = max_margin.model.solve({}, inputs, targets)["weight"]
    angles = []
    for ridge in (1.0, 1e-2, 1e-4, 1e-8):
        weight = solved(inputs, targets, ridge)
        angles.append(np.arccos(weight @ widest / np.linalg.norm(weight) / np.linalg.norm(widest)))
    assert (np.diff(angles) < 0).all()
    assert angles[-1] < 0.2


def test_a_start_far_from_the_solution_is_damped():
    """Inputs of very different size overshoot under plain Newton steps; the objective still falls to its end."""
    inputs, targets = taught(100, 10, flipped=0.1)
    inputs = inputs * np.geomspace(1e-3, 1e3, 10)
    weight = solved(inputs, targets, 1e-6)
    gradient = (expit(inputs @ weight) - targets) @ inputs + 1e-6 * weight
    assert np.abs(gradient).max() / 100 <= 1e-8


def test_a_search_without_end_is_an_error(monkeypatch):
    monkeypatch.setattr(logistic, "_MOST_ROUNDS", 3)
    with pytest.raises(LawbookError, match=r"ridge = 0.01: no solution within 3 rounds; choose a larger one"):
        solved(*taught(100, 10), 0.01)


def test_its_log_odds_are_those_of_its_probabilities():
    inputs, targets = taught(40, 10)
    weights = model.solve({"ridge": 1.0}, inputs, targets)
    outputs = model.outputs({"ridge": 1.0}, weights, inputs)
    odds = np.exp(outputs)
    np.testing.assert_allclose(odds[:, 1] / odds.sum(axis=1), expit(inputs @ weights["weight"]), rtol=1e-12)
