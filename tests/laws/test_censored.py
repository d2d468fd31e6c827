"""A line through censored times: found again in simulation, where leaving the censored out is biased."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.errors import LawbookError
from lawbook.laws.censored import censored_line


def planted(rng, looks, n=200, slope=-1.0, sigma=0.4):
    """Times 30 x^slope with log-normal scatter, seen at some looks."""
    x = np.geomspace(1e-3, 0.4, n)
    times = 30 * x**slope * np.exp(sigma * rng.standard_normal(n))
    at = np.searchsorted(looks, times)
    edges = np.concatenate([[0.0], looks, [np.inf]])
    return x, edges[at], edges[at + 1]


def test_the_line_is_found_again_and_without_the_censored_is_not():
    rng = np.random.default_rng(0)
    looks = np.geomspace(20, 2000, 25)
    fits, naive = [], []
    for _ in range(40):
        x, low, high = planted(rng, looks)
        found = censored_line(x, low, high)
        assert found.n_seen + found.n_censored == 200
        fits.append(found[:3])
        seen = np.isfinite(high)
        naive.append(np.polyfit(np.log(x[seen]), np.log(high[seen]), 1)[0])
    mean, error = np.mean(fits, axis=0), np.std(fits, axis=0) / np.sqrt(40)
    np.testing.assert_array_less(np.abs(mean - [np.log(30), -1.0, 0.4]), 4 * error + 0.01)
    assert np.mean(naive) > -0.93


def test_exact_times_give_least_squares():
    rng = np.random.default_rng(1)
    x = np.geomspace(0.01, 1, 60)
    times = 7 * x**-0.8 * np.exp(0.5 * rng.standard_normal(60))
    found = censored_line(x, times * (1 - 1e-6), times * (1 + 1e-6))
    slope, intercept = np.polyfit(np.log(x), np.log(times), 1)
    assert (found.slope, found.intercept) == (
        pytest.approx(slope, abs=1e-3),
        pytest.approx(intercept, abs=1e-3),
    )
    rest = np.log(times) - intercept - slope * np.log(x)
    assert found.sigma == pytest.approx(np.sqrt(np.mean(rest**2)), rel=1e-2)


def test_too_few_times():
    x = np.array([0.1, 0.2, 0.3, 0.4])
    with pytest.raises(LawbookError, match="2 were seen"):
        censored_line(x, [1, 1, 9, 9], [2, 2, np.inf, np.inf])
