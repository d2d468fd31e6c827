"""The benchmark of 92 learning curves and the released parameters of M1 to M4, read in place."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawbook.laws.law import Array

DATA = Path(os.environ.get("LAWBOOK_DATA", Path(__file__).parents[3] / "shared" / "data"))
_RELEASED = DATA / "expected_m1_m4_bnsl_rmsle.csv"
_CURVES = tuple(DATA / f"alabdulmohsin_benchmark.{domain}.csv" for domain in ("vision", "lang"))
_M2_BELOW = 1e-5
"""The released predictor of M4 uses M2 where |α| is smaller."""
_SMALLEST_ALPHA = 1e-8


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
    return "m4", m4_from_paper(beta, c, err_inf, alpha, err_0)


def m4_from_paper(beta: float, c: float, err_inf: float, alpha: float, err_0: float) -> Array:
    """Return the law m4's parameters, (5,), of those in the paper, whose exponent is c < 0.

    Source: Alabdulmohsin et al. 2022, arXiv:2209.06640, M4. Needs err_0 > err_inf. α = 0 is M2, here
    cut off at err_0.

    >>> m4_from_paper(beta=10.0, c=-1.0, err_inf=0.1, alpha=1.0, err_0=0.9).round(12).tolist()
    [0.1, 0.9, 10.0, 1.0, 1.0]
    """
    alpha = max(alpha, _SMALLEST_ALPHA)
    log_d = (np.log(beta) - (1 - alpha) * np.log(err_0 - err_inf)) / -c
    return np.array([err_inf, err_0, np.exp(log_d), -c, alpha])
