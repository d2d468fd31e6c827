"""Scaling symmetries of functions whose symmetries are planted, and of those that have none."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lawbook.laws.symmetries import find, fraction, intervals, null_vectors, product, slope_weights


def gradients(function, n=40, p=4, h=1e-4, seed=0):
    """Return logarithmic derivatives of a function of p positive numbers at n points, with their errors."""
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 0.7, (n, p))
    found, errors = np.empty((2, n, p))
    offsets = h * np.arange(-2, 3)
    for i, point in enumerate(points):
        for j in range(p):
            moved = np.repeat(point[None], 5, axis=0)
            moved[:, j] += offsets
            values = np.log(function(*np.exp(moved).T))
            found[i, j] = slope_weights(offsets, 0.0) @ values
            errors[i, j] = slope_weights(offsets[1:4], 0.0) @ values[1:4] - found[i, j]
    return found, errors


def pendulum(length, gravity, mass, angle):
    """Return the energy of a pendulum, m g l (1 − cos) and a term of m l² that has no other scale than g/l."""
    return mass * gravity * length * (1.2 - np.cos(angle)) * (1 + 0.3 * angle**2)


def broken(length, gravity, mass, angle):
    return pendulum(length, gravity, mass, angle) * (1 + 1e-3 * np.sin(np.log(mass)))


def test_slopes_of_polynomials_are_exact_wherever_the_places_are():
    places = np.array([-0.3, 0.1, 0.35, 0.8, 1.1])
    weights = slope_weights(places, 0.35)
    for power in range(5):
        exact = power * 0.35 ** (power - 1) if power else 0.0
        assert weights @ places**power == pytest.approx(exact, abs=1e-11)


def test_planted_symmetries_are_found_to_many_digits():
    found = find(*gradients(pendulum))
    # l, g and m scale the energy each by itself, which leaves the angle.
    assert (found.count, found.few, found.many, found.pivots) == (3, 3, 3, (0, 1, 2))
    np.testing.assert_allclose(
        found.vectors, np.column_stack([np.eye(3), np.zeros(3), np.ones(3)]), atol=1e-8
    )
    assert found.singular[1] > 0.1 > 1e-6 > found.bound > found.singular[2]


def test_a_symmetry_that_is_broken_by_a_thousandth_is_lost_and_the_others_stay():
    found = find(*gradients(broken))
    assert found.count == 2
    assert found.singular[2] > 100 * found.bound


def test_errors_as_large_as_what_is_broken_leave_the_number_open():
    values, errors = gradients(broken)
    rough = find(values, errors + 3e-4 * np.sign(errors))
    assert rough.many == 3
    assert rough.few < rough.many or rough.count == 3


def test_intervals_cover_the_truth_and_widen_with_the_errors():
    values, errors = gradients(lambda x, y, z, w: x**2 * y**-0.5 * (1 + (z * y / x) ** 2) * (1 + w), h=0.02)
    found = find(values, errors)
    truth = np.array([[1.0, 0.0, 1.0, 0.0, 2.0], [0.0, 1.0, -1.0, 0.0, -0.5]])
    assert found.pivots == (0, 1)
    clusters = np.arange(len(values)) // 4
    low, high = intervals(values, found, clusters)
    assert ((low <= truth) & (truth <= high)).all()
    assert (high - low)[:, 2:].max() < 0.05
    rough = intervals(values, find(values, 10 * errors), clusters)
    assert (rough[1] - rough[0]).max() > 3 * (high - low).max()
    single_low, single_high = intervals(values, found, 0 * clusters)
    assert ((single_low <= truth) & (truth <= single_high)).all()


def test_vectors_have_ones_at_the_arguments_that_they_free():
    values, _ = gradients(pendulum)
    vectors = null_vectors(values, (2, 0, 1))
    np.testing.assert_array_equal(vectors[:, [2, 0, 1]], np.eye(3))


def test_an_argument_that_does_nothing_is_a_symmetry_by_itself():
    found = find(*gradients(lambda x, y, z, w: 1 + x * y + x**2 + z + 0 * w))
    assert found.count == 1
    np.testing.assert_allclose(found.vectors, [[0, 0, 0, 1, 0]], atol=1e-8)


def test_fractions_are_simple_and_inside_their_intervals():
    assert fraction(-0.7500001, -0.7501, -0.7499) == Fraction(-3, 4)
    assert fraction(0.41, 0.405, 0.415) is None
    assert fraction(1e-9, -1e-6, 1e-6) == 0
    assert fraction(0.999, 0.9989, 0.9991) is None


def test_products_are_written_as_quotients():
    assert product([("κ", Fraction(1)), ("s", Fraction(3, 4))]) == "κ·s^(3/4)"
    assert product([("ε", Fraction(1)), ("s", Fraction(-3, 2)), ("κ", Fraction(-2))]) == "ε/(s^(3/2)·κ²)"
    assert product([("η", Fraction(-1))]) == "1/η"
    assert product([("L", Fraction(1)), ("s", Fraction(-12))]) == "L/s¹²"
