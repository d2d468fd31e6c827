"""Which law predicts: the true one where the data can tell, 'undecided' where they cannot."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lawbook.errors import LawbookError
from lawbook.laws import compare, laws
from lawbook.laws.heldout import origins, scales
from lawbook.laws.model_comparison import linearised, mimicry, noise_of
from lawbook.laws.points import gather
from lawbook.laws.solver import solve
from lawbook.theory.perceptron import max_margin_error
from lawbook.theory.sgd_oracle import constant_rate_loss

FOUR = ["power", "power_floor", "exponential", "exponential_floor"]

Simulate = Callable[..., pd.DataFrame]


@pytest.mark.parametrize("form", ["power", "exponential"])
@pytest.mark.parametrize("seeds", [5, 10])
def test_power_and_exponential_are_told_apart(form: str, seeds: int, simulate: Simulate) -> None:
    table = simulate(form, seeds, rng=np.random.default_rng(0), points=10, noise=0.01)
    found = compare(table, ["power", "exponential"], y="y", x="x", draws=200)
    assert found.preferred == form
    assert found.table["form"][0] == form


def test_a_floor_is_found_where_there_is_one(simulate: Simulate) -> None:
    table = simulate("power_floor", 10, rng=np.random.default_rng(1), points=10, noise=0.01)
    found = compare(table, ["power_floor", "exponential_floor"], y="y", x="x", draws=200)
    assert found.preferred == "power_floor"
    assert set(found.fits) == {"power_floor", "exponential_floor", "power"}  # the baseline is always there


def test_half_a_decade_of_noise_decides_nothing() -> None:
    rng = np.random.default_rng(2)
    x = np.geomspace(10, 30, 6)
    y = 2 * x**-0.4 * np.exp(0.05 * rng.standard_normal((3, 6)))
    table = pd.DataFrame({"x": np.tile(x, 3), "seed": np.repeat(np.arange(3), 6), "y": y.ravel()})
    found = compare(table, ["power", "exponential"], y="y", x="x", draws=200)
    assert found.preferred == "undecided"
    assert "held-out errors differ by" in found.reason


def test_the_held_out_error_is_that_of_a_fit_without_the_largest_x(simulate: Simulate) -> None:
    from lawbook.laws import fit

    table = simulate("power_floor", 9, rng=np.random.default_rng(3))
    found = compare(table, ["power"], y="y", x="x", draws=50)
    last = table.x.max()
    alone = fit(table[table.x < last], "power", y="y", x="x", draws=20).predict([last])["estimate"][0]
    observed = table[table.x == last].y.mean()
    assert found.table["heldout_error"][0] == pytest.approx(abs(np.log(observed / alone)), rel=1e-8)
    assert found.table["heldout_error_power"][0] == found.table["heldout_error"][0]


def test_forms_with_too_few_points_are_refused(simulate: Simulate) -> None:
    table = simulate("power", 6, rng=np.random.default_rng(4), points=4)
    found = compare(table, ["power", "power_floor"], y="y", x="x", draws=50)
    rows = found.table.set_index("form")
    assert rows.loc["power_floor", "status"] == "refused"
    assert np.isnan(rows.loc["power_floor", "heldout_error"])
    assert found.preferred == "power"


def test_a_null_prefers_nothing(simulate: Simulate) -> None:
    found = compare(
        simulate("null", 8, rng=np.random.default_rng(1)), ["power", "exponential"], y="y", x="x", draws=50
    )
    assert (found.preferred, found.reason) == ("undecided", "every form is refused")


def test_a_floor_that_is_not_identified_is_no_rival(simulate: Simulate) -> None:
    table = simulate("power", 10, rng=np.random.default_rng(0), points=10, noise=0.01)
    found = compare(table, ["power_floor", "power"], y="y", x="x", draws=200)
    assert any(note.code == "floor_not_identified" for note in found.fits["power_floor"].notes)
    assert found.preferred == "power"
    assert "the floor of power_floor is not told apart from 0" in found.reason


def test_holding_out_too_much_or_nothing_is_said(simulate: Simulate) -> None:
    table = simulate("power", 6, rng=np.random.default_rng(8), points=8)
    found = compare(table, ["power", "exponential"], y="y", x="x", holdout=6, draws=50)
    assert found.preferred == "undecided"
    assert "without the held-out scales are too few" in found.reason
    with pytest.raises(LawbookError, match="holdout = 0 must be a whole number ≥ 1"):
        compare(table, ["power"], y="y", x="x", holdout=0)


def test_an_unknown_form_is_named() -> None:
    with pytest.raises(LawbookError, match="did you mean 'exponential'"):
        compare(pd.DataFrame({"x": [1.0], "y": [1.0], "seed": [0]}), ["exponentail"], y="y", x="x")


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_exact_curve_of_a_perceptron_is_no_exponential(seeds: int) -> None:
    # Over 0.9 decades its ΔAICc speaks for an exponential; in truth the error ends as C/α.
    alpha = np.geomspace(0.5, 4, 7)
    table = pd.DataFrame({"x": np.tile(alpha, seeds), "seed": np.repeat(np.arange(seeds), 7)})
    table["y"] = np.tile(max_margin_error(alpha), seeds)
    found = compare(table, FOUR, y="y", x="x", draws=50)
    rows = found.table.set_index("form")
    assert rows.loc["exponential", "aicc"] < rows.loc["power", "aicc"] - 6
    assert found.preferred == "undecided"
    assert "less than a decade" in found.reason


def test_a_law_of_loss_is_told_over_a_fifth_of_a_decade() -> None:
    """Downstream error is a function of a loss that hardly varies in decades (Gadre et al. 2024, arXiv:2403.08540)."""
    rng = np.random.default_rng(4)
    loss = np.repeat(np.linspace(2.2, 3.4, 25), 2)
    error = 0.85 - 2.1 * np.exp(-0.7 * loss)
    rivals = ["e - k*exp(-g*loss)", "c*loss^p"]
    quiet, noisy = (
        compare(
            pd.DataFrame({"loss": loss, "error": error * np.exp(sd * rng.standard_normal(50)), "seed": [0, 1] * 25}),
            rivals, y="error", draws=50,
        )
        for sd in (0.0005, 0.05)
    )  # fmt: skip
    assert quiet.preferred == "formula", quiet.reason
    assert noisy.preferred == "undecided"
    assert "less than a decade" in noisy.reason


@pytest.mark.parametrize("points", [7, 9, 11, 15])
@pytest.mark.parametrize("high", [5, 8, 16, 64])
def test_more_of_an_exact_perceptron_is_no_exponential_either(high: float, points: int) -> None:
    alpha = np.geomspace(0.5, high, points)
    table = pd.DataFrame({"x": alpha, "y": max_margin_error(alpha)})
    assert compare(table, FOUR, y="y", x="x", cluster=None, draws=50).preferred == "undecided"


@pytest.mark.parametrize("alpha", [0.3, 0.5, 1.0])
def test_an_exact_power_law_with_a_floor_is_no_exponential(alpha: float) -> None:
    for high, n in ((4, 7), (10, 6), (100, 10)):
        x = np.geomspace(1, high, n)
        found = compare(
            pd.DataFrame({"x": x, "y": 0.2 + x**-alpha}), FOUR, y="y", x="x", cluster=None, draws=50
        )
        assert found.preferred in ("power_floor", "undecided")
        assert high < 10 or found.preferred == "power_floor"


def test_criteria_follow_their_definitions_or_are_refused(simulate: Simulate) -> None:
    table = simulate("power_floor", 5, rng=np.random.default_rng(5), points=5)
    found = compare(table, ["power_floor", "power"], y="y", x="x", draws=50)
    rows = found.table.set_index("form")
    mean_square = 2 * found.fits["power"].objective / 5
    aic = 5 * np.log(mean_square) + 2 * 3
    assert rows.loc["power", "aicc"] == pytest.approx(aic + 2 * 3 * 4 / (5 - 3 - 1), rel=1e-12)
    assert rows.loc["power", "bic"] == pytest.approx(aic - 6 + 3 * np.log(5), rel=1e-12)
    assert np.isnan(rows.loc["power_floor", "aicc"])  # n = 5 = k + 1
    assert "no AICc: 5 points for k = 4" in rows.loc["power_floor", "reason"]
    assert (found.table["delta_bic"] == found.table["bic"] - found.table["bic"].min()).all()


def test_origins_train_on_the_smallest_scales_and_predict_the_next(simulate: Simulate) -> None:
    table = simulate("power_floor", 4, rng=np.random.default_rng(6), points=8)
    observed = table.groupby("x")["y"].mean()
    x, y = observed.index.to_numpy(), observed.to_numpy()
    found = compare(table, ["power"], y="y", x="x", holdout=2, draws=50)
    squares = []
    for j in range(3, 7):  # a straight line through the log means is the power law's fit
        slope, level = np.polyfit(np.log(x[:j]), np.log(y[:j]), 1)
        squares += list((np.log(y[j : j + 2]) - level - slope * np.log(x[j : j + 2])) ** 2)
    assert found.table["rolling_error"][0] == pytest.approx(np.sqrt(np.mean(squares)), rel=1e-8)
    assert found.table["heldout_error"][0] == pytest.approx(np.sqrt(np.mean(squares[-2:])), rel=1e-8)


def test_the_scale_of_several_inputs_is_their_product() -> None:
    x = np.array([[n, d] for n in (10.0, 100.0, 1000.0) for d in (10.0, 100.0, 1000.0)])
    assert list(scales(x)) == [0, 1, 2, 1, 2, 3, 2, 3, 4]
    train, test = origins(x, 2, 5)[-1]
    assert list(x[test].prod(axis=1)) == [1e5, 1e5, 1e6]
    assert (train == ~test).all()


@settings(max_examples=60, deadline=None)
@given(
    x=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 6)), min_size=2, max_size=12),
    holdout=st.integers(1, 3),
    least=st.integers(1, 5),
)
def test_an_origin_trains_on_enough_points_that_vary_in_every_input(
    x: list[tuple[int, int]], holdout: int, least: int
) -> None:
    at = np.array(x, dtype=float)
    rank = scales(at)
    expected = [
        (rank < j, (rank >= j) & (rank < j + holdout))
        for j in range(1, int(rank.max()) + 2 - holdout)
        if (rank < j).sum() >= least and all(len(np.unique(column)) > 1 for column in at[rank < j].T)
    ]
    found = origins(at, holdout, least)
    assert len(found) == min(len(expected), 8)  # most origins of several inputs
    for (train, test), (all_train, all_test) in zip(found[-1:], expected[-1:], strict=True):
        np.testing.assert_array_equal(train, all_train)
        np.testing.assert_array_equal(test, all_test)
    if len(expected) <= 8:
        np.testing.assert_array_equal(np.array(found), np.array(expected))


def test_a_joint_law_that_misses_by_little_may_still_predict_best() -> None:
    steps = np.geomspace(30, 30_000, 8).round()
    rows = [
        (size, t, loss)
        for size in 2 ** np.arange(3, 10)
        for t, loss in zip(steps, constant_rate_loss(int(size), 0.3, 64, steps, noise=0.05), strict=True)
    ]
    table = pd.DataFrame(rows, columns=["N", "t", "loss"])
    found = compare(
        table, ["chinchilla", "chinchilla_gamma"], y="loss", x=["N", "t"], cluster=None, holdout=2, draws=50
    )
    assert found.preferred == "chinchilla_gamma"
    assert found.table["form"][0] == "chinchilla_gamma"
    assert found.table["rolling_error"][0] < 0.2 * found.table["rolling_error"][1]


def test_the_mimic_is_as_rare_as_its_probability_says() -> None:
    # Under the null law p must be at least as large as a uniform number, at a design that barely tells.
    rng = np.random.default_rng(7)
    x = np.geomspace(1, 10, 10)
    null, rival = laws["power_floor"], laws["exponential_floor"]
    p = []
    for _ in range(150):
        y = x**-0.5 * np.exp(0.05 * rng.standard_normal((3, 10)))
        table = pd.DataFrame({"x": np.tile(x, 3), "seed": np.repeat(np.arange(3), 10), "y": y.ravel()})
        points = gather(table, y="y", x="x")
        stands = [
            linearised(law, points, solve(law, points.x, points.data(), starts=8).parameters[0])
            for law in (null, rival)
        ]
        p.append(mimicry(*stands, noise_of(points), rng))
    assert np.mean(np.array(p) <= 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)
    assert np.mean(np.array(p) <= 0.5) > 0.25  # and not so much larger that nothing is ever found


@pytest.mark.parametrize("form", FOUR)
def test_seeds_that_are_tilted_along_x_mislead_no_verdict(form: str, simulate: Simulate) -> None:
    """The fixture's seeds have a level and a tilt of their own: noise that runs along x."""
    family = form.removesuffix("_floor")
    found = [
        compare(
            simulate(form, 5, rng=np.random.default_rng(k), points=10, noise=0.02),
            FOUR,
            y="y",
            x="x",
            draws=50,
        ).preferred.removesuffix("_floor")
        for k in range(12)
    ]
    assert set(found) <= {family, "undecided"}
    assert found.count(family) >= 9


def test_the_power_law_by_another_name_is_no_rival(simulate: Callable[..., pd.DataFrame]) -> None:
    table = simulate("power", 10, rng=np.random.default_rng(0))
    found = compare(table, ["m1", "exponential"], y="y", x="x", draws=50)
    assert found.preferred in ("m1", "power")
    with pytest.raises(LawbookError, match="name at least one law"):
        compare(table, [], y="y", x="x")
