"""The spread of single runs, and whether it depends on the level of y."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lawbook.laws import fit
from lawbook.laws.noise import variance_model


def test_a_planted_dependence_is_found_and_its_absence_seldom_reported() -> None:
    rng = np.random.default_rng(0)
    log_y, freedom = np.linspace(-2, 1, 40), np.full(40, 4.0)
    true = np.exp(-4 + 0.7 * log_y)
    slopes = []
    for _ in range(200):
        squares = true**2 * rng.chisquare(4, 40) / 4
        found = variance_model(squares, freedom, log_y, 160)
        slopes.append(found.slope)
        assert found.heteroscedastic
    # The information on the slope of the log sd is Σ 4 · (ν / 2) z².
    assert np.mean(slopes) == pytest.approx(0.7, abs=0.02)
    expected = 1 / np.sqrt(np.sum(8 * (log_y - log_y.mean()) ** 2))
    assert np.std(slopes) == pytest.approx(expected, rel=0.2)
    p = np.array([variance_model(rng.chisquare(4, 40) / 4, freedom, log_y, 160).p for _ in range(1000)])
    assert 0.02 < np.mean(p < 0.05) < 0.08


def test_without_a_dependence_the_spread_is_pooled() -> None:
    found = variance_model(np.array([1.0, 4.0, 1.0]), np.array([2.0, 4.0, 2.0]), np.array([0.0, 1.0, 2.0]), 8)
    assert found.slope == 0
    assert found.at(np.array([5.0]))[0] == pytest.approx(np.sqrt(2.5))
    one_level = variance_model(np.array([1.0, 4.0]), np.array([2.0, 2.0]), np.array([1.0, 1.0]), 4)
    assert np.isnan(one_level.p)
    assert one_level.at(np.array([1.0]))[0] == pytest.approx(np.sqrt(2.5))


def runs(rng: np.random.Generator, seeds: int, slope: float = 0.0, noise: float = 0.05) -> pd.DataFrame:
    x = np.tile(np.geomspace(32, 4096, 10), seeds)
    log_y = np.log(3 * x**-0.4)
    y = np.exp(log_y + noise * np.exp(slope * log_y) * rng.standard_normal(len(x)))
    return pd.DataFrame({"x": x, "seed": np.repeat(np.arange(seeds), 10), "y": y})


@pytest.mark.parametrize("seeds", [1, 6])
def test_the_spread_of_runs_is_that_of_the_noise(seeds: int) -> None:
    rng = np.random.default_rng(1)
    found = [fit(runs(rng, seeds), "power", y="y", x="x", draws=30).spread for _ in range(40)]
    assert np.mean([np.exp(2 * spread.intercept) for spread in found]) == pytest.approx(0.05**2, rel=0.15)
    assert np.mean([spread.df for spread in found]) == pytest.approx(8 if seeds == 1 else 50, rel=0.25)


def test_the_band_of_a_new_run_holds_it_as_often_as_it_says() -> None:
    rng, held, sets = np.random.default_rng(2), 0, 120
    for _ in range(sets):
        fitted = fit(runs(rng, 4, slope=0.6), "power", y="y", x="x", draws=20, level=0.9)
        band = fitted.predict([300.0, 8192.0], interval="prediction")
        for (_, row), x in zip(band.iterrows(), (300.0, 8192.0), strict=True):
            log_y = np.log(3 * x**-0.4)
            run = np.exp(log_y + 0.05 * np.exp(0.6 * log_y) * rng.standard_normal())
            held += row.low <= run <= row.high
    assert held / (2 * sets) == pytest.approx(0.9, abs=0.06)


def test_a_spread_that_rises_with_y_is_reported() -> None:
    fitted = fit(runs(np.random.default_rng(3), 8, slope=0.8), "power", y="y", x="x", draws=30)
    note = next(note for note in fitted.notes if note.code == "heteroscedastic")
    assert note.message.startswith("the spread of log y rises with y")
