"""How far the quanta that are found are the tasks that are known, at their true number."""

from __future__ import annotations

import pandas as pd

from lawbook.analyses.known_quanta.section import agreements, known_scores, mean_over_networks
from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results


def quanta_agreement(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Return the adjusted Rand index of clusters (|cos|, score linkage) and tasks, the mean over networks."""
    scores, part = known_scores(results, runs)
    return mean_over_networks(agreements(scores, part)[0])


quantity = Quantity(quanta_agreement, of="known_quanta")
