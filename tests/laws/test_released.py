"""Acceptance: predictions with the released parameters of M1 to M4 on the benchmark of 92 curves."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawbook.laws import laws
from lawbook.laws.forms.m4 import from_paper
from lawbook.laws.law import Array

_DATA = Path(os.environ.get("LAWBOOK_DATA", Path(__file__).parents[3] / "shared" / "data"))
_RELEASED = _DATA / "expected_m1_m4_bnsl_rmsle.csv"
_CURVES = tuple(_DATA / f"alabdulmohsin_benchmark.{domain}.csv" for domain in ("vision", "lang"))
_M2_BELOW = 1e-5
"""The released predictor of M4 uses M2 where |α| is smaller."""
_LEVELS = 10_000
"""It takes the best of so many levels from ε∞ to ε0, where the law is solved exactly."""


@pytest.fixture(scope="module")
def released() -> pd.DataFrame:
    """Return a row per curve: RMSLE M1 to M4, the parameters, and the rows to be predicted (x, y)."""
    if not all(path.exists() for path in (_RELEASED, *_CURVES)):
        pytest.skip(f"the benchmark is not in {_DATA}: set LAWBOOK_DATA")
    table = pd.read_csv(_RELEASED)
    rows = pd.concat([pd.read_csv(path) for path in _CURVES]).drop_duplicates()
    rows = rows[rows.Training == 0]
    curves = dict(iter(rows.groupby(["Domain", "Task", "Model"])))
    table["curve"] = [curves[key] for key in zip(table.dom, table.task, table.model, strict=True)]
    return table


def _predict(name: str, text: str, x: Array) -> Array:
    """Return y(x), (n,), of the released parameters 'beta;c;err_inf;alpha;gamma;err_0' of one law."""
    beta, c, err_inf, alpha, gamma, err_0 = (float(value) for value in text.split(";"))
    small = name == "m4" and abs(alpha) < _M2_BELOW
    parameters = {
        "m1": lambda: np.array([beta, -c]),
        "m2": lambda: np.array([err_inf, beta, -c]),
        "m3": lambda: np.array([beta, c, gamma]),
        "m4": lambda: from_paper(beta, c, err_inf, alpha, err_0),
    }
    law = "m2" if small else name
    y = np.exp(laws[law].log_predict(x[:, None], parameters[law]()))
    if law == "m4":
        step = (err_0 - err_inf) / (_LEVELS - 1)
        y = err_inf + step * np.round((y - err_inf) / step)
    return np.asarray(y)


@pytest.mark.parametrize("name", ["m1", "m2", "m3", "m4"])
def test_released_parameters_give_the_released_errors(name: str, released: pd.DataFrame) -> None:
    found = []
    for text, curve in zip(released[f"{name.upper()}_params"], released.curve, strict=True):
        predicted = _predict(name, text, curve["Seen Examples"].to_numpy(dtype=float))
        found.append(float(np.sqrt(np.mean(np.log(predicted / curve.Loss.to_numpy()) ** 2))))
    assert len(found) == 92
    np.testing.assert_allclose(found, released[name.upper()], rtol=0, atol=1e-4)
