"""Exact curves beside the measured ones: registered in `lawbook.theory`, fitted by the same solver."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError
from lawbook.fitting import INPUTS
from lawbook.laws import fit
from lawbook.registry import Registry
from lawbook.report.results import group_runs
from lawbook.studies.schema import LawBlock


class ExactCurve(Protocol):
    """What a theory module offers as `exact_curve`: y of each run of a table, aligned with its rows.

    Null where the theory says nothing about a run, such as one whose axes it does not cover.
    """

    def __call__(self, runs: pd.DataFrame, x: str, y: str) -> pd.Series: ...


exact_curves: Registry[ExactCurve] = Registry("lawbook.theory", "exact_curve", "exact curve")


def exact_runs(block: LawBlock, runs: pd.DataFrame, group: str) -> pd.DataFrame:
    """Return the runs of one group of a law with a column `exact`, the theory's y; no runs without theory."""
    if block.exact is None:
        return runs.iloc[:0].assign(exact=np.nan)
    chosen = group_runs(block, runs, group)
    return chosen.assign(exact=exact_curves[block.exact](chosen, block.inputs[0], block.y))


def exact_points(block: LawBlock, runs: pd.DataFrame, group: str) -> pd.DataFrame:
    """Return the exact curve at the x of one group: columns x (x, x2, … of several) and y, the mean over its runs."""
    known = exact_runs(block, runs, group).dropna(subset=["exact"])
    means = known.groupby(list(block.inputs))["exact"].mean().rename("y").reset_index().astype(float)
    return means.rename(columns=dict(zip(block.inputs, INPUTS, strict=False)))


def exact_estimate(block: LawBlock, runs: pd.DataFrame, group: str, form: str, parameter: str) -> float:
    """Return a parameter of the law fitted to the exact curve, over the same x by the same solver.

    This, not the asymptotic exponent, is what a fit to the data can be judged against. NaN where there is no
    exact curve or it cannot be fitted.
    """
    curve = exact_points(block, runs, group)
    if curve.empty:
        return np.nan
    try:
        x = INPUTS[: len(block.inputs)]
        fitted = fit(curve, form, y="y", x=x, cluster=None, loss=block.loss, delta=block.delta, draws=1)
    except LawbookError:
        return np.nan
    return fitted.estimates[parameter].value
