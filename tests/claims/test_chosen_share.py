"""The share of curves whose preferred law is the planted one."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from lawbook.claims.quantities import quantities
from lawbook.errors import LawbookError


def test_the_share_of_curves_whose_law_is_the_planted_one() -> None:
    chosen = {("flat", 0): "power", ("flat", 1): "power", ("flat", 2): "undecided", ("bent", 0): "bnsl_1"}
    rows = [(*key, form, preferred) for key, preferred in chosen.items() for form in ("power", "bnsl_1")]
    fits = pd.DataFrame(rows, columns=["law", "group", "form", "preferred"])
    results = SimpleNamespace(fits=fits)
    compute = quantities["chosen_share"].compute
    share, low, high, n = compute(results, None, planted={"flat": "power", "bent": "bnsl_1"})
    assert (share, n) == (0.75, 4)
    assert low < 0.75 < high
    with pytest.raises(LawbookError, match="names the law 'flot', which was not fitted; did you mean 'flat'"):
        compute(results, None, planted={"flot": "power"})
    with pytest.raises(
        LawbookError, match="names the form 'powr', which was not fitted; did you mean 'power'"
    ):
        compute(results, None, planted={"flat": "powr"})
