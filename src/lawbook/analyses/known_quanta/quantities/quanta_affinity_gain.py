"""By how much the affinity |cos| finds the known tasks better than the paper's angular one."""

from __future__ import annotations

import pandas as pd

from lawbook.analyses.known_quanta.section import agreements, known_scores, mean_over_networks
from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results


def quanta_affinity_gain(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Return the ARI of |cos| less that of `angular` by the best of its methods, the mean over networks."""
    scores, part = known_scores(results, runs)
    others = [
        one for one in scores.loc[scores["what"] == "ari", "part"].unique() if one.startswith("angular")
    ]
    angular = pd.concat([agreements(scores, one)[0] for one in others], axis=1).max(axis=1)
    return mean_over_networks(agreements(scores, part)[0] - angular)


quantity = Quantity(quanta_affinity_gain, of="known_quanta")
