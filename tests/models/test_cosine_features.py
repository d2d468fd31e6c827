"""Random Fourier features: their kernel, nested features, interpolation, and the limit of many."""

from __future__ import annotations

import numpy as np

from lawbook.models import SolvedModel, models
from lawbook.models.cosine_features import features
from lawbook.models.kernel_ridge import kernel

RNG = np.random.default_rng(0)
INPUTS, TARGETS = RNG.normal(size=(12, 5)), RNG.normal(size=(12, 2))


def _model() -> SolvedModel:
    model = models["cosine_features"]
    assert isinstance(model, SolvedModel)
    return model


def _config(size: int, ridge: float = 0.0) -> dict[str, object]:
    return {"features": size, "length": 2.0, "ridge": ridge, "seed": 3}


def test_the_mean_product_of_features_is_the_gaussian_kernel() -> None:
    weights = _model().solve(_config(16384, 1.0), INPUTS, TARGETS)
    found = features(INPUTS, weights["waves"], weights["phases"])
    exact = kernel({"kernel": "gaussian", "length": 2.0}, INPUTS, INPUTS)
    np.testing.assert_allclose(found @ found.T / 16384, exact, atol=0.04)


def test_features_are_nested_and_enough_of_them_interpolate() -> None:
    few, many = (_model().solve(_config(size), INPUTS, TARGETS) for size in (8, 20))
    np.testing.assert_array_equal(few["waves"], many["waves"][:, :8])
    np.testing.assert_array_equal(few["phases"], many["phases"][:8])
    np.testing.assert_allclose(_model().outputs(_config(20), many, INPUTS), TARGETS, atol=1e-10)
    residual = TARGETS - _model().outputs(_config(8), few, INPUTS)
    np.testing.assert_allclose(features(INPUTS, few["waves"], few["phases"]).T @ residual, 0, atol=1e-10)


def test_with_many_features_and_a_ridge_it_is_kernel_ridge_regression() -> None:
    other = models["kernel_ridge"]
    assert isinstance(other, SolvedModel)
    config, asked = _config(16384, 0.5), RNG.normal(size=(4, 5))
    limit = {"kernel": "gaussian", "length": 2.0, "ridge": 0.5}
    found = _model().outputs(config, _model().solve(config, INPUTS, TARGETS), asked)
    exact = other.outputs(limit, other.solve(limit, INPUTS, TARGETS), asked)
    np.testing.assert_allclose(found, exact, atol=0.05)
