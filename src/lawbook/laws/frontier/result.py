"""What a frontier is: per budget the optimum with its interval, and the exponents along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from lawbook.laws.frontier.cost import SIX, Cost, samples_at
from lawbook.laws.frontier.exponent import exponent, exponent_of_draws
from lawbook.laws.law import Array
from lawbook.laws.note import Note, reason_of, refusal, warning
from lawbook.laws.uncertainty import Estimate
from lawbook.storage.status import FitStatus

QUANTITIES = ("size", "samples", "samples_per_size", "loss")
COLUMNS = ("compute", *(f"{q}{end}" for q in QUANTITIES for end in ("", "_low", "_high")), "spread")
EXPONENTS = ("size", "samples", "loss")
FLOOR_OF_SPREAD = 0.33
"""An optimum between two sizes is no better known than a third of their distance (Porian's released code)."""
MOST_DRAWS = 0.5
"""A budget whose optimum lies inside the sizes in fewer draws than this is left out."""


@dataclass(frozen=True)
class Frontier:
    """The compute-optimal frontier: the best N and D at each budget C.

    `table` has a row per budget: compute, and each of size (N*), samples (D*), samples_per_size (D*/N*) and
    loss (L*), with _low and _high (NaN where nothing shows the noise), and spread, the standard deviation of
    log N* by which a budget is weighted. `exponents` are those of N*, D* and L* in C over the budgets of the
    table; L* with a floor is no power law, and its entry the mean log slope. `edges` has a row per optimum that lies on
    an edge of the sampled sizes, and is in neither: compute, size, loss and edge ('smallest' or 'largest'). `notes`
    name what was left out, what is known to be biased, and why a frontier is refused.
    """

    method: str
    table: pd.DataFrame
    exponents: dict[str, Estimate]
    edges: pd.DataFrame
    status: FitStatus
    notes: tuple[Note, ...]

    @property
    def reason(self) -> str:
        """Return why the frontier is refused, '' if it is not."""
        return reason_of(self.notes)


Edge: TypeAlias = tuple[float, float, float, str]
"""An optimum on an edge of the sizes: log C, log N, log L, and 'smallest' or 'largest'."""


@dataclass(frozen=True)
class Optima:
    """Optima in logs: log C, log N*, log L* (m,), and draws of the latter two (B, m), NaN without optimum.

    `spread` (m,) is the standard deviation of log N*, NaN where nothing shows the noise. `edges` are the optima on
    an edge of the sizes: log C, log N, log L, and which edge.
    """

    log_compute: Array
    log_size: Array
    log_loss: Array
    size_draws: Array
    loss_draws: Array
    spread: Array
    levels: tuple[float, float]
    draw_method: str
    notes: tuple[Note, ...] = ()
    edges: tuple[Edge, ...] = ()


def summarise(optima: Optima, method: str, flops: Cost = SIX, level: float = 0.95) -> Frontier:
    """Return optima as a `Frontier`: D* from the counting rule, percentile intervals, exponents.

    One budget gives its optimum and no exponent; without any the frontier is refused.
    """
    m = len(optima.log_compute)
    if m == 0:
        why = "; ".join(str(note) for note in optima.notes)
        text = f"0 budgets have an optimum inside the sizes; {why}"
        return refused(method, refusal("few_budgets", text, budgets=0), optima)
    notes = optima.notes
    if m == 1:
        notes = (*notes, warning("one_budget", "one budget has an optimum: it gives no exponent"))
    compute, size = np.exp(optima.log_compute), np.exp(optima.log_size)
    samples = samples_at(compute, size, flops)
    drawn = samples_at(compute, np.exp(optima.size_draws), flops)
    values = {
        "size": (optima.log_size, optima.size_draws),
        "samples": (np.log(samples), np.log(drawn)),
        "samples_per_size": (np.log(samples) - optima.log_size, np.log(drawn) - optima.size_draws),
        "loss": (optima.log_loss, optima.loss_draws),
    }
    columns = {"compute": compute}
    for name, (log_value, draws) in values.items():
        low, high = percentiles(draws, optima.levels)
        columns |= {name: np.exp(log_value), f"{name}_low": np.exp(low), f"{name}_high": np.exp(high)}
    columns["spread"] = optima.spread
    exponents = {}
    for name in EXPONENTS:
        log_value, draws = values[name]
        # The draws say how well log N* is known, and the share of the budget that is N fixes D: one weight.
        spread = optima.spread if name != "loss" else np.full(m, np.nan)
        if len(draws):
            exponents[name] = exponent_of_draws(
                optima.log_compute, log_value, draws, spread, optima.levels, optima.draw_method
            )
        else:
            exponents[name] = exponent(compute, np.exp(log_value), level=level)
    return Frontier(method, pd.DataFrame(columns), exponents, _edge_table(optima.edges), FitStatus.OK, notes)


def refused(method: str, why: Note, optima: Optima | None = None) -> Frontier:
    """Return a frontier without any number, and why."""
    nothing = Estimate(np.nan, np.nan, np.nan, "none")
    return Frontier(
        method, pd.DataFrame(columns=list(COLUMNS), dtype=float), dict.fromkeys(EXPONENTS, nothing),
        _edge_table(() if optima is None else optima.edges), FitStatus.REFUSED,
        (why, *(() if optima is None else optima.notes)),
    )  # fmt: skip


def _edge_table(edges: Sequence[Edge]) -> pd.DataFrame:
    rows = [(*np.exp(logs), edge) for *logs, edge in edges]
    return pd.DataFrame(rows, columns=["compute", "size", "loss", "edge"])


def percentile_method(resampled: str) -> str:
    """Name the interval that plain percentiles over draws give, after how the data were resampled."""
    return "cluster_percentile" if resampled == "bca" else resampled


def percentiles(draws: Array, levels: tuple[float, float]) -> tuple[Array, Array]:
    """Return the two percentiles of each column of draws (B, m) over its finite entries, NaN without any."""
    low, high = np.full((2, draws.shape[1]), np.nan)
    for j, column in enumerate(draws.T):
        finite = column[np.isfinite(column)]
        if len(finite):
            low[j], high[j] = np.quantile(finite, levels)
    return low, high
