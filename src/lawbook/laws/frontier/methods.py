"""One verb for the compute-optimal frontier."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from numpy.typing import ArrayLike

from lawbook.errors import LawbookError, suggest
from lawbook.laws.fitted import Fit
from lawbook.laws.frontier.cost import SIX, Cost, log_budgets
from lawbook.laws.frontier.envelope import compute_envelope
from lawbook.laws.frontier.isoflop import akima_minimum, isoflop, parabola_minimum
from lawbook.laws.frontier.parametric import parametric
from lawbook.laws.frontier.result import Frontier, summarise
from lawbook.laws.frontier.runs import SeedNoise, at_budgets, runs_of

METHODS = ("akima", "parabola", "envelope", "parametric")


def frontier(
    source: pd.DataFrame | Fit,
    *,
    method: str | None = None,
    budgets: ArrayLike | None = None,
    flops: Cost = SIX,
    y: str = "loss",
    size: str = "N",
    compute: str | None = None,
    samples: str | None = None,
    spent: str | None = None,
    cluster: str | Sequence[str] | None = "seed",
    noise: SeedNoise | None = None,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Frontier:
    """Return the best size N* and number of samples D* for each budget C, with intervals and exponents.

    source: a `Fit` of a law of N and D (method 'parametric', see there), or a table with a row per run and
    columns `size`, y, and either `compute` or `samples`, from which C follows by `flops`: k of C = k·N·D or a
    function c(N), the FLOPs a sample. `spent` is a column of the compute that a run meant for a budget really took.
    Methods for tables:

    - 'akima' (default), 'parabola': isoFLOP, the minimum over N at each budget. The budgets are those that
      the runs share, within 0.5 % where that makes budgets of most runs; with `budgets` (m,) those of the runs'
      own that are among them, and elsewhere each size's loss is interpolated.
    - 'envelope': the budget at which each size lies on the lower envelope of the curves L(C); it takes no `budgets`.

    Optima on the edge of the sampled sizes are left out with a Note. Intervals come from `draws` of the
    losses: with `noise` (the standard deviation of the loss between seeds: a number, a function of the loss,
    or a table of loss and deviation) added to each, else with the seeds (`cluster`) resampled where they
    repeat. Then budgets are weighted by 1/spread², as in Porian et al. 2024 (arXiv:2406.19146); else equally,
    and the exponents have Student's t intervals. All is done in logs: units change nothing.
    Raises LawbookError for an unknown method, absent columns, values or budgets ≤ 0, or a table without shared
    budgets.

    >>> runs = [(2.0**k, c) for c in (1e4, 1e5, 1e6) for k in range(2, 12)]
    >>> table = pd.DataFrame(runs, columns=["N", "C"])
    >>> table["loss"] = 1 + 3 / table.N ** 0.5 + 3 / (table.C / 6 / table.N) ** 0.5
    >>> found = frontier(table, compute="C", cluster=None)
    >>> found.status.value, round(found.exponents["size"].value, 2)
    ('ok', 0.5)
    """
    if method is None:
        method = "parametric" if isinstance(source, Fit) else "akima"
    if method not in METHODS:
        raise LawbookError(f"unknown method {method!r}; {suggest(method, METHODS)}")
    if isinstance(source, Fit) != (method == "parametric"):
        raise LawbookError(f"method {method!r}: a fit gives the parametric frontier, a table the others")
    if isinstance(source, Fit):
        return parametric(source, budgets, flops=flops)
    runs = runs_of(
        source, y=y, size=size, compute=compute, samples=samples, flops=flops, spent=spent, cluster=cluster,
        noise=noise, draws=draws, level=level, seed=seed,
    )  # fmt: skip
    if method == "envelope":
        if budgets is not None:
            raise LawbookError(
                "the envelope finds the budgets that its sizes are best for; leave budgets out"
            )
        optima = compute_envelope(runs)
    else:
        at = runs if budgets is None else at_budgets(runs, log_budgets(budgets))
        optima = isoflop(at, akima_minimum if method == "akima" else parabola_minimum)
    return summarise(optima, method, flops, level)
