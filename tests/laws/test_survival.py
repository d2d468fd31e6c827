"""Laws over censored values: the maximum of a plain survival likelihood, and intervals that cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from lawbook.laws.forms import laws
from lawbook.laws.note import reason_of
from lawbook.laws.survival import Rows, fit_censored

BOUNDS = ("y_low", "y_high")


def planted(rng, last=60.0, seeds=12, sigma=0.3, left=False):
    """Values 300 x^-0.7 with log-normal scatter, known up to `last` only (down to it, with `left`)."""
    x, seed = np.tile(np.geomspace(1, 100, 9), seeds), np.repeat(np.arange(seeds), 9)
    y = 300 * x**-0.7 * np.exp(sigma * rng.standard_normal(len(x)))
    out = y < last if left else y > last
    table = pd.DataFrame({"x": x, "seed": seed, "y": np.where(out, np.nan, y)})
    bound = np.where(out, last, np.nan)
    return table.assign(y_low=np.nan if left else bound, y_high=bound if left else np.nan)


def fitted(table, form="power", draws=60, **more):
    options = {"y": "y", "bounds": BOUNDS, "x": "x", "cluster": "seed"} | more
    return fit_censored(table, laws[form], draws=draws, **options)


def minus_log_likelihood(q, table, mean):
    """The likelihood of survival analysis, spelled out by scipy: q are the law's parameters and log σ."""
    mu, s, unseen = mean(q[:-1], table["x"]), np.exp(q[-1]), table["y"].isna()
    low, high = (
        np.log(table[bound][unseen].fillna(fill)) for bound, fill in zip(BOUNDS, (0, np.inf), strict=True)
    )
    mass = stats.norm.cdf(high, mu[unseen], s) - stats.norm.cdf(low, mu[unseen], s)
    return -stats.norm.logpdf(np.log(table["y"][~unseen]), mu[~unseen], s).sum() - np.log(mass).sum()


def power(q, x):
    return q[0] - q[1] * np.log(x)


def power_floor(q, x):
    return np.log(np.exp(q[0]) + np.exp(q[1] - q[2] * np.log(x)))


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("left", [False, True])
def test_the_fit_is_the_maximum_of_a_plain_survival_likelihood(left):
    table = planted(np.random.default_rng(3), left=left)
    assert 0.2 < table["y"].isna().mean() < 0.8
    found = fitted(table)
    best = optimize.minimize(
        minus_log_likelihood, [5.0, 0.5, -1.0], (table, power), method="Nelder-Mead",
        options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 5000},
    )  # fmt: skip
    assert found.objective <= best.fun + 1e-9
    assert found.objective == pytest.approx(best.fun, abs=1e-8)
    np.testing.assert_allclose(np.log(found.parameters[0]), best.x[0], rtol=1e-6)
    np.testing.assert_allclose(found.parameters[1], best.x[1], rtol=1e-6)
    assert found.spread.intercept == pytest.approx(best.x[2], abs=1e-6)
    assert found.gradient < 1e-7
    assert (found.status, found.n_censored) == ("ok", int(table["y"].isna().sum()))


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_bounds_on_both_sides_and_a_floor():
    rng = np.random.default_rng(5)
    x, seed = np.tile(np.geomspace(1, 1000, 12), 10), np.repeat(np.arange(10), 12)
    y = (5 + 200 * x**-0.8) * np.exp(0.1 * rng.standard_normal(len(x)))
    table = pd.DataFrame({"x": x, "seed": seed, "y": y, "y_low": np.nan, "y_high": np.nan})
    out = rng.random(len(x)) < 0.3
    table.loc[out, ["y", "y_low", "y_high"]] = np.stack(
        [np.full(out.sum(), np.nan), y[out] / 1.5, y[out] * 1.2]
    ).T
    table.loc[y > 100, ["y", "y_low", "y_high"]] = [np.nan, 100, np.nan]
    found = fitted(table, "power_floor")
    best = optimize.minimize(
        minus_log_likelihood, [1.6, 5.3, 0.8, -2.3], (table, power_floor), method="Nelder-Mead",
        options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 5000},
    )  # fmt: skip
    assert found.objective == pytest.approx(best.fun, abs=1e-7)
    np.testing.assert_allclose(np.log(found.parameters[:2]), best.x[:2], rtol=1e-5)
    assert found.parameters[2] == pytest.approx(best.x[2], rel=1e-5)


