"""The Sobol points against those of SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc

from lawbook.laws.sobol import sobol


class Unshifted:
    """A generator that shifts by nothing."""

    def integers(self, low: int, high: int, size: int) -> np.ndarray:
        return np.zeros(size, dtype=np.int64)


@pytest.mark.parametrize("dimensions", [1, 2, 5, 13])
def test_without_shift_they_are_the_points_of_joe_and_kuo(dimensions: int) -> None:
    expected = qmc.Sobol(dimensions, scramble=False).random_base2(9)

    points = sobol(dimensions, 512, Unshifted())

    np.testing.assert_allclose(points, expected, atol=1e-9)


def test_a_shifted_set_is_as_even_and_stays_inside_the_cube() -> None:
    points = sobol(3, 256, np.random.default_rng(0))

    assert points.min() > 0
    assert points.max() < 1
    for d in range(3):  # one point in each of 256 slices
        assert len(np.unique(np.floor(points[:, d] * 256))) == 256
