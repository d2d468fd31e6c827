"""How far quanta are the known tasks where their number is not known: the worst k about it."""

from __future__ import annotations

import pandas as pd

from lawbook.analyses.known_quanta.section import agreements, known_scores, mean_over_networks
from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results


def quanta_worst_agreement(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Return the lowest adjusted Rand index at 0.7 to 1.5 times the number of tasks, the mean over networks."""
    scores, part = known_scores(results, runs)
    return mean_over_networks(agreements(scores, part)[1])


quantity = Quantity(quanta_worst_agreement, of="known_quanta")
