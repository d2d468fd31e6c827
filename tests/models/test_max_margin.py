"""The max-margin perceptron: its optimality conditions, an independent solver, and data that have no solution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import nnls
from sklearn.svm import SVC, LinearSVC

from lawbook.axes import AxisError
from lawbook.models.max_margin import NotSeparableError, model


def taught(n, dimension, seed=0, nearest=1.0):
    """Return inputs and labels of the share `nearest` of examples that lie closest to a teacher's hyperplane."""
    rng = np.random.default_rng(seed)
    teacher, inputs = rng.standard_normal(dimension), rng.standard_normal((round(n / nearest), dimension))
    field = inputs @ teacher
    kept = np.argsort(np.abs(field))[:n]
    return inputs[kept], (field[kept] > 0).astype(np.int64)


def solved(inputs, targets):
    return model.solve({}, inputs, targets)["weight"]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize(
    ("n", "dimension", "nearest"),
    [(1, 3, 1.0), (30, 60, 1.0), (400, 50, 1.0), (600, 200, 0.05), (150, 50, 5e-4)],
)
def test_the_solution_meets_the_optimality_conditions(n, dimension, nearest, scale):
    """w lies in the cone of its support vectors, which are at s w·x = 1, and nothing lies nearer: to 1e-9."""
    inputs, targets = taught(n, dimension, nearest=nearest)
    examples = (2 * targets - 1)[:, None] * inputs * scale
    weight = solved(inputs * scale, targets)

    fields = examples @ weight
    assert fields.min() == pytest.approx(1, abs=1e-9)
    support = examples[fields < 1 + 1e-8]
    multipliers, residual = nnls(support.T / scale, weight * scale)
    assert residual <= 1e-9 * np.linalg.norm(weight * scale)
    # Strong duality: Σ multipliers = ‖w‖².
    assert multipliers.sum() == pytest.approx(weight @ weight * scale**2, rel=1e-8)


def test_support_vector_machines_find_the_same_plane():
    """scikit-learn's two machines with a penalty so large that it is a hard margin agree to their tolerance."""
    inputs, targets = taught(240, 40)
    weight = solved(inputs, targets)
    linear = LinearSVC(C=1e6, loss="hinge", fit_intercept=False, max_iter=10_000_000, tol=1e-10)
    np.testing.assert_allclose(linear.fit(inputs, targets).coef_[0], weight, atol=1e-6 * np.abs(weight).max())

    # SVC has an intercept; with every example and its mirror image in the other class the best one is 0.
    mirrored = SVC(C=1e10, kernel="linear", tol=1e-10)
    mirrored.fit(np.concatenate([inputs, -inputs]), np.concatenate([targets, 1 - targets]))
    np.testing.assert_allclose(mirrored.coef_[0], weight, atol=1e-6 * np.abs(weight).max())


def test_no_direction_has_a_larger_margin():
    inputs, targets = taught(60, 20)
    examples = (2 * targets - 1)[:, None] * inputs
    weight = solved(inputs, targets)
    others = weight + 0.01 * np.random.default_rng(1).standard_normal((2000, 20)) * np.linalg.norm(weight)
    margins = (examples @ others.T).min(axis=0) / np.linalg.norm(others, axis=1)
    assert margins.max() < (examples @ weight).min() / np.linalg.norm(weight)


def test_one_class_alone_is_separable():
    inputs = np.abs(np.random.default_rng(0).standard_normal((10, 5)))
    assert (inputs @ solved(inputs, np.zeros(10, dtype=np.int64)) <= -1 + 1e-9).all()


def test_data_that_no_hyperplane_separates_are_one_clear_error():
    rng = np.random.default_rng(0)
    random = rng.standard_normal((400, 50)), rng.integers(0, 2, 400)  # capacity is 2 per dimension
    opposed = np.array([[1.0, 2.0], [1.0, 2.0]]), np.array([0, 1])
    nothing = np.zeros((2, 3)), np.array([0, 1])
    for inputs, targets in (random, opposed, nothing):
        with pytest.raises(NotSeparableError, match=f"the {len(targets)} examples are not separable"):
            solved(inputs, targets)


def test_its_logits_are_zero_and_the_field():
    inputs, targets = taught(30, 10)
    weights = model.solve({}, inputs, targets)
    outputs = model.outputs({}, weights, inputs)
    np.testing.assert_array_equal(outputs, np.stack([np.zeros(30), inputs @ weights["weight"]], axis=1))
    np.testing.assert_array_equal(outputs.argmax(axis=1), targets)
    assert model.n_params({"model": "max_margin"}, 10, 2) == 10


def test_it_tells_two_classes_apart_only():
    with pytest.raises(AxisError, match="two classes apart, not 10"):
        model.shapes({"model": "max_margin"}, 64, 10)