def test_without_censored_values_it_is_least_squares_of_the_logarithms():
    table = planted(np.random.default_rng(1), last=1e9)
    slope, height = np.polyfit(np.log(table["x"]), np.log(table["y"]), 1)
    found = fitted(table).parameters
    np.testing.assert_allclose(found, [np.exp(height), -slope], rtol=1e-8)


def test_what_is_censored_is_not_bias_and_intervals_cover():
    """Over 20 data sets of which half the values are censored: what the seen ones alone give is far off."""
    values, covered, naive = [], 0, []
    for k in range(20):
        table = planted(np.random.default_rng([11, k]), last=80.0)
        alpha = fitted(table, draws=120, seed=k).estimates["alpha"]
        values.append(alpha.value)
        covered += alpha.low <= 0.7 <= alpha.high
        seen = table.dropna(subset=["y"])
        naive.append(-np.polyfit(np.log(seen["x"]), np.log(seen["y"]), 1)[0])
    error = np.std(values) / np.sqrt(20)
    assert abs(np.mean(values) - 0.7) < 4 * error
    assert np.mean(naive) < 0.7 - 6 * error
    assert covered >= 16, "of 95 % intervals: fewer has p < 0.003"


def test_too_little_is_refused_with_the_rows_named():
    table = planted(np.random.default_rng(2)).set_axis([f"run{i}" for i in range(108)])
    few = table[table["seed"] < 5]
    refused = fitted(few)
    first = few.index[few["y"].isna()][0]
    assert refused.status == "refused"
    assert f"5 independent repeats (at least 8 where values are censored), and rows {first}, " in reason_of(
        refused.notes
    )
    hidden = table.assign(y=np.nan, y_low=60.0, y_high=np.nan)
    assert reason_of(fitted(hidden).notes).startswith("0 values of y were seen (at least 4 are needed)")
    assert np.isnan(fitted(hidden).parameters).all()


def test_diverged_runs_and_missing_values_are_left_out_by_name():
    table = planted(np.random.default_rng(2)).assign(status="ok")
    unseen = np.flatnonzero(table["y"].isna())
    table.loc[unseen[0], "status"] = "diverged"
    table.loc[unseen[1], "y_low"] = np.nan
    found = fitted(table)
    named = {note.code: note.details["rows"] for note in found.notes if "rows" in note.details}
    assert named["diverged"] == [unseen[0]]
    assert named["missing_y"] == [unseen[1]]
    assert named["censored"] == unseen[2:].tolist()
    rest = table.drop(index=unseen[:2])
    np.testing.assert_allclose(found.parameters, fitted(rest).parameters, rtol=1e-9)


@pytest.mark.parametrize(
    "ends", [(0.3, np.inf), (-np.inf, 0.3), (-0.5, 1.0), (6.0, np.inf), (-np.inf, -7.0), (8.0, 9.0)]
)
def test_moments_and_slopes_of_what_lies_between_bounds(ends):
    mean, sigma = 0.2, 0.8
    rows = Rows(np.array([ends[0]]), np.array([ends[1]]))
    a, b = ((end - mean) / sigma for end in ends)
    known = stats.truncnorm(a, b, loc=mean, scale=sigma)
    value, variance = rows.expected(np.full((1, 1), mean), np.full((1, 1), sigma))
    assert value[0, 0] == pytest.approx(known.mean(), rel=1e-9)
    assert variance[0, 0] == pytest.approx(known.var(), rel=1e-5)
    slopes = rows.scale_slopes(np.full((1, 1), mean), np.full((1, 1), sigma), np.ones((1, 1)))
    h = 1e-4
    at = [rows.log_likelihood(np.full(1, mean), sigma * np.exp(step)) for step in (-h, 0.0, h)]
    assert slopes[0][0] == pytest.approx((at[2] - at[0]) / (2 * h), rel=1e-5)
    assert slopes[1][0] == pytest.approx((at[2] - 2 * at[1] + at[0]) / h**2, rel=1e-3, abs=1e-4)
    drawn = [rows.drawn(np.full(1, mean), sigma, np.random.default_rng(k))[0] for k in range(400)]
    assert ends[0] <= min(drawn)
    assert max(drawn) <= ends[1]
    assert np.mean(drawn) == pytest.approx(known.mean(), abs=4 * known.std() / 20)
