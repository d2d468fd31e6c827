"""What single points do to a fit: refits without each point, and without the points of highest y."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from lawbook.errors import listed
from lawbook.laws.cells import batches
from lawbook.laws.law import Array, Counts, Law
from lawbook.laws.loss import Loss
from lawbook.laws.note import Note, warning
from lawbook.laws.points import Points
from lawbook.laws.solver import Data, refits

_HIGHEST = 5
_MOST = 300
"""Points left out in turn, those of largest residual if there are more."""
_FEW = 20
_FAR = 2.0
"""A point that moves the exponent by more than so many standard errors is named."""


def influence(law: Law, points: Points, loss: Loss, parameters: Array, errors: Array) -> pd.DataFrame:
    """Return how far each parameter moves, in its standard errors, when points are left out.

    parameters, errors: (p,), the optimum and its standard errors. A row per point, then one for the two, three,
    … five points of highest y together. Columns: left_out ('point' or 'highest'), n_left_out, the inputs (of
    the last one left out), and the law's parameters. A refit that did not converge gives NaN.
    """
    once, n, p = points.data(), len(points.x), len(law.parameters)
    size = np.abs(once.log_y[0] - law.log_predict(points.x, parameters)) * np.sqrt(once.weights[0])
    singles = np.sort(np.argsort(-size, kind="stable")[:_MOST])
    by_y = np.argsort(-once.log_y[0], kind="stable")
    groups = [np.array([i]) for i in singles] + [by_y[:k] for k in range(2, _HIGHEST + 1)]
    groups = [group for group in groups if n - len(group) > p]
    if not groups:
        return pd.DataFrame(columns=["left_out", "n_left_out", *points.inputs, *law.parameters])
    found = refits(law, points.x, _without(once, groups), loss, parameters)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = (found - parameters) / errors
    last = points.x[[group[-1] for group in groups]]
    table = pd.DataFrame(np.concatenate([last, moved], axis=1), columns=[*points.inputs, *law.parameters])
    table.insert(0, "n_left_out", [len(group) for group in groups])
    table.insert(0, "left_out", ["point" if len(group) == 1 else "highest" for group in groups])
    return table


def _without(once: Data, groups: Sequence[Counts]) -> Iterator[Data]:
    """Yield the data sets without the points of one group each, some at a time."""
    for rows in batches(len(groups), once.log_y.shape[1]):
        left_out = groups[rows]
        data = once.repeat(len(left_out))
        for row, group in zip(data.weights, left_out, strict=True):
            row[group] = 0.0
        yield data


def influential(table: pd.DataFrame, law: Law, inputs: tuple[str, ...]) -> list[Note]:
    """Return a note that names the points without which the exponent moves by more than two standard errors.

    Single points, and those of highest y if they are few among all: to lose many moves any fit.
    """
    few = table["n_left_out"] <= max(1, int((table["left_out"] == "point").sum()) // _FEW)
    # A fit without any spread has standard errors of 0: nothing can be told in them.
    far = table[few & (table[law.exponent].abs() > _FAR) & np.isfinite(table[law.exponent])]
    shown = []
    for _, row in far.iterrows():
        where = ", ".join(
            f"{name} {row[name]}" if isinstance(row[name], str) else f"{name} {row[name]:.4g}"
            for name in inputs
        )
        which = where if row["left_out"] == "point" else f"the {row['n_left_out']} points of highest y"
        shown.append(f"{which} ({row[law.exponent]:+.1f})")
    if not shown:
        return []
    text = f"{law.exponent} moves by more than {_FAR:g} standard errors without {listed(shown)}"
    return [warning("influential", text, parameter=law.exponent, without=shown)]
