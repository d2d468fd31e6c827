"""The rows behind the points of a fit: which label, point and cluster each has, and what else the table says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lawbook.laws.law import Array, Counts, Flags


@dataclass(frozen=True)
class Members:
    """The rows that were averaged to points: label in the table's index, point, cluster and log y, (N,) each.

    log y is NaN where y is 0. `beside` are the columns that the question does not name.
    """

    label: NDArray[Any]
    point: Counts
    cluster: Counts
    log_y: Array
    beside: pd.DataFrame

    @property
    def per_point(self) -> Counts:
        """Return how many rows each point has, (n,)."""
        return np.bincount(self.point)

    def keep(self, chosen: Flags) -> Members:
        """Return the rows of the points `chosen` (n,), these numbered anew."""
        kept, number = chosen[self.point], np.cumsum(chosen) - 1
        return Members(
            self.label[kept],
            number[self.point[kept]],
            self.cluster[kept],
            self.log_y[kept],
            self.beside[kept],
        )
