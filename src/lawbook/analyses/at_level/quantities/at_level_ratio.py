"""How many times as large the mean of what is read at a level is in some runs as in others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lawbook.analyses.at_level.quantities.at_level import METRIC, read_there
from lawbook.claims.quantities import Quantity
from lawbook.claims.quantities.mean_ratio import OPTIONS, mean_ratio
from lawbook.results.reader import Results


def at_level_ratio(
    results: Results,
    runs: pd.DataFrame,
    *,
    of: Mapping[str, Any],
    over: Mapping[str, Any],
    metric: str | None = None,
) -> tuple[float, float, float, int] | tuple[float, float, float, int, str]:
    """Compute the ratio of the two means with Fieller's interval, as `mean_ratio` does.

    Raises LawbookError for a metric that is not read, and where no runs are left, or no two repeats.
    """
    return mean_ratio(results, read_there(results, runs, metric), "y", of=of, over=over)


quantity = Quantity(at_level_ratio, of="at_level", options={**OPTIONS, **METRIC}, needed=tuple(OPTIONS))
