"""What each way of reading a frontier finds on a surface that is known, beside the exponent that is there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lawbook.laws.frontier import frontier
from lawbook.theory.counting_rules import SIX, Floats, Surface, best_of_sampled, exponent_over

SAMPLED, METHODS = "sampled", ("akima", "parabola", "envelope")
"""The best of the sampled sizes, and the methods for tables of runs, all on the same sizes and budgets."""


def estimators(surface: Surface, sampled: Floats, budgets: Floats, rule: str) -> Iterator[dict[str, object]]:
    """Yield for each method its exponent over the budgets that it can read, and the exact one over the same budgets.

    Sizes and compute are counted by one rule. A budget whose best size lies on an edge of the sampled ones is read by
    no method but the first, which takes the edge; the envelope has one budget for each size.
    """
    chosen = sampled[best_of_sampled(surface, sampled, budgets, rule)]
    yield _row(surface, SAMPLED, budgets, surface.count(chosen, rule), rule)
    size, compute = (each.ravel() for each in np.meshgrid(sampled, budgets))
    counted = surface.count(size, rule)
    losses = surface.loss(size, compute / (SIX * counted))
    runs = pd.DataFrame({"N": counted, "C": compute, "loss": losses})
    for method in METHODS:
        found = frontier(runs, method=method, compute="C", cluster=None).table
        if len(found) > 1:
            at, best = (found[name].to_numpy(dtype=float) for name in ("compute", "size"))
            yield _row(surface, method, at, best, rule)


def _row(surface: Surface, method: str, budgets: Floats, best: Floats, rule: str) -> dict[str, object]:
    true = surface.count(surface.best_size(budgets, rule), rule)
    return {
        "method": method,
        "exponent": exponent_over(budgets, best),
        "exact": exponent_over(budgets, true),
        "factor": float(np.exp(np.mean(np.log(best / true)))),
        "compute_low": budgets.min(),
        "compute_high": budgets.max(),
        "n_budgets": len(budgets),
    }
