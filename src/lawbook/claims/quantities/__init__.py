"""Named quantities that a claim may be about, one file each: `NAME.py` defines `quantity`.

It is computed from the results and from the runs that the claim's `where` leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from lawbook.registry import Registry


@dataclass(frozen=True)
class Quantity:
    """What a claim may be about.

    compute: of the results and the runs, and of the claim's column where it is `of_column`, returns estimate, low and
    high end of the 95 % interval (NaN where there is none), and the number of runs behind them. check: raises
    LawbookError for runs, planned or done, that it cannot be computed of, given the columns that are their axes.
    """

    compute: Callable[..., tuple[float, float, float, int]]
    check: Callable[[pd.DataFrame, Sequence[str]], None] | None = None
    of_column: bool = False


quantities: Registry[Quantity] = Registry("lawbook.claims.quantities", "quantity", "quantity")
