"""The mean relative deviation of a law from runs: known for planted parameters, and wider with the law's refits."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lawbook.claims.quantities import quantities
from lawbook.errors import LawbookError
from lawbook.results.reader import Results

GROUPS = ("width=1", "width=2")


def stored(scales: list[float], estimate: float = 3.0) -> Results:
    """Return results of the law y = A x^-1/2 in two groups, with refits whose A are 3 times some scales."""
    rows, draws = [], []
    for group in GROUPS:
        about = {"law": "loss_by_data", "form": "power", "group": group, "y": "loss", "x": "D", "notes": "[]"}
        rows += [
            about | {"parameter": "A", "estimate": estimate},
            about | {"parameter": "alpha", "estimate": 0.5},
        ]
        for i, scale in enumerate(scales):
            named = {"law": "loss_by_data", "form": "power", "group": group, "draw": i}
            draws += [
                named | {"parameter": "A", "value": 3 * scale},
                named | {"parameter": "alpha", "value": 0.5},
            ]
    tables = {"draws": pd.DataFrame(draws, columns=["law", "form", "group", "draw", "parameter", "value"])}
    return cast(Results, SimpleNamespace(fits=pd.DataFrame(rows), table=tables.__getitem__))


def runs(width: int = 1) -> pd.DataFrame:
    """Return runs of two seeds, 1 % and 3 % below the law."""
    parts = [
        pd.DataFrame({"seed": seed, "width": width, "D": [4.0, 100.0]}).assign(
            loss=lambda rows, off=off: 3 * rows["D"] ** -0.5 / (1 + off)
        )
        for seed, off in enumerate((0.01, 0.03))
    ]
    return pd.concat(parts, ignore_index=True)


def deviation(results: Results, of: pd.DataFrame, **options: Any) -> tuple[float, float, float, int, str]:
    return cast(
        tuple[float, float, float, int, str],
        quantities["law_deviation"].compute(results, of, **{"law": "loss_by_data", **options}),
    )


def test_it_is_the_mean_over_runs_with_the_wider_of_two_intervals() -> None:
    value, low, high, n, why = deviation(stored([]), runs())
    assert (value, n, why) == (pytest.approx(0.02), 4, "")
    half = stats.t.ppf(0.975, 1) * 0.01
    assert (low, high) == (pytest.approx(0.02 - half), pytest.approx(0.02 + half))
    of_refits = deviation(stored([1.2] * 40), runs())
    assert (of_refits[0], of_refits[1]) == (value, low)
    assert of_refits[2] == pytest.approx(1.2 * 1.02 - 1)


def test_a_fit_without_estimates_decides_nothing_and_what_is_not_there_is_named() -> None:
    assert np.isnan(deviation(stored([], np.nan), runs())[0])
    assert deviation(stored([], np.nan), runs())[4].startswith("the fit has no estimates")
    with pytest.raises(LawbookError, match="law 'loss' was not fitted"):
        deviation(stored([]), runs(), law="loss")
    with pytest.raises(LawbookError, match="form 'chinchilla' is none"):
        deviation(stored([]), runs(), form="chinchilla")
    with pytest.raises(LawbookError, match="write width under where"):
        deviation(stored([]), pd.concat([runs(), runs(2)]))
