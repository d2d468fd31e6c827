"""Where two power laws cross: Fieller's interval on its own, its coverage, and on fits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit

from lawbook.errors import LawbookError
from lawbook.laws import fit
from lawbook.laws.crossing import crossing, fieller

X = np.geomspace(1e2, 1e5, 8)
U = np.log(X) - np.log(X).mean()
CELLS = {30.0: 0.0, 7.5: 0.0, 3.0: 0.21, 2.3: 0.45}
"""The difference of the exponents over its standard error, and how often no crossing is resolved."""


def laws(rng, separation, repeats):
    """Return log y of two laws, (2, repeats, n), which cross amid the points, and noise."""
    slopes = np.array([-0.5, -0.4])
    noise = 0.1 / separation * np.sqrt((U**2).sum() / 2)
    return slopes[:, None, None] * U + noise * rng.standard_normal((2, repeats, len(U)))


@pytest.mark.parametrize("separation", CELLS)
def test_it_covers_as_often_as_it_says_and_is_unbounded_where_the_exponents_are_alike(
    separation: float,
) -> None:
    """At 4,000 repeats: 95 % ± 1 %; unbounded iff |t| < t.975, which happens as often as published figures say."""
    log_y = laws(np.random.default_rng(int(10 * separation)), separation, 4000)
    slope, level = log_y @ U / (U**2).sum(), log_y.mean(axis=2)
    left = log_y - level[..., None] - slope[..., None] * U
    variances = np.square(left).sum(axis=2) / (len(U) - 2)
    of_slope, of_level = variances / (U**2).sum(), variances / len(U)
    df = of_slope.sum(axis=0) ** 2 / (of_slope**2).sum(axis=0) * (len(U) - 2)
    needed = stdtrit(df, 0.975)
    c, b = level[0] - level[1], slope[0] - slope[1]
    low, high = fieller(-c, b, of_level.sum(axis=0), of_slope.sum(axis=0), 0.0, needed)

    unbounded = np.isnan(low)
    t = np.abs(b) / np.sqrt(of_slope.sum(axis=0))
    np.testing.assert_array_equal(unbounded, t < needed)
    assert unbounded.mean() == pytest.approx(CELLS[separation], abs=0.035)
    # An unbounded set holds the truth unless d(0) is told from 0.
    covered = np.where(
        unbounded, np.abs(c) <= needed * np.sqrt(of_level.sum(axis=0)), (low <= 0) & (high >= 0)
    )
    assert covered.mean() == pytest.approx(0.95, abs=0.01)


def table(seed=0, separation=30.0, alike=False):
    log_y = laws(np.random.default_rng(seed), separation, 1)[:, 0]
    if alike:
        log_y[1] += 0.1 * U * -1
    parts = [
        pd.DataFrame({"x": X, "y": np.exp(one), "which": name}) for one, name in zip(log_y, "ab", strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def fits(rows, **options):
    return [fit(part, "power", y="y", x="x", draws=20, **options) for _, part in rows.groupby("which")]


def test_fits_without_seeds_have_the_interval_of_their_residuals() -> None:
    rows = table()
    found = crossing(*fits(rows))
    log_y = np.log(rows["y"].to_numpy()).reshape(2, -1)
    slope = log_y @ U / (U**2).sum()
    left = log_y - log_y.mean(axis=1)[:, None] - slope[:, None] * U
    variances = np.square(left).sum(axis=1) / 6
    df = variances.sum() ** 2 / (variances**2).sum() * 6
    c, b = -np.diff(log_y.mean(axis=1))[0], -np.diff(slope)[0]
    ends = fieller(-c, b, variances.sum() / 8, variances.sum() / (U**2).sum(), 0.0, stdtrit(df, 0.975))
    centre = np.exp(np.log(X).mean())
    np.testing.assert_allclose([found.low, found.high], centre * np.exp(ends), rtol=1e-6)
    assert found.x == pytest.approx(centre * np.exp(-c / b), rel=1e-9)
    assert found.df == pytest.approx(df)
    assert found.exponent_difference == pytest.approx(0.1, abs=0.02)
    assert found.resolved
    assert found.first_below
    assert found.inside
    swapped = crossing(*reversed(fits(rows)))
    assert (swapped.low, swapped.high, swapped.x) == pytest.approx((found.low, found.high, found.x))
    assert not swapped.first_below
    wider = crossing(*fits(rows), level=0.99)
    assert wider.low < found.low < found.x < found.high < wider.high


def test_seeds_show_the_noise_and_narrow_the_interval() -> None:
    rows = pd.concat([table(seed).assign(seed=seed) for seed in range(6)])
    found, one = crossing(*fits(rows)), crossing(*fits(table()))
    assert found.resolved
    assert found.high / found.low < one.high / one.low
    assert found.low < np.exp(np.log(X).mean()) < found.high


def test_no_crossing_is_resolved_of_laws_with_one_exponent() -> None:
    found = crossing(*fits(table(separation=5.0, alike=True)))
    assert not found.resolved
    assert np.isnan([found.low, found.high]).all()
    assert found.t < found.needed


def test_only_power_laws_cross() -> None:
    rows = table()
    first, second = fits(rows)
    bent = fit(rows[rows["which"] == "a"], "power_floor", y="y", x="x", draws=20)
    with pytest.raises(LawbookError, match=r"the second law is .* fit --law power"):
        crossing(first, bent)
    written = fit(rows[rows["which"] == "b"], "A*x^-alpha", y="y", draws=20)
    assert crossing(first, written).x == pytest.approx(crossing(first, second).x, rel=1e-6)
    other = fit(rows[rows["which"] == "b"], "power", y="y", x="x", loss="log_huber", delta=0.1, draws=20)
    with pytest.raises(LawbookError, match="the second law does not know the noise"):
        crossing(first, other)
