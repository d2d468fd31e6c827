"""Kernel ridge regression and random features, against scikit-learn and each other."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge

from lawbook.models import SolvedModel, models
from lawbook.seeds import generator
from lawbook.testing import check_model

RNG = np.random.default_rng(0)
X, Y, NEW = RNG.normal(size=(30, 12)), RNG.normal(size=(30, 2)), RNG.normal(size=(7, 12))


def solved(name: str, axes: dict[str, object], x: np.ndarray = X, y: np.ndarray = Y) -> np.ndarray:
    """Return what a model that learned (x, y) says of NEW."""
    model = models[name]
    assert isinstance(model, SolvedModel)
    config = {**model.axes.defaults(), **axes}
    return model.outputs(config, model.solve(config, x, y), NEW)


@pytest.mark.parametrize("name", ["kernel_ridge", "random_features"])
def test_contract(name: str) -> None:
    check_model(name)


@pytest.mark.parametrize("ridge", [0.1, 2.0])
def test_it_is_that_of_scikit_learn(ridge: float) -> None:
    linear = KernelRidge(alpha=ridge).fit(X, Y).predict(NEW)
    np.testing.assert_allclose(solved("kernel_ridge", {"ridge": ridge}), linear, atol=1e-10)
    gaussian = KernelRidge(alpha=ridge, kernel="rbf", gamma=1 / (2 * 3.0**2)).fit(X, Y).predict(NEW)
    mine = solved("kernel_ridge", {"kernel": "gaussian", "length": 3.0, "ridge": ridge})
    np.testing.assert_allclose(mine, gaussian, atol=1e-10)


@pytest.mark.parametrize("kernel", ["linear", "laplace", "gaussian"])
def test_without_a_ridge_it_interpolates(kernel: str) -> None:
    model, config = models["kernel_ridge"], {"kernel": kernel, "length": 3.0, "ridge": 0.0}
    x, y = X[:10], Y[:10]
    weights = model.solve(config, x, y)
    np.testing.assert_allclose(model.outputs(config, weights, x), y, atol=1e-8)
    # Of a kernel matrix that is singular, the solution of smallest norm.
    twice = model.solve(config, np.vstack([x, x]), np.vstack([y, y]))
    np.testing.assert_allclose(
        model.outputs(config, twice, NEW), model.outputs(config, weights, NEW), atol=1e-6
    )


def test_without_a_ridge_more_examples_than_inputs_are_least_squares() -> None:
    expected = NEW @ np.linalg.lstsq(X, Y)[0]
    np.testing.assert_allclose(solved("kernel_ridge", {}), expected, atol=1e-10)
    # As many random features as inputs can do whatever the inputs can.
    np.testing.assert_allclose(solved("random_features", {"features": 12, "seed": 0}), expected, atol=1e-8)


def test_many_random_features_are_their_kernel() -> None:
    for ridge, x, y in ((0.5, X, Y), (0.0, X[:6], Y[:6])):
        limit = solved("kernel_ridge", {"ridge": ridge}, x, y)
        axes = {"ridge": ridge, "seed": 0}
        errors = [
            np.abs(solved("random_features", {**axes, "features": n}, x, y) - limit).max()
            for n in (64, 16_384)
        ]
        assert errors[1] < errors[0] / 5


def test_a_ridge_on_the_mean_over_features_is_one_on_the_weights() -> None:
    model = models["random_features"]
    config = {**model.axes.defaults(), "features": 20, "ridge": 0.3, "seed": 1}
    found = model.solve(config, X, Y)
    # Those of 20 features are the first of 30.
    drawn = generator(1, "features").standard_normal((30, 12)).T
    g = X @ drawn[:, :20]
    expected = np.linalg.solve(g.T @ g + 20 * 0.3 * np.eye(20), g.T @ Y)
    np.testing.assert_allclose(found["output"], expected, atol=1e-10)
    np.testing.assert_allclose(found["weight"], drawn[:, :20] @ expected, atol=1e-10)
