"""The midpoint of a logistic: a planted one lies in the interval as often as that says, and a step has none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lawbook.claims.quantities import quantities
from lawbook.errors import LawbookError

WIDTHS = np.repeat([3, 4, 6, 8, 12], 32)


def runs(reached: np.ndarray) -> pd.DataFrame:
    """Return runs of these widths, of which some reach a level at step 100."""
    return pd.DataFrame({"width": WIDTHS, "found": np.where(reached, 100.0, np.nan)})


def test_a_planted_midpoint_is_found_and_covered() -> None:
    rng, compute, found = np.random.default_rng(0), quantities["half_reaching"].compute, []
    for _ in range(24):
        share = 1 / (1 + (WIDTHS / 4.5) ** -5.0)
        found.append(compute(None, runs(rng.random(len(WIDTHS)) < share), "found", x="width"))
    estimates, low, high = np.array([each[:3] for each in found]).T
    assert estimates.mean() == pytest.approx(4.5, abs=0.15)
    assert 0.85 <= np.mean((low <= 4.5) & (high >= 4.5)) <= 1
    assert (low < estimates).all()
    assert (estimates < high).all()


def test_what_no_share_tells_is_undecided() -> None:
    compute = quantities["half_reaching"].compute
    assert compute(None, runs(WIDTHS > 0), "found", x="width")[4] == "all runs reach the level"
    assert compute(None, runs(WIDTHS > 4), "found", x="width", until=50)[4] == "no runs reach the level"
    assert compute(None, runs(WIDTHS > 4), "found", x="width")[0] == pytest.approx(24**0.5, rel=0.2)
    with pytest.raises(LawbookError, match="x = 'depth' is no column of positive numbers"):
        compute(None, runs(WIDTHS > 4), "found", x="depth")
