"""Local slopes: what the data say about the exponent before any law is chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError
from lawbook.laws.points import Points, gather
from lawbook.laws.repeats import t_reach


def local_slopes(
    table: pd.DataFrame,
    *,
    y: str,
    x: str,
    cluster: str | Sequence[str] | None = "seed",
    n_eval: str | int | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return d log y / d log x between neighbouring x, with a t interval over clusters.

    Columns x_low, x_high, slope, low, high; one row per neighbouring pair. The interval is NaN where no
    cluster repeats, and the whole row's slope where one of its points is censored.
    """
    return slopes_of(gather(table, y=y, x=x, cluster=cluster, n_eval=n_eval), level)


def slopes_of(points: Points, level: float = 0.95) -> pd.DataFrame:
    """Return the local slopes of gathered points with one input; see `local_slopes`.

    A cluster that has both points contributes the difference of its two errors, so that noise shared along
    a seed cancels.
    """
    if len(points.inputs) != 1:
        raise LawbookError(f"local slopes need one input, got {', '.join(points.inputs)}")
    data = points.data()
    step = np.diff(np.log(points.x[:, 0]))
    seen = ~(data.censored[0][:-1] | data.censored[0][1:])
    slope = np.where(seen, np.diff(data.log_y[0]) / step, np.nan)
    shares = points.cells.table(points.deviations)
    spread = np.sqrt(np.asarray(((shares[:, 1:] - shares[:, :-1]) ** 2).sum(axis=0))) / step
    m = np.minimum(points.clusters_per_point[:-1], points.clusters_per_point[1:])
    half = t_reach(m, level) * spread
    return pd.DataFrame(
        {
            "x_low": points.x[:-1, 0], "x_high": points.x[1:, 0], "slope": slope,
            "low": slope - half, "high": slope + half,
        }
    )  # fmt: skip
