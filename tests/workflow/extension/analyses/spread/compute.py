"""The standard deviation of a metric over seeds, at each number of samples."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lawbook.results.selection import of_sweep


def compute(block: Any, inputs: Any) -> Mapping[str, pd.DataFrame]:
    """Return the table of spreads."""
    runs = of_sweep(inputs.results.runs, block.sweep)
    return {"spreads": runs.groupby("samples")[block.y].std().rename("spread").reset_index()}
