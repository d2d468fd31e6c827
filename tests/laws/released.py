"""The benchmark of 92 learning curves and the released parameters of M1 to M4, read in place."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawbook.laws.forms.m4 import from_paper
from lawbook.laws.law import Array

DATA = Path(os.environ.get("LAWBOOK_DATA", Path(__file__).parents[3] / "shared" / "data"))
_RELEASED = DATA / "expected_m1_m4_bnsl_rmsle.csv"
_CURVES = tuple(DATA / f"alabdulmohsin_benchmark.{domain}.csv" for domain in ("vision", "lang"))
_M2_BELOW = 1e-5
"""The released predictor of M4 uses M2 where |α| is smaller."""


def released_curves(training: int) -> pd.DataFrame:
    """Return a row per curve: RMSLE M1 to M4, the parameters, and its rows, without repeats, with `Training` so."""
    if not all(path.exists() for path in (_RELEASED, *_CURVES)):
        pytest.skip(f"the benchmark is not in {DATA}: set LAWBOOK_DATA")
    table = pd.read_csv(_RELEASED)
    rows = pd.concat([pd.read_csv(path) for path in _CURVES]).drop_duplicates()
    curves = dict(iter(rows[rows.Training == training].groupby(["Domain", "Task", "Model"])))
    table["curve"] = [curves[key] for key in zip(table.dom, table.task, table.model, strict=True)]
    return table


def released_law(name: str, text: str) -> tuple[str, Array]:
    """Return the law and its parameters (p,) of a method's released 'beta;c;err_inf;alpha;gamma;err_0'."""
    beta, c, err_inf, alpha, gamma, err_0 = (float(value) for value in text.split(";"))
    if name == "m1":
        return "m1", np.array([beta, -c])
    if name == "m3":
        return "m3", np.array([beta, c, gamma])
    if name == "m2" or abs(alpha) < _M2_BELOW:
        return "m2", np.array([err_inf, beta, -c])
    return "m4", from_paper(beta, c, err_inf, alpha, err_0)
