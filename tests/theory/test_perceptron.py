"""The perceptron's exact curve: published values, its asymptote, its domain."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.theory.perceptron import max_margin_error


def test_the_asymptote_is_reached() -> None:
    # C = 3 / (√(2π) [(k³ + 3k) Φ(k) + (k² + 2) φ(k)]) at the root of k³ Φ(k) = (1 − k²) φ(k), k = 0.638833.
    assert max_margin_error(1e4)[0] * 1e4 == pytest.approx(0.50048893, rel=1e-4)


def test_few_examples_teach_nothing() -> None:
    error = max_margin_error([0.01, 0.1, 1.0])
    assert 0.45 < error[0] < 0.5
    assert (np.diff(error) < 0).all()


def test_a_simulated_student_makes_the_same_errors() -> None:
    from sklearn.svm import LinearSVC

    rng = np.random.default_rng(0)
    errors = []
    for _ in range(20):
        teacher, x = rng.standard_normal(100), rng.standard_normal((200, 100))
        student = LinearSVC(C=1e6, loss="hinge", fit_intercept=False, max_iter=1_000_000, tol=1e-6)
        w = student.fit(x, np.sign(x @ teacher)).coef_[0]
        errors.append(np.arccos(w @ teacher / np.linalg.norm(w) / np.linalg.norm(teacher)) / np.pi)
    error = np.std(errors) / np.sqrt(len(errors))
    assert abs(np.mean(errors) - max_margin_error(2.0)[0]) < 4 * error


@pytest.mark.parametrize("alpha", [0.0, -1.0, 1e5, np.nan])
def test_beyond_the_quadrature_is_an_error(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha must lie between"):
        max_margin_error([1.0, alpha])
