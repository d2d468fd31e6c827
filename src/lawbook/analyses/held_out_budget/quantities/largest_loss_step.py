"""Whether the least loss falls from budget to budget: its largest step."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results


def largest_loss_step(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Return the largest log L*(C_i) − log L*(C_i−1) over neighbouring budgets, negative where L* falls all along.

    Its interval goes from the largest low end of a step to the largest high end. NaN for one budget.
    """
    steps = results.table("budgets").dropna(subset=["fall"])
    if steps.empty:
        return np.nan, np.nan, np.nan, 0
    value, low, high = (float(steps[name].max()) for name in ("fall", "fall_low", "fall_high"))
    return value, low, high, int(steps["n_runs"].iloc[0])


quantity = Quantity(largest_loss_step, of="held_out_budget")
