"""Exact curves beside the measured ones: registered in `lawbook.theory`, fitted by the same solver."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.laws.fit import best_parameters
from lawbook.registry import Registry
from lawbook.results.selection import INPUTS, group_runs
from lawbook.studies.law_block import LawBlock


class ExactCurve(Protocol):
    """What a theory module offers as `exact_curve`: y of each run of a table, aligned with its rows.

    Rows with a `step` are evaluations, and y is that after so many steps. Null where the theory says nothing about a
    run, such as one whose axes it does not cover. One that has a method `exponent` of the same arguments says by it
    what the exponent is at infinity, NaN where it has none; one that has a method `frontier(runs, size, y, compute)`
    says which size, counted by that column, is the best for each budget, and its y: two arrays, NaN likewise. One that
    has a method `floor(runs, y)` says what y of each run falls to with size and training without end.
    """

    def __call__(self, runs: pd.DataFrame, x: str, y: str) -> pd.Series: ...


class AlongSteps(Protocol):
    """The method `along_steps` that an exact curve may have besides: y of one run after each of some steps."""

    def __call__(self, config: Config, steps: NDArray[np.int64], y: str) -> NDArray[np.float64]:
        """Compute y after `steps` (S,) of a run with this configuration, step 0 included.

        Returns (S,) of a scalar, (S, k) of a vector measurement; NaN where the theory says nothing.
        """


exact_curves: Registry[ExactCurve] = Registry("lawbook.theory", "exact_curve", "exact curve")


def exact_runs(block: LawBlock, rows: pd.DataFrame, group: str, curve: str) -> pd.DataFrame:
    """Return the rows of one group of a law with a column `exact`, the y of a registered curve.

    rows: `Results.points_of` the law.
    """
    chosen = group_runs(block, rows, group)
    return chosen.assign(exact=exact_curves[curve](chosen, block.inputs[0], block.y))


def exact_points(block: LawBlock, rows: pd.DataFrame, group: str, curve: str) -> pd.DataFrame:
    """Return an exact curve at the x of one group: columns x (x, x2, … of several) and y, the mean over its rows."""
    known = exact_runs(block, rows, group, curve).dropna(subset=["exact"])
    means = known.groupby(list(block.inputs))["exact"].mean().rename("y").reset_index().astype(float)
    return means.rename(columns=dict(zip(block.inputs, INPUTS, strict=False)))


def exact_along_steps(curve: str, config: Config, steps: NDArray[np.int64], y: str) -> NDArray[np.float64]:
    """Return y of a registered curve after each of some steps of a run: (S,), or (S, k) of a vector.

    Raises LawbookError if there is no such curve, or if it has no method `along_steps`.
    """
    along: AlongSteps | None = getattr(exact_curves[curve], "along_steps", None)
    if along is None:
        raise LawbookError(
            f"the exact curve {curve!r} is not one along steps; give it the method along_steps"
        )
    return along(config, steps, y)


def exact_estimate(
    block: LawBlock, rows: pd.DataFrame, group: str, form: str, parameter: str, curve: str
) -> float:
    """Return a parameter of the law fitted to an exact curve, over the same x by the same solver.

    This, not the asymptotic exponent, is what a fit to the data can be judged against. NaN where the curve cannot
    be fitted.
    """
    points = exact_points(block, rows, group, curve)
    if points.empty:
        return np.nan
    points = points.rename(columns=dict(zip(INPUTS, block.inputs, strict=False)))
    law, loss, delta = block.form(form), block.loss, block.delta
    try:
        return best_parameters(points, law, y="y", x=block.inputs, loss=loss, delta=delta)[parameter]
    except LawbookError:
        return np.nan


def exponent_at_infinity(block: LawBlock, rows: pd.DataFrame, group: str) -> float:
    """Return the exponent that the law's exact curves have at infinity, NaN if none of them says."""
    chosen = group_runs(block, rows, group)
    known = (getattr(exact_curves[curve], "exponent", None) for curve in block.exact)
    limits = [float(exponent(chosen, block.inputs[0], block.y)) for exponent in known if exponent is not None]
    return limits[0] if limits else np.nan
