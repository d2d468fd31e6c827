"""Exact matches, what is resolved, and estimates of a share from samples until so many pass."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.theory.downstream import exact_match, log_log_loss, naive_ratio, resolved_from, unbiased


@pytest.mark.parametrize("length", [1, 2, 5, 20])
def test_answers_of_any_length_have_the_slope_of_a_token(length):
    """Exact: log(-log p^K) = log K + log(-log p), with p = exp(-N^-0.4) from N = 100 to 10^6."""
    size = np.geomspace(1e2, 1e6, 9)
    p = np.exp(-(size**-0.4))
    slopes = np.diff(log_log_loss(exact_match(p, length))) / np.diff(np.log(size))
    np.testing.assert_allclose(slopes, -0.4, atol=1e-12)
    assert np.isnan(log_log_loss([0.0, 1.0])).all()


def test_what_no_answer_right_does_not_exclude():
    for n in (1, 30, 5000):
        assert (1 - resolved_from(n)) ** n == pytest.approx(0.05)


@pytest.mark.parametrize(("share", "passes"), [(0.3, 3), (0.05, 2), (0.9, 8)])
def test_pass_until_is_unbiased_and_the_plain_estimate_is_not_by_their_whole_sums(share, passes):
    n = np.arange(passes, 4000)
    log_binomial = np.cumsum(np.log(np.append(1.0, (n[1:] - 1) / (n[1:] - passes))))
    weight = np.exp(log_binomial + passes * np.log(share) + (n - passes) * np.log1p(-share))
    assert weight.sum() == pytest.approx(1)
    assert (weight * unbiased(passes, n)).sum() == pytest.approx(share)
    assert (weight * passes / n).sum() / share == pytest.approx(naive_ratio(share, passes))
    assert naive_ratio(1e-12, passes) == pytest.approx(passes / (passes - 1))
