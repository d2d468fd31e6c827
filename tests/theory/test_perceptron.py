"""The perceptron's exact curves: published values, the printed equations, asymptotes, crossings, domain."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtr

from lawbook.theory import perceptron
from lawbook.theory._replica import Keep, Student, threshold
from lawbook.theory.perceptron import (
    asymptotic_constant,
    asymptotic_error,
    crossing,
    exact_curve,
    frontier,
    max_margin_error,
    student,
)

# α, f, probe's angle in degrees, kept end, ε, κ: solutions of the printed equations, found independently.
REFERENCE: list[tuple[float, float, float, Keep, float, float]] = [
    (1, 1, 0, "hard", 0.26571, 0.7865),
    (2, 1, 0, "hard", 0.18848, 0.4546),
    (4, 1, 0, "hard", 0.11366, 0.2433),
    (1, 0.5, 0, "hard", 0.32105, 0.5650),
    (2, 0.5, 0, "hard", 0.13610, 0.2502),
    (4, 0.5, 0, "hard", 0.06099, 0.1245),
    (1, 0.2, 0, "hard", 0.41767, 0.4870),
    (4, 0.2, 0, "hard", 0.02502, 0.0502),
    (3, 0.05, 0, "hard", 0.00881, 0.0168),
    (2, 0.05, 0, "hard", 0.06019, 0.0297),
    (1, 0.5, 0, "easy", 0.18183, 1.1965),
    (4, 0.2, 0, "easy", 0.04819, 1.3901),
    (1, 0.5, 10, "hard", 0.32446, 0.5827),
    (4, 0.2, 10, "hard", 0.03927, 0.0634),
    (4, 0.5, 20, "hard", 0.07059, 0.1346),
    (4, 0.2, 20, "hard", 0.15242, 0.1230),
    (2, 0.5, 40, "hard", 0.21699, 0.3866),
]


@pytest.mark.parametrize(("alpha", "f", "angle", "keep", "error", "margin"), REFERENCE)
def test_the_seventeen_reference_rows(
    alpha: float, f: float, angle: float, keep: Keep, error: float, margin: float
) -> None:
    found = student(alpha, f, keep, angle)
    assert found.error == pytest.approx(error, abs=1e-5)
    assert found.margin == pytest.approx(margin, abs=6e-5)


def test_the_asymptote_is_reached() -> None:
    assert asymptotic_constant() == pytest.approx(0.50048893, abs=1e-8)
    assert max_margin_error(1e6)[0] * 1e6 == pytest.approx(0.500489, abs=1e-6)


def test_hard_examples_are_worth_their_pool_and_easy_ones_less() -> None:
    assert abs(student(8, 0.5).error - student(16).error) < 1e-8
    for f in (0.8, 0.5, 0.2):
        assert student(1000, f).error == pytest.approx(asymptotic_error(1000, f), rel=1e-4)
        assert student(200, f, "easy").error == pytest.approx(asymptotic_error(200, f, "easy"), rel=4e-3)


@pytest.mark.parametrize(
    ("f", "against_random", "against_easy"),
    [(0.8, 1.124, 7.73), (0.5, 1.453, 2.52), (0.2, 1.760, 2.07), (0.1, 1.874, 2.01), (0.05, 1.935, None)],
)
def test_where_hard_examples_begin_to_win(
    f: float, against_random: float, against_easy: float | None
) -> None:
    assert crossing(f) == pytest.approx(against_random, abs=0.002)
    if against_easy is not None:
        assert crossing(f, against="easy") == pytest.approx(against_easy, abs=0.006)


@pytest.mark.parametrize(
    ("angle", "errors", "fractions"),
    [
        (5, [0.2657, 0.1271, 0.0399, 0.0206, 0.0110, 0.0078, 0.0046], [1, 0.3, 0.2, 0.1, 0.1, 0.1, 0.05]),
        (10, [0.2657, 0.1471, 0.0653, 0.0393, 0.0217, 0.0155, 0.0091], [1, 0.5, 0.3, 0.2, 0.2, 0.2, 0.1]),
        (20, [0.2657, 0.1685, 0.1010, 0.0678, 0.0397, 0.0277, 0.0174], [1, 0.6, 0.5, 0.4, 0.3, 0.3, 0.2]),
        (30, [0.2657, 0.1774, 0.1201, 0.0870, 0.0539, 0.0382, 0.0243], [1, 0.8, 0.6, 0.5, 0.5, 0.4, 0.3]),
    ],
)
@pytest.mark.slow
def test_the_frontier_of_an_imperfect_probe(
    angle: float, errors: list[float], fractions: list[float]
) -> None:
    grid = (1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05)
    found = [frontier(alpha, grid, probe_angle_deg=angle) for alpha in (1, 2, 3, 4, 6, 8, 12)]
    np.testing.assert_allclose([best.error for best in found], errors, atol=6e-5)
    assert [best.keep_fraction for best in found] == fractions
    assert [best.censored for best in found] == [f == 0.05 for f in fractions]


def test_the_frontier_of_a_perfect_probe_collapses_at_two_examples_per_dimension() -> None:
    grid = (1.0, 0.2, 0.05, 0.01, 0.001)
    np.testing.assert_allclose(
        [student(2.5, f).error for f in grid[1:]], [0.0464, 0.0121, 0.00243, 0.000243], rtol=5e-3
    )
    assert frontier(2.5, grid).censored
    assert frontier(0.75, grid) == perceptron.Best(student(0.75).error, 1.0, False)


def test_a_nearly_perfect_probe_is_a_perfect_one() -> None:
    angle = float(np.rad2deg(1e-3))
    assert student(4, 0.5, "hard", angle).error == pytest.approx(student(4, 0.5).error, abs=1e-6)


def test_local_exponents_of_the_whole_pool() -> None:
    errors = max_margin_error([0.5, 1, 2, 4, 8, 16])
    np.testing.assert_allclose(-np.diff(np.log2(errors)), [0.31, 0.50, 0.73, 0.90, 0.97], atol=0.006)


def perfect_residuals(alpha: float, f: float, found: Student) -> list[float]:
    """Return the residuals of the two equations printed for a perfect probe and hard examples."""
    r, kappa, gamma = found.overlap, found.margin, threshold(f, "hard")
    s = np.sqrt(1 - r**2)

    def gauss(t: float) -> float:
        return float(np.exp(-(t**2) / 2) / np.sqrt(2 * np.pi))

    def first(t: float) -> float:
        left_out = -np.expm1(-gamma * (gamma - 2 * r * t) / (2 * s**2))
        return float(gauss(t) * np.exp(-(r**2) * t**2 / (2 * s**2)) * left_out * (kappa - t))

    def second(t: float) -> float:
        return float(gauss(t) * (ndtr(r * t / s) - ndtr((r * t - gamma) / s)) * (kappa - t) ** 2)

    one, two = (quad(g, -12, kappa, epsabs=1e-12, limit=400)[0] for g in (first, second))
    return [r - 2 * alpha / (f * np.sqrt(2 * np.pi) * s) * one, 1 - r**2 - 2 * alpha / f * two]


@pytest.mark.parametrize(("alpha", "f"), [(0.5, 0.8), (1, 0.5), (2, 0.2), (4, 0.2), (3, 0.05)])
def test_the_printed_equations_of_a_perfect_probe_hold(alpha: float, f: float) -> None:
    assert np.abs(perfect_residuals(alpha, f, student(alpha, f))).max() < 1e-6


def imperfect_residuals(alpha: float, f: float, keep: Keep, angle: float, found: Student) -> list[float]:
    """Return the residuals of equations 1 to 3 of Sorscher et al. 2022, with their Λ, Γ and Δ."""
    r, rho, kappa, edge = found.overlap, found.probe_overlap, found.margin, threshold(f, keep)
    theta = np.deg2rad(angle)
    sine, cosine = np.sin(theta), np.cos(theta)
    free = np.sqrt(1 - rho**2)
    scale = np.sqrt(sine**2 - r**2 - rho**2 + 2 * rho * r * cosine)
    node, width = np.polynomial.legendre.leggauss(400)
    pieces = [(-edge, edge)] if keep == "hard" else [(-9.0, -edge), (edge, 9.0)]
    z = np.concatenate([(low + high) / 2 + (high - low) / 2 * node for low, high in pieces])[:, None]
    p = np.concatenate([(high - low) / 2 * width for low, high in pieces])
    p = p * np.exp(-(z[:, 0] ** 2) / 2) / np.sqrt(2 * np.pi) / f
    # κ − t is scaled so that the nodes are dense near the margin.
    ends = kappa - np.concatenate([[0.0], np.geomspace(1e-4, 16.0, 24)])
    node, width = np.polynomial.legendre.leggauss(50)
    t = np.concatenate([(a + b) / 2 + (b - a) / 2 * node for b, a in zip(ends[:-1], ends[1:], strict=True)])
    dt = np.concatenate([(b - a) / 2 * width for b, a in zip(ends[:-1], ends[1:], strict=True)])

    gamma = z * (rho * r - cosine) - t * (r - rho * cosine)
    delta = (
        z**2 * (rho**2 + cosine**2 - 2 * rho * r * cosine) + 2 * t * z * (r * cosine - rho) + t**2 * sine**2
    )
    wide = np.exp(-((t - rho * z) ** 2) / (2 * free**2)) / (np.sqrt(2 * np.pi) * free)
    wide = wide * ndtr(-gamma / (free * scale))
    sharp = np.exp(-delta / (2 * scale**2))

    def mean(values: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
        return float(p @ values @ dt)

    short = kappa - t
    one = alpha / (np.pi * scale) * mean(sharp * short)
    two = 2 * alpha * mean(wide * short**2)
    three = (
        2
        * alpha
        * mean(
            wide * (z - rho * t) / free**2 * short
            + sharp / (2 * np.pi * scale) * (rho * r - cosine) / free**2 * short
        )
    )
    return [
        (r - rho * cosine) / sine**2 - one,
        1 - (rho**2 + r**2 - 2 * rho * r * cosine) / sine**2 - two,
        (rho - r * cosine) / sine**2 - three,
    ]


@pytest.mark.parametrize(
    ("alpha", "f", "keep", "angle"),
    [
        (1, 0.5, "hard", 10),
        (4, 0.2, "hard", 20),
        (2, 0.5, "hard", 40),
        (4, 0.5, "hard", 20),
        (2, 0.5, "easy", 30),
    ],
)
def test_the_printed_equations_of_an_imperfect_probe_hold(
    alpha: float, f: float, keep: Keep, angle: float
) -> None:
    found = student(alpha, f, keep, angle)
    assert np.abs(imperfect_residuals(alpha, f, keep, angle, found)).max() < 1e-6


@settings(max_examples=15, deadline=None)
@given(alpha=st.floats(0.05, 50), f=st.floats(0.05, 0.95), keep=st.sampled_from(["hard", "easy"]))
def test_more_examples_err_less_and_a_whole_pool_knows_no_probe(alpha: float, f: float, keep: Keep) -> None:
    assert student(alpha * 1.1, f, keep).error < student(alpha, f, keep).error
    assert student(alpha, 1.0, keep, 30.0) == student(alpha)


def test_few_examples_teach_nothing() -> None:
    error = max_margin_error([0.01, 0.1, 1.0])
    assert 0.45 < error[0] < 0.5
    assert (np.diff(error) < 0).all()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("alpha", (0.0,)), ("alpha", (np.nan,)), ("alpha", (1e7,)), ("keep_fraction", (1.0, 0.0)),
     ("probe_angle_deg", (1.0, 0.5, "hard", 90.0))],
)  # fmt: skip
def test_beyond_the_theory_is_an_error(name: str, arguments: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=f"{name} must lie between"):
        student(*arguments)  # type: ignore[arg-type]


def test_the_shipped_table_holds_what_is_solved() -> None:
    table = perceptron._table()
    assert len(table) == 335
    assert sum(angle == 0 for *_, angle in table) == 255
    for place in range(0, len(table), 17):
        point, error = list(table.items())[place]
        assert student(*point).error == pytest.approx(error, abs=1e-12)


def test_the_curve_is_drawn_only_where_the_theory_applies() -> None:
    run = {
        "task": "perceptron", "model": "max_margin", "dimension": 200, "n_train": 800, "keep_fraction": 0.2,
        "metric": "oracle_margin", "keep": "hard", "probe_angle_deg": 10.0, "drop_hardest": 0.0,
    }  # fmt: skip
    others = [
        {},
        {"keep_fraction": 1.0},
        {"metric": "random"},
        {"keep": "strata"},
        {"drop_hardest": 0.1},
        {"metric": "el2n", "task": "teacher_logistic", "model": "logistic"},
        {"task": "digits", "model": "mlp"},
    ]
    runs = pd.DataFrame([run | other for other in others])
    exact = exact_curve(runs, "n_train", "test_error")
    np.testing.assert_allclose(exact[:3], [0.03927, 0.11366, 0.11366], atol=1e-5)
    assert exact[3:].isna().all()
    assert exact_curve(runs, "n_train", "test_loss").isna().all()
