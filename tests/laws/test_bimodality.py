"""Two groups of seeds: found where they are planted, and seldom where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.laws.bimodality import two_groups


@pytest.mark.parametrize("n", [16, 64])
def test_groups_are_found_where_they_are_planted(n):
    rng = np.random.default_rng(0)
    found = [two_groups(np.where(rng.random(n) < 0.4, 0.87, 1.0) + rng.normal(0, 0.01, n)) for _ in range(50)]
    assert np.mean([each.bimodal for each in found]) > 0.9
    assert found[0].lower == pytest.approx(0.87, abs=0.02)
    assert found[0].upper == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("draw", ["normal", "uniform", "exponential"])
def test_one_group_is_seldom_taken_for_two(draw):
    """At 1 % under uniform samples, and less under those with a peak."""
    rng = np.random.default_rng(1)
    found = [two_groups(getattr(rng, draw)(size=24)).bimodal for _ in range(400)]
    assert np.mean(found) < 0.03


def test_one_that_lies_apart_is_no_group_and_few_or_equal_values_are_not_asked():
    apart = two_groups([*np.linspace(0, 0.1, 23), 9.0])
    assert apart.share > 0.95
    assert not apart.bimodal
    assert two_groups(np.arange(7)) is None
    assert two_groups(np.ones(20)) is None
