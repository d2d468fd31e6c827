"""The learning curve foretold by a sample is the exact one, where the spectrum is planted."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.theory.kernel_modes import spectrum
from lawbook.theory.kernel_ridge import mean_error
from lawbook.theory.kernel_spectrum import predicted_error, sample_spectrum

SIZE = 240


def samples(noise: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the spectra of eight samples of one kernel and target."""
    values, power = spectrum(600, 1.4, 1.6)
    rng, found = np.random.default_rng(0), []
    for _ in range(8):
        functions = rng.normal(size=(SIZE, 600))
        inputs = functions * np.sqrt(values)
        y = functions @ np.sqrt(power) + np.sqrt(noise) * rng.normal(size=SIZE)
        found.append(sample_spectrum(inputs @ inputs.T, y[:, None]))
    return found


@pytest.mark.parametrize(("ridge", "noise"), [(0.0, 0.0), (0.5, 0.3)])
def test_it_is_the_exact_one_up_to_half_the_sample(ridge: float, noise: float) -> None:
    values, power = spectrum(600, 1.4, 1.6)
    found = samples(noise)
    for n in (15, 60, 120):
        exact = mean_error(values, power, n, ridge, noise) + noise
        ratios = [predicted_error(*one, n, ridge) / exact for one in found]
        assert abs(np.mean(ratios) - 1) < 3.5 * np.std(ratios, ddof=1) / np.sqrt(8) + 0.02
        assert np.std(ratios) < 0.2


def test_a_spectrum_is_that_of_the_matrix_and_holds_all_of_the_target() -> None:
    rng = np.random.default_rng(1)
    inputs, targets = rng.normal(size=(30, 50)), rng.normal(size=(30, 3))
    values, power = sample_spectrum(inputs @ inputs.T, targets)
    assert (np.diff(values) <= 0).all()
    assert values.sum() == pytest.approx(np.square(inputs).sum() / 30)
    assert power.sum() == pytest.approx(np.square(targets).sum(axis=1).mean())


def test_a_small_ridge_is_none_and_as_many_examples_as_the_sample_are_refused() -> None:
    one = samples(0.0)[0]
    assert predicted_error(*one, 60, 1e-9) == pytest.approx(predicted_error(*one, 60), rel=1e-5)
    with pytest.raises(ValueError, match="a sample of 240 tells nothing of 240 examples"):
        predicted_error(*one, SIZE)
