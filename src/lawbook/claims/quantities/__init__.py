"""Named quantities that a claim may be about, one file each: `NAME.py` defines `quantity`.

It is computed from the results and from the runs that the claim's `where` leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from lawbook.registry import Registry
from lawbook.results.reader import Results


@dataclass(frozen=True)
class Quantity:
    """What a claim may be about.

    compute: returns estimate, low and high end of the 95 % interval (NaN where there is none), and the number of
    runs behind them. check: raises LawbookError for runs, planned or done, that it cannot be computed of.
    """

    compute: Callable[[Results, pd.DataFrame], tuple[float, float, float, int]]
    check: Callable[[pd.DataFrame], None] | None = None


quantities: Registry[Quantity] = Registry("lawbook.claims.quantities", "quantity", "quantity")
