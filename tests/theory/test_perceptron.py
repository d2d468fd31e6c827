"""The perceptron's exact curves: reference rows, the printed equations, asymptotes, crossings, frontiers, domain."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from lawbook.theory import _perceptron_solver as solver
from lawbook.theory.perceptron import (
    asymptotic_constant,
    asymptotic_error,
    exact_curve,
    frontier,
    max_margin_error,
    printed_residuals,
    shipped_table,
    student,
)

# α, f, keep, angle of the probe, ε, κ: solutions of the replica equations found by others.
REFERENCE = [
    (1, 1, "hard", 0, 0.26571, 0.7865),
    (2, 1, "hard", 0, 0.18848, 0.4546),
    (4, 1, "hard", 0, 0.11366, 0.2433),
    (1, 0.5, "hard", 0, 0.32105, 0.5650),
    (2, 0.5, "hard", 0, 0.13610, 0.2502),
    (4, 0.5, "hard", 0, 0.06099, 0.1245),
    (1, 0.2, "hard", 0, 0.41767, 0.4870),
    (4, 0.2, "hard", 0, 0.02502, 0.0502),
    (3, 0.05, "hard", 0, 0.00881, 0.0168),
    (2, 0.05, "hard", 0, 0.06019, 0.0297),
    (1, 0.5, "easy", 0, 0.18183, 1.1965),
    (4, 0.2, "easy", 0, 0.04819, 1.3901),
    (1, 0.5, "hard", 10, 0.32446, 0.5827),
    (4, 0.2, "hard", 10, 0.03927, 0.0634),
    (4, 0.5, "hard", 20, 0.07059, 0.1346),
    (4, 0.2, "hard", 20, 0.15242, 0.1230),
    (2, 0.5, "hard", 40, 0.21699, 0.3866),
]
GRID = (1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05)


@pytest.mark.parametrize(("alpha", "f", "keep", "angle", "error", "margin"), REFERENCE)
def test_the_reference_rows(alpha, f, keep, angle, error, margin) -> None:
    found = student(alpha, f, keep, angle)
    assert found.error == pytest.approx(error, abs=1e-5)
    assert found.margin == pytest.approx(margin, abs=5.1e-5)  # four digits are printed


def test_error_and_overlaps_are_of_one_student() -> None:
    found = student(2, 0.3, "hard", [5, 20, 60, 90])
    np.testing.assert_allclose(found.error, np.arccos(found.overlap) / np.pi, rtol=1e-12)
    # The angle to the probe is at most that to the teacher and that between the two.
    assert (np.arccos(found.probe_overlap) <= np.arccos(found.overlap) + np.deg2rad([5, 20, 60, 90])).all()


# Asymptotes


def test_the_constant_is_reached() -> None:
    assert asymptotic_constant() == pytest.approx(0.50048893, abs=1e-8)
    assert max_margin_error(1e6)[0] * 1e6 == pytest.approx(0.500489, abs=1e-6)


@pytest.mark.parametrize("f", [0.8, 0.5, 0.1, 0.001])
def test_pruned_asymptotes_are_reached(f) -> None:
    assert student(1e6, f).error == pytest.approx(asymptotic_error(1e6, f), rel=1e-5)
    assert student(1e6, f, "easy").error == pytest.approx(asymptotic_error(1e6, f, "easy"), rel=1e-4)


def test_at_200_easy_examples_are_within_a_hundredth_of_their_asymptote() -> None:
    fractions = np.array([0.8, 0.5, 0.2])
    np.testing.assert_allclose(
        student(200, fractions, "easy").error, asymptotic_error(200, fractions, "easy"), rtol=4e-3
    )


def test_half_of_sixteen_per_dimension_is_worth_sixteen() -> None:
    assert abs(student(8, 0.5).error - student(16).error) < 1e-8


def test_local_exponents_of_unpruned_data() -> None:
    error = max_margin_error([0.5, 1, 2, 4, 8, 16])
    np.testing.assert_allclose(-np.diff(np.log2(error)), [0.31, 0.50, 0.73, 0.90, 0.97], atol=0.0051)


# Crossings and frontiers


def crossing(f, other, low, high):
    """Return the α above which keeping the hard beats `other`, a keep, or no pruning."""

    def gain(alpha):
        rival = student(alpha, f, other) if other else student(alpha)
        return float(student(alpha, f).error - rival.error)

    return brentq(gain, low, high, xtol=1e-8)


@pytest.mark.parametrize(
    ("f", "alpha"), [(0.8, 1.124), (0.5, 1.453), (0.2, 1.760), (0.1, 1.874), (0.05, 1.935), (0.01, 1.987)]
)
def test_hard_beats_random_above(f, alpha) -> None:
    assert crossing(f, None, 0.5, 4.0) == pytest.approx(alpha, abs=0.002 if f == 0.5 else 0.0006)


@pytest.mark.parametrize(("f", "alpha"), [(0.8, 7.73), (0.5, 2.52), (0.2, 2.07), (0.1, 2.01)])
def test_hard_beats_easy_above(f, alpha) -> None:
    assert crossing(f, "easy", 1.0, 20.0) == pytest.approx(alpha, abs=0.006)


FRONTIERS = {
    5: ([0.2657, 0.1271, 0.0399, 0.0206, 0.0110, 0.0078, 0.0046], [1, 0.3, 0.2, 0.1, 0.1, 0.1, 0.05]),
    10: ([0.2657, 0.1471, 0.0653, 0.0393, 0.0217, 0.0155, 0.0091], [1, 0.5, 0.3, 0.2, 0.2, 0.2, 0.1]),
    20: ([0.2657, 0.1685, 0.1010, 0.0678, 0.0397, 0.0277, 0.0174], [1, 0.6, 0.5, 0.4, 0.3, 0.3, 0.2]),
    30: ([0.2657, 0.1774, 0.1201, 0.0870, 0.0539, 0.0382, 0.0243], [1, 0.8, 0.6, 0.5, 0.5, 0.4, 0.3]),
}


@pytest.mark.parametrize("angle", FRONTIERS)
def test_the_frontier_of_an_imperfect_probe(angle) -> None:
    errors, fractions = FRONTIERS[angle]
    found = frontier([1, 2, 3, 4, 6, 8, 12], angle, keep_fractions=GRID)
    np.testing.assert_allclose(found.error, errors, atol=5.1e-5)
    np.testing.assert_array_equal(found.keep_fraction, fractions)
    np.testing.assert_array_equal(found.censored, np.array(fractions) == 0.05)


def test_the_frontier_of_a_perfect_probe_over_every_fraction() -> None:
    found = frontier([0.75, 1.25, 1.5, 1.7, 1.8, 1.9, 2.5], largest_pool=250)
    np.testing.assert_allclose(found.keep_fraction[:-1], [1, 0.86, 0.70, 0.51, 0.38, 0.235], atol=0.01)
    np.testing.assert_array_equal(found.censored, [False] * 6 + [True])
    assert found.error[-1] == pytest.approx(0.00243, abs=5e-6)
    assert (
        found.error <= frontier([0.75, 1.25, 1.5, 1.7, 1.8, 1.9, 2.5], keep_fractions=GRID).error + 1e-12
    )[:-1].all()


def test_a_frontier_needs_one_set_of_fractions_and_a_pool_as_large_as_what_is_kept() -> None:
    for given_too_much_or_little in ({}, {"keep_fractions": GRID, "largest_pool": 8.0}):
        with pytest.raises(ValueError, match="either keep_fractions or largest_pool"):
            frontier(2.0, **given_too_much_or_little)
    with pytest.raises(ValueError, match="largest_pool=4"):
        frontier([2.0, 8.0], largest_pool=4.0)
    assert frontier(4.0, keep_fractions=[0.2, 0.5]).censored.all()


# The quadrature


def test_a_probe_at_a_thousandth_radian_is_nearly_perfect() -> None:
    angle = np.rad2deg(1e-3)
    for alpha, f, keep in [(1, 0.5, "hard"), (4, 0.2, "hard"), (4, 0.5, "easy"), (8, 0.8, "hard")]:
        assert student(alpha, f, keep, angle).error == pytest.approx(student(alpha, f, keep).error, abs=1e-6)


@pytest.mark.parametrize(
    "point",
    [(0.01, 0.001, "hard", 0.0), (1e6, 0.001, "hard", 0.0), (1e6, 0.003, "easy", 0.0), (3, 0.05, "hard", 0.0),
     (1.9, 0.01, "hard", 0.3), (4, 0.2, "hard", 0.02), (1000, 0.1, "hard", 0.5), (300, 0.05, "easy", 0.2)],
)  # fmt: skip
def test_twice_the_nodes_change_nothing(point, monkeypatch) -> None:
    alpha, f, keep, theta = point
    first = solver.solve(*point)
    assert solver.nodes(*point).weight.sum() == pytest.approx(1, abs=1e-11)
    monkeypatch.setattr(solver, "_ALONG", 24)
    monkeypatch.setattr(solver, "_ACROSS", 100)
    np.testing.assert_allclose(solver.solve(alpha, f, keep, theta), first, rtol=1e-6)


@pytest.mark.parametrize(
    ("alpha", "f"), [(0.1, 0.5), (1, 1), (4, 1), (2, 0.2), (4, 0.5), (3, 0.05), (100, 0.5)]
)
def test_the_equations_of_the_perfect_probe_hold_as_printed(alpha, f) -> None:
    assert np.abs(printed_residuals(alpha, f)).max() < 1e-8


SPREAD = [(1, 0.5, "hard", 10), (4, 0.2, "hard", 20), (2, 0.5, "hard", 40), (4, 0.2, "easy", 20)]
WIDER = [
    (4, 0.2, "hard", 10), (8, 0.5, "easy", 5), (2, 0.1, "hard", 5), (8, 0.05, "hard", 2), (4, 0.5, "hard", 90),
    (0.5, 0.8, "hard", 30), (2, 1, "hard", 20), (12, 0.3, "hard", 30), (0.5, 0.05, "easy", 60),
]  # fmt: skip


@pytest.mark.parametrize("point", SPREAD + [pytest.param(point, marks=pytest.mark.slow) for point in WIDER])
def test_the_equations_of_a_probe_at_an_angle_hold_as_printed(point) -> None:
    assert np.abs(printed_residuals(*point)).max() < 1e-6


def test_the_printed_equations_tell_a_wrong_student() -> None:
    from lawbook.theory._perceptron_equations import imperfect_residuals, perfect_residuals

    right = student(4, 0.5, "hard", 20)
    kept = solver.kept_range(0.5, "hard")
    wrong = imperfect_residuals(
        4, 0.5, kept, np.deg2rad(20), right.overlap * 0.999, right.probe_overlap, right.margin
    )
    assert np.abs(wrong).max() > 1e-4
    perfect = student(4, 0.5)
    assert np.abs(perfect_residuals(4, 0.5, kept[1], perfect.overlap, perfect.margin * 1.001)).max() > 1e-4


# Properties


def test_few_examples_teach_nothing() -> None:
    error = max_margin_error([0.01, 0.1, 1.0])
    assert 0.45 < error[0] < 0.5
    assert (np.diff(error) < 0).all()


@settings(max_examples=40, deadline=None)
@given(st.floats(0.01, 1e5), st.floats(1.01, 10), st.floats(1e-3, 1), st.sampled_from(["hard", "easy"]))
def test_more_examples_err_less(alpha, factor, f, keep) -> None:
    few, many = student([alpha, alpha * factor], f, keep).error
    assert 0 < many < few < 0.5


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 100), st.sampled_from(["hard", "easy"]), st.floats(0, 90))
def test_without_pruning_neither_probe_nor_keep_matters(alpha, keep, angle) -> None:
    assert student(alpha, 1, keep, angle).error == student(alpha).error


@settings(max_examples=10, deadline=None)
@given(st.floats(0.1, 30), st.floats(0.05, 0.9), st.sampled_from(["hard", "easy"]), st.floats(1, 80))
def test_the_shape_is_that_of_the_arguments(alpha, f, keep, angle) -> None:
    found = student([[alpha], [2 * alpha]], f, keep, [0, angle, 90])
    assert found.error.shape == found.overlap.shape == found.margin.shape == (2, 3)
    assert (found.error[1] < found.error[0]).all()
    assert ((found.error > 0) & (found.error < 0.5) & (found.margin > 0)).all()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("alpha", (0.0,)), ("alpha", (-1.0,)), ("alpha", (1e7,)), ("alpha", (np.nan,)), ("alpha", (1e5, 0.5, "hard", 10)),
     ("keep_fraction", (1.0, 0.0)), ("keep_fraction", (1.0, 1.5)), ("keep", (1.0, 0.5, "moderate")),
     ("probe_angle_deg", (1.0, 0.5, "hard", -1)), ("probe_angle_deg", (1.0, 0.5, "hard", 91))],
)  # fmt: skip
def test_beyond_the_theory_is_an_error(name, arguments) -> None:
    with pytest.raises(ValueError, match=f"^{name} must"):
        student(*arguments)


def test_a_simulated_student_makes_the_same_errors() -> None:
    from sklearn.svm import LinearSVC

    rng = np.random.default_rng(0)
    errors = []
    for _ in range(20):
        teacher, x = rng.standard_normal(100), rng.standard_normal((200, 100))
        machine = LinearSVC(C=1e6, loss="hinge", fit_intercept=False, max_iter=1_000_000, tol=1e-6)
        w = machine.fit(x, np.sign(x @ teacher)).coef_[0]
        errors.append(np.arccos(w @ teacher / np.linalg.norm(w) / np.linalg.norm(teacher)) / np.pi)
    error = np.std(errors) / np.sqrt(len(errors))
    assert abs(np.mean(errors) - max_margin_error(2.0)[0]) < 4 * error


# The shipped table and the curve beside runs


def test_the_shipped_table_is_what_is_solved() -> None:
    table = shipped_table()
    assert (table["probe_angle_deg"] == 0).sum() == 255
    assert not table.duplicated(["alpha", "keep_fraction", "keep", "probe_angle_deg"]).any()
    sample = table.iloc[::9]
    found = student(*(sample[c].to_numpy() for c in ("alpha", "keep_fraction", "keep", "probe_angle_deg")))
    for name, values in found._asdict().items():
        np.testing.assert_allclose(values, sample[name], rtol=1e-8)


def test_the_table_holds_what_studies_ask() -> None:
    alphas = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
    fractions = (0.8, 0.5, 0.2, 0.1, 0.05)
    wanted = {(a, f, "hard", angle) for a in alphas for f in fractions for angle in (0.0, 10.0, 20.0)}
    wanted |= {(a, f, "easy", 0.0) for a in alphas for f in fractions} | {
        (a, 1.0, "hard", 0.0) for a in alphas
    }
    columns = ["alpha", "keep_fraction", "keep", "probe_angle_deg"]
    assert wanted <= set(shipped_table()[columns].itertuples(index=False, name=None))


def runs(**axes):
    """Return one run of the perceptron that an oracle pruned to 800 of 4000 examples in 200 dimensions."""
    pruned = {
        "samples": 4000,
        "n_train": 800,
        "dimension": 200,
        "keep_fraction": 0.2,
        "metric": "oracle_margin",
    }
    run = {
        "task": "perceptron",
        "model": "max_margin",
        "keep": "hard",
        "probe_angle_deg": 0.0,
        "drop_hardest": 0.0,
    }
    return {**run, **pruned, **axes}


def test_the_curve_is_drawn_where_the_theory_applies() -> None:
    table = pd.DataFrame(
        [
            runs(),
            runs(probe_angle_deg=10.0),
            runs(probe_angle_deg=12.5),  # not in the shipped table
            runs(keep="easy"),
            runs(metric="random", probe_angle_deg=10.0),
            runs(keep_fraction=1.0, samples=800, metric="el2n"),
            runs(
                task="teacher_logistic",
                model="max_margin",
                keep_fraction=1.0,
                probe_angle_deg=np.nan,
            ),
        ],
        index=[3, 1, 4, 15, 9, 2, 6],
    )
    expected = student(
        4, [0.2, 0.2, 0.2, 0.2, 1, 1, 1], [*["hard"] * 3, "easy", *["hard"] * 3], [0, 10, 12.5, 0, 0, 0, 0]
    )
    exact = exact_curve(table, "n_train", "test_error")
    assert exact.index.equals(table.index)
    np.testing.assert_allclose(exact, expected.error, rtol=1e-9)


def test_the_curve_is_silent_where_the_theory_does_not_apply() -> None:
    table = pd.DataFrame(
        [
            runs(metric="el2n"),
            runs(metric="el2n", probe_data="heldout"),
            runs(metric="input_norm"),
            runs(keep="moderate"),
            runs(keep="strata"),
            runs(drop_hardest=0.1),
            runs(label_noise=0.1),
            runs(task="digits", keep_fraction=1.0),
            runs(task="teacher_logistic", model="logistic", metric="random", ridge=0.01),
            runs(n_train=1),
        ]
    )
    assert exact_curve(table, "n_train", "test_error").isna().all()
    assert exact_curve(pd.DataFrame([runs()]), "n_train", "test_loss").isna().all()
    assert exact_curve(pd.DataFrame([runs()]).drop(columns="dimension"), "n_train", "test_error").isna().all()


def test_absent_columns_are_neutral() -> None:
    table = pd.DataFrame([runs(metric="random")])[["task", "n_train", "dimension"]]
    assert exact_curve(table, "n_train", "test_error").iloc[0] == pytest.approx(0.11366, abs=1e-5)
