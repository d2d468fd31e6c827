"""`fit`: what it returns, what it warns of, what it refuses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lawbook.errors import LawbookError
from lawbook.laws import Fit, fit, laws

Simulate = Callable[..., pd.DataFrame]


def kinds(fitted: Fit) -> set[str]:
    return {note.code for note in fitted.notes}


@pytest.mark.parametrize("name", ["power", "power_floor", "exponential", "exponential_floor"])
def test_a_noiseless_law_is_recovered_with_its_diagnostics(
    name: str, simulate: Simulate, truth: dict[str, tuple[float, ...]]
) -> None:
    table = simulate(name, 5, rng=np.random.default_rng(0), noise=0.0)
    fitted = fit(table, name, y="y", x="x", draws=50)
    np.testing.assert_allclose(fitted.parameters, truth[name], rtol=1e-6)
    np.testing.assert_allclose(fitted.predict(table.x)["estimate"], table.y, rtol=1e-8)
    assert (fitted.status, fitted.reason) == ("ok", "")
    assert (fitted.n_points, fitted.n_runs, fitted.n_seeds, fitted.n_censored) == (8, 40, 5, 0)
    assert fitted.x_range[0] == (32.0, pytest.approx(4096.0))
    assert fitted.decades[0] == pytest.approx(np.log10(128))
    assert fitted.starts_at_best >= 0.5 * fitted.starts
    assert np.abs(fitted.points["residual"]).max() < 1e-12


def test_row_order_and_units_change_nothing(simulate: Simulate) -> None:
    table = simulate("power_floor", 9, rng=np.random.default_rng(1))
    one = fit(table, "power_floor", y="y", x="x", draws=100)
    other = table.sample(frac=1, random_state=0).assign(x=lambda t: t.x * 1e6, y=lambda t: t.y / 1e3)
    two = fit(other, "power_floor", y="y", x="x", draws=100)
    for name, unit in (("alpha", 1.0), ("E", 1e-3)):
        a, b = one.estimates[name], two.estimates[name]
        np.testing.assert_allclose(
            np.array([a.value, a.low, a.high]) * unit, [b.value, b.low, b.high], rtol=1e-5
        )
        np.testing.assert_allclose(a.value * unit, b.value, rtol=1e-8)


def test_the_band_holds_the_curve_and_widens_beyond_the_data(simulate: Simulate) -> None:
    fitted = fit(
        simulate("power_floor", 6, rng=np.random.default_rng(2)), "power_floor", y="y", x="x", draws=300
    )
    band = fitted.predict([300.0, 4096.0 * 64])
    assert (band.low < band.estimate).all()
    assert (band.estimate < band.high).all()
    width = np.log(band.high / band.low)
    assert width[1] > width[0]
    assert fitted.predict([300.0], interval=None)["low"].isna().all()


def test_missing_and_diverged_values_are_named_and_counted(simulate: Simulate) -> None:
    table = simulate("power", 5, rng=np.random.default_rng(3)).assign(status="ok")
    table.loc[3, "y"] = np.nan
    table.loc[7, ["y", "status"]] = [np.nan, "diverged"]
    table.loc[9, "status"] = "diverged"  # its last finite value is not its result
    table.loc[11, "x"] = np.inf
    fitted = fit(table, "power", y="y", x="x", draws=50)
    found = {note.code: note.details.get("rows") for note in fitted.notes}
    assert found["missing_y"] == [3]
    assert found["diverged"] == [7, 9]
    assert found["missing_x"] == [11]
    assert fitted.n_diverged == 2
    assert fitted.n_runs == 36


def test_duplicate_rows_and_shared_cells_are_named(simulate: Simulate) -> None:
    table = simulate("power", 5, rng=np.random.default_rng(4))
    twice = pd.concat([table, table.iloc[[2, 5]]], ignore_index=True)
    fitted = fit(twice, "power", y="y", x="x", draws=50)
    found = {note.code: note for note in fitted.notes}
    assert found["duplicate_rows"].details["rows"] == [40, 41]
    assert len(found["repeated_cells"].details["rows"]) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": "los"}, "no column 'los'"),
        ({"x": "n"}, "no column 'n'"),
        ({"cluster": "sed"}, "no column 'sed'; did you mean 'seed'"),
        ({"weights": "w"}, "no column 'w'"),
        ({"n_eval": "n_eval"}, "no column 'n_eval'"),
        ({"law": "powr"}, "did you mean 'power'"),
        ({"loss": "hubber"}, "unknown loss 'hubber'"),
        ({"loss": "log_huber"}, "needs delta"),
        ({"n_eval": 0}, "n_eval = 0 must be ≥ 1"),
        ({"y": "text"}, "column 'text' is not numeric"),
        ({"y": "negative"}, "negative must be > 0 .*rows 0, 3"),
        ({"y": "negative", "n_eval": 10}, "must lie in 0..1 .*rows 0"),
        ({"x": "zero"}, "zero must be > 0 in this law; rows 0, 8"),
        ({"weights": "negative"}, "negative must be finite and ≥ 0; rows 0"),
        ({"weights": "nothing"}, "all weights in 'nothing' are zero"),
    ],
)
def test_bad_input_is_one_clear_error(simulate: Simulate, change: dict[str, object], message: str) -> None:
    table = simulate("power", 5, rng=np.random.default_rng(5))
    table["text"] = "a"
    table["negative"] = np.where(table.index.isin([0, 3]), -1.0, table.y)
    table["zero"] = table.x - 32.0
    table["nothing"] = 0.0
    given: dict[str, object] = {"law": "power", "y": "y", "x": "x", "draws": 20} | change
    with pytest.raises(LawbookError, match=message):
        fit(table, **given)


def test_an_exponential_may_start_at_zero(simulate: Simulate) -> None:
    table = simulate("exponential", 5, rng=np.random.default_rng(5)).assign(x=lambda t: t.x - 32.0)
    assert fit(table, "exponential", y="y", x="x", draws=50).estimates["k"].value == pytest.approx(
        1e-3, rel=0.1
    )


def test_too_few_points_are_refused_with_the_reason(simulate: Simulate) -> None:
    table = simulate("power_floor", 5, rng=np.random.default_rng(6))
    few = fit(table[table.x < 500], "power_floor", y="y", x="x")
    assert few.status == "refused"
    assert "too few points: 4 distinct x for 3 parameters (at least 5)" in few.reason
    assert np.isnan(few.estimates["alpha"].value)
    one = fit(table[table.x == 32], "power", y="y", x="x")
    assert "one distinct x (32)" in one.reason
    none = fit(table.assign(y=np.nan), "power", y="y", x="x")
    assert "no run has a finite y" in none.reason


def test_one_seed_gives_intervals_from_residuals_and_says_so(simulate: Simulate) -> None:
    fitted = fit(simulate("power", 1, rng=np.random.default_rng(7)), "power", y="y", x="x", draws=300)
    assert fitted.method == "residual_t"
    assert "no_repeats" in kinds(fitted)
    assert np.isnan(fitted.lack_of_fit)
    assert fitted.estimates["alpha"].low < 0.4 < fitted.estimates["alpha"].high


def test_rows_may_be_their_own_clusters(simulate: Simulate) -> None:
    rng = np.random.default_rng(8)
    table = simulate("power", 1, rng=rng, points=60, noise=0.0).drop(columns="seed")
    table["y"] *= np.exp(0.03 * rng.standard_normal(60))
    fitted = fit(table, "power", y="y", x="x", cluster=None, draws=300)
    assert (fitted.method, fitted.n_points, fitted.n_seeds) == ("bca", 60, 60)
    assert np.isnan(fitted.lack_of_fit)
    assert kinds(fitted) == {"no_repeats"}
    assert fitted.estimates["alpha"].low < 0.4 < fitted.estimates["alpha"].high


def test_a_law_that_the_points_contradict_is_refused() -> None:
    x = np.geomspace(32, 4096, 8)
    rng = np.random.default_rng(9)
    y = np.where(x < 400, 2.0, 0.5)
    table = pd.DataFrame(
        {
            "x": np.tile(x, 6),
            "seed": np.repeat(np.arange(6), 8),
            "y": np.tile(y, 6) * np.exp(0.01 * rng.standard_normal(48)),
        }
    )
    fitted = fit(table, "power", y="y", x="x", draws=50)
    assert fitted.status == "refused"
    assert fitted.reason.startswith("lack of fit")
    assert np.isfinite(fitted.estimates["alpha"].value)
    assert "lack_of_fit" in kinds(fitted)


def test_a_rising_curve_has_no_floor(simulate: Simulate) -> None:
    table = simulate("power", 6, rng=np.random.default_rng(10)).assign(y=lambda t: 1 / t.y)
    rising = fit(table, "power", y="y", x="x", draws=50)
    assert rising.estimates["alpha"].high < 0
    assert "rising" in kinds(rising)
    floored = fit(table, "power_floor", y="y", x="x", draws=50)
    assert floored.status == "refused"
    assert "no decay: A = 0" in floored.reason


def test_a_floor_at_zero_has_a_one_sided_interval() -> None:
    x = np.geomspace(32, 4096, 8)
    rng = np.random.default_rng(11)
    noise = 0.02 * rng.standard_normal((10, 8))
    # Bent the other way, so that the best floor is exactly 0.
    y = 3 * x**-0.4 * np.exp(-0.01 * np.log(x / 300) ** 2 + noise)
    table = pd.DataFrame({"x": np.tile(x, 10), "seed": np.repeat(np.arange(10), 8), "y": y.ravel()})
    fitted = fit(table, "power_floor", y="y", x="x", draws=300)
    floor = fitted.estimates["E"]
    assert (floor.value, floor.low, floor.method) == (0.0, 0.0, "one_sided")
    assert floor.high >= 0
    assert "floor_not_identified" in kinds(fitted)


def errors_table(
    rng: np.random.Generator, seeds: int, n_eval: int, p: np.ndarray, x: np.ndarray
) -> pd.DataFrame:
    wrong = rng.binomial(n_eval, np.tile(p, (seeds, 1)))
    return pd.DataFrame(
        {
            "x": np.tile(x, seeds),
            "seed": np.repeat(np.arange(seeds), len(x)),
            "error": (wrong / n_eval).ravel(),
            "n_eval": n_eval,
        }
    )


def test_zero_errors_are_censored_and_counted() -> None:
    x = np.geomspace(16, 16384, 9)
    p = 2 * x**-0.9
    table = errors_table(np.random.default_rng(12), 4, 360, p, x)
    table.loc[table.x == x[-1], "error"] = 0.0
    fitted = fit(table, "power", y="error", x="x", n_eval="n_eval", draws=200)
    zero = table.index[table.error == 0]
    note = next(n for n in fitted.notes if n.code == "zero_errors")
    assert note.details["rows"] == list(zero)
    assert fitted.n_censored == len(zero)
    last = fitted.points.iloc[-1]
    assert last["censored"]
    assert last["y"] == pytest.approx(1 / 360)
    assert fitted.n_points == 9
    assert fitted.estimates["alpha"].low < 0.9 < fitted.estimates["alpha"].high


def test_errors_are_weighted_by_what_their_counts_can_tell() -> None:
    """Without over-dispersion the weights are those of the binomial likelihood, our independent oracle."""
    from scipy.optimize import minimize

    x, seeds, n_eval = np.geomspace(16, 4096, 9), 20, 500
    table = errors_table(np.random.default_rng(13), seeds, n_eval, 1.5 * x**-0.6, x)
    fitted = fit(table, "power", y="error", x="x", n_eval="n_eval", draws=50)
    wrong = table.groupby("x")["error"].sum().to_numpy() * n_eval

    def deviance(q: np.ndarray) -> float:
        p = np.clip(np.exp(q[0] - q[1] * np.log(x)), 1e-12, 1 - 1e-12)
        return -float(np.sum(wrong * np.log(p) + (seeds * n_eval - wrong) * np.log1p(-p)))

    oracle = minimize(
        deviance, [np.log(1.5), 0.6], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-9}
    )
    estimate = fitted.estimates["alpha"]
    assert abs(estimate.value - oracle.x[1]) < 0.15 * (estimate.high - estimate.low)


def test_weights_column_decides_when_given(simulate: Simulate) -> None:
    table = simulate("power", 5, rng=np.random.default_rng(14), noise=0.0)
    table["w"] = np.where(table.x == 32.0, 1e-12, 1.0)
    table.loc[table.x == 32.0, "y"] *= 3
    assert fit(table, "power", y="y", x="x", weights="w", draws=20).estimates["alpha"].value == pytest.approx(
        0.4
    )


def test_huber_ignores_an_outlier(simulate: Simulate) -> None:
    table = simulate("power", 5, rng=np.random.default_rng(15), points=12, noise=0.001)
    table.loc[table.x == 32.0, "y"] *= 3
    squares = fit(table, "power", y="y", x="x", draws=20).estimates["alpha"].value
    huber = fit(table, "power", y="y", x="x", loss="log_huber", delta=1e-3, draws=20)
    assert abs(huber.estimates["alpha"].value - 0.4) < 0.01 < abs(squares - 0.4)
    assert (huber.loss.name, huber.loss.delta) == ("log_huber", 1e-3)


def test_derived_quantities_have_intervals_of_their_own() -> None:
    rng = np.random.default_rng(16)
    n, d = np.meshgrid(np.geomspace(1e7, 1e10, 5), np.geomspace(1e8, 1e11, 5))
    x = np.column_stack([n.ravel(), d.ravel()])
    truth = np.array([1.7, 400.0, 2000.0, 0.34, 0.37])
    y = np.exp(laws["chinchilla"].log_predict(x, truth) + 0.005 * rng.standard_normal((5, 25)))
    table = pd.DataFrame(np.tile(x, (5, 1)), columns=["N", "D"])
    table = table.assign(seed=np.repeat(np.arange(5), 25), loss=y.ravel())
    fitted = fit(table, "chinchilla", y="loss", x=["N", "D"], draws=300)
    alpha, beta = fitted.parameters[3:]
    a = fitted.derived["a"]
    assert a.value == pytest.approx(beta / (alpha + beta))
    assert a.low < 0.37 / 0.71 < a.high
    centre = np.exp(np.log(x).mean(axis=0))
    share = fitted.derived["L_N"]
    assert share.value == pytest.approx(fitted.parameters[1] * centre[0] ** -alpha)
    assert share.low < 400 * centre[0] ** -0.34 < share.high
    # Known far better than A itself, with which α trades off.
    assert np.log(share.high / share.low) < 0.7 * np.log(
        fitted.estimates["A"].high / fitted.estimates["A"].low
    )
    spread = np.sqrt(np.diag(fitted.covariance))
    np.testing.assert_allclose(spread, fitted.draws.std(axis=0, ddof=1))


def test_the_information_criteria_are_those_of_a_normal_likelihood(simulate: Simulate) -> None:
    table = simulate("power", 1, rng=np.random.default_rng(17), points=12)
    fitted = fit(table, "power", y="y", x="x", draws=20)
    r = fitted.points["residual"].to_numpy()
    likelihood = stats.norm.logpdf(r, scale=np.sqrt(np.mean(r**2))).sum()
    rest = 12 * (1 + np.log(2 * np.pi))  # the same for every law on these points
    assert fitted.bic == pytest.approx(-2 * likelihood + 3 * np.log(12) - rest)
    assert fitted.aicc == pytest.approx(-2 * likelihood + 6 + 24 / 8 - rest)
    few = fit(table.iloc[:4], "power", y="y", x="x", draws=20)
    assert np.isnan(few.aicc)
    assert np.isfinite(few.bic)


def test_a_new_run_lies_in_a_wider_band_than_the_law(simulate: Simulate) -> None:
    fitted = fit(simulate("power", 5, rng=np.random.default_rng(18)), "power", y="y", x="x", draws=100)
    law = fitted.predict([300.0])
    run = fitted.predict([300.0], interval="prediction")
    assert run.low[0] < law.low[0] < law.estimate[0] == run.estimate[0] < law.high[0] < run.high[0]
    with pytest.raises(LawbookError, match="'confidence', 'prediction' or None, got 'both'"):
        fitted.predict([300.0], interval="both")


def test_intervals_come_from_the_profile_where_seeds_show_the_noise(simulate: Simulate) -> None:
    table = simulate("power_floor", 9, rng=np.random.default_rng(19))
    squares = fit(table, "power_floor", y="y", x="x", draws=100)
    assert {name: e.method for name, e in squares.estimates.items()} == {
        "E": "profile", "A": "bca", "alpha": "profile",
    }  # fmt: skip
    huber = fit(table, "power_floor", y="y", x="x", loss="log_huber", delta=0.01, draws=100)
    assert {e.method for e in huber.estimates.values()} == {"bca"}


def test_a_break_that_is_not_bounded_is_named(simulate: Simulate) -> None:
    rng = np.random.default_rng(20)
    x = np.geomspace(10, 1e5, 14)
    bent = laws["bnsl_1"].log_predict(x[:, None], np.array([0.0, 1.0, 0.1, 0.4, 3e4, 0.5]))
    y = np.exp(bent + 0.03 * rng.standard_normal((5, 14)))
    table = pd.DataFrame({"x": np.tile(x, 5), "seed": np.repeat(np.arange(5), 14), "y": y.ravel()})
    fitted = fit(table, "bnsl_1", y="y", x="x", draws=60)
    said = [note.message for note in fitted.notes if note.code == "open_interval"]
    assert "the data do not bound d1 from above" in said


def test_delta_may_follow_from_the_residuals(simulate: Simulate) -> None:
    table = simulate("power_floor", 5, rng=np.random.default_rng(0))
    plain = fit(table, "power_floor", y="y", x="x", draws=20)
    robust = fit(table, "power_floor", y="y", x="x", loss="log_huber", delta="auto", draws=20)
    spread = 1.345 * 1.4826 * np.median(np.abs(plain.points["residual"]))
    assert robust.loss.delta == pytest.approx(spread)
    with pytest.raises(LawbookError, match="neither a number > 0 nor 'auto'"):
        fit(table, "power", y="y", x="x", loss="log_huber", delta="some")
    with pytest.raises(LawbookError, match="has no delta"):
        fit(table, "power", y="y", x="x", delta="auto")
