"""Acceptance: predictions with the released parameters of M1 to M4 on the benchmark of 92 curves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.laws.released import released_curves, released_law

from lawbook.laws import laws
from lawbook.laws.law import Array

_LEVELS = 10_000
"""The released predictor of M4 takes the best of so many levels from ε∞ to ε0; here the law is solved exactly."""


@pytest.fixture(scope="module")
def released() -> pd.DataFrame:
    """Return a row per curve: RMSLE M1 to M4, the parameters, and the rows to be predicted (x, y)."""
    return released_curves(training=0)


def _predict(name: str, text: str, x: Array) -> Array:
    """Return y(x), (n,), of the released parameters of one method."""
    law, parameters = released_law(name, text)
    y = np.exp(laws[law].log_predict(x[:, None], parameters))
    if law == "m4":
        err_inf, err_0 = parameters[:2]
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
