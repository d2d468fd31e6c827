"""Why a power law breaks: curves of a known cause come back as that cause, or undecided where none shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lawbook.laws.breakdown import CAUSES, Curves, diagnose, means, signals_of
from lawbook.storage.status import UNDECIDED

SIZES = np.geomspace(10, 1000, 9)
POWER = SIZES**-0.7


def curves(
    test: np.ndarray,
    train: np.ndarray,
    fall: np.ndarray | float = 0.0,
    gain: np.ndarray | float = 0.0,
    noise: float = 0.01,
) -> Curves:
    """Return curves of four seeds about given losses (sizes,), and falls and gains."""
    rng = np.random.default_rng(0)
    shape = (4, len(SIZES))

    def about(values: np.ndarray | float, scale: float) -> np.ndarray:
        return values + scale * rng.standard_normal(shape)

    return Curves(
        SIZES,
        about(np.log(test), noise),
        about(np.log(train), noise),
        about(fall, noise / 5),
        np.abs(about(gain, noise / 5)),
    )


PLANTED = {
    "none": curves(POWER, 0.9 * POWER),
    "label_noise": curves(POWER + 0.05, 0.9 * POWER + 0.045),
    "topology": curves(POWER + 0.1 * SIZES**-0.1, 1e-3 * POWER),
    "undertraining": curves(
        np.maximum(POWER, POWER[5]), np.maximum(POWER, POWER[5]), fall=0.3 * (SIZES[4] < SIZES)
    ),
    "truncation": curves(POWER - 0.9 * POWER[-1], POWER),
    "overfitting": curves(POWER / np.abs(1 - SIZES / 700), 0.1 * POWER, gain=0.3),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_what_was_planted_is_found(cause: str) -> None:
    found = diagnose(PLANTED[cause])
    assert found.cause == cause, (found.reason, found.signals)


@pytest.mark.parametrize("cause", ["label_noise", "topology", "overfitting"])
def test_without_the_training_loss_these_are_undecided(cause: str) -> None:
    found = diagnose(replace(PLANTED[cause], train=None))
    assert found.cause == UNDECIDED
    assert "without the training loss" in found.reason


@pytest.mark.parametrize("cause", ["label_noise", "topology", "undertraining"])
def test_without_losses_before_the_end_these_are_undecided(cause: str) -> None:
    found = diagnose(replace(PLANTED[cause], fall=None, gain=None))
    assert found.cause == UNDECIDED
    assert "before the end" in found.reason


def test_noise_that_hides_a_bend_leaves_it_undecided() -> None:
    assert diagnose(curves(POWER + 0.01, POWER, noise=0.3)).cause == UNDECIDED


def test_a_test_loss_that_rises_with_the_training_loss_is_no_overfitting() -> None:
    rising = np.where(SIZES > 100, 2.0, 1.0) * POWER * 1.1
    found = diagnose(curves(rising, 1.02 * rising))
    assert found.cause == UNDECIDED


def test_few_sizes_or_seeds_are_undecided() -> None:
    few = Curves(SIZES[:5], PLANTED["none"].test[:, :5])
    assert "5 sizes" in diagnose(few).reason
    alone = Curves(SIZES, PLANTED["none"].test[:1])
    assert diagnose(alone).cause == UNDECIDED


def test_errors_over_seeds_are_those_of_the_noise() -> None:
    rng = np.random.default_rng(1)
    values = 0.05 * rng.standard_normal((4, 4000))
    values[3, ::2] = np.nan
    mean, error = means(values)
    for part, seeds in ((slice(1, None, 2), 4), (slice(0, None, 2), 3)):
        assert mean[part].std() == pytest.approx(0.05 / np.sqrt(seeds), rel=0.05)
        assert np.sqrt((error[part] ** 2).mean()) == pytest.approx(0.05 / np.sqrt(seeds), rel=0.1)


def test_the_bend_of_two_laws_is_the_difference_of_their_slopes() -> None:
    bent = np.where(SIZES[4] > SIZES, SIZES**-0.7, SIZES[4] ** -0.5 * SIZES**-0.2)
    seen = signals_of(curves(bent, bent, noise=1e-4))
    assert [seen.early.value, seen.late.value, seen.bend.value] == pytest.approx([-0.7, -0.2, 0.5], abs=1e-3)
    assert seen.misfit < 1e-6
