"""Exponents of a text before training: of planted texts within their intervals, of others refused."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.laws.text_statistics import (
    Jackknifed,
    covariance_norms,
    covariance_traces,
    decay,
    entropy_drops,
    local_decays,
    shuffled,
    variation,
)
from lawbook.tasks.repeated_blocks import draw_text
from lawbook.theory.repeated_blocks import conditional_entropy, covariance_trace

LAGS = [16, 20, 25, 32, 40, 50, 64]
CONTEXTS = np.arange(2, 7)
PLACES = np.sqrt(CONTEXTS * (CONTEXTS + 1.0))


@pytest.mark.parametrize("tail", [1.5, 2.0])
def test_planted_exponents_lie_within_their_intervals(tail):
    """Of 16 texts at 95 %: fewer than 13 have a probability of 1 %."""
    entropies = conditional_entropy(np.append(CONTEXTS, 7), tail, 2)
    exact = decay(np.array(LAGS), covariance_trace(LAGS, tail, 2)), decay(PLACES, -np.diff(entropies), 1)
    covered = np.zeros((16, 2), dtype=bool)
    for seed in range(16):
        text = np.split(draw_text(np.random.default_rng(seed), 1 << 18, tail, 2), 8)
        traces, (drops, _) = covariance_traces(text, LAGS), entropy_drops(text, 6)
        for j, (x, found, minus) in enumerate(((np.array(LAGS), traces, 0.0), (PLACES, drops, 1.0))):
            start = 0 if j == 0 else 1
            value = decay(x, found.value[start:], minus)
            each = np.array([decay(x, y[start:], minus) for y in found.without])
            half = Jackknifed(np.array([value]), each[:, None]).spread()[0]
            covered[seed, j] = abs(value - exact[j]) <= half
    assert (covered.sum(axis=0) >= 13).all()


def test_the_trace_is_the_norm_where_letters_are_alike_and_noise_is_the_floor_of_both():
    text = np.split(draw_text(np.random.default_rng(0), 1 << 18, 1.5, 2), 4)
    traces, norms = covariance_traces(text, [8, 32]), covariance_norms(text, [8, 32])
    np.testing.assert_allclose(traces.value, norms.value, rtol=0.02)  # V - 1 equal singular values, here one
    mixed = shuffled(text, np.random.default_rng(1))
    assert np.array_equal(np.sort(np.concatenate(mixed)), np.sort(np.concatenate(text)))
    assert np.abs(covariance_traces(mixed, [8]).value[0]) < 0.005 < traces.value[1]
    assert 0 < covariance_norms(mixed, [8]).value[0] < 0.005


def test_entropies_of_independent_tokens_do_not_fall_and_unseen_blocks_end_the_contexts():
    rng = np.random.default_rng(0)
    text = np.split(rng.integers(0, 10, 1 << 16), 4)
    drops, unseen = entropy_drops(text, 4)
    assert np.abs(drops.value[0]) < 0.002  # without Miller's correction it is 0.006
    assert unseen[0] > 0.5
    assert np.isnan(drops.value[1:]).all()


def test_local_exponents_tell_a_power_law_from_a_curve():
    x = np.geomspace(1, 1000, 40)
    power, broken = x**-0.7, 1 / (1 + (x / 30) ** 2)
    assert decay(x, power) == pytest.approx(0.7)
    assert len(local_decays(x, power)) == 6
    assert variation(local_decays(x, power)) == pytest.approx(1)
    assert variation(local_decays(x, broken)) > 2
    assert variation(np.array([0.5, -0.1])) == np.inf
    assert np.isnan(decay(x[:1], power[:1]))
    assert np.isnan(local_decays(x[:1], power[:1])).all()
    assert np.isnan(decay(x, np.where(x > 500, 0, power)))


def test_a_part_left_out_changes_what_it_should():
    """The jackknife of a mean is its standard error, s / √K."""
    values = np.array([1.0, 2.0, 4.0, 7.0])
    without = (values.sum() - values) / 3
    half = Jackknifed(values.mean(keepdims=True), without[:, None]).spread()[0]
    assert half == pytest.approx(3.182446 * values.std(ddof=1) / 2, rel=1e-5)
    assert np.isnan(Jackknifed(values[:1], np.empty((0, 1))).spread()[0])
