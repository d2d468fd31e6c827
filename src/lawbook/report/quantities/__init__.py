"""Named quantities that a claim may be about, one file each: `NAME.py` defines `quantity`.

A quantity is a function of the results and of the runs that the claim's `where` leaves; it returns estimate,
low and high end of the 95 % interval (NaN where there is none), and the number of runs behind them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pandas as pd

from lawbook.registry import Registry
from lawbook.report.results import Results

Quantity: TypeAlias = Callable[[Results, pd.DataFrame], tuple[float, float, float, int]]

quantities: Registry[Quantity] = Registry("lawbook.report.quantities", "quantity", "quantity")
