"""Which runs of a pool to make next, for a question about a table of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError
from lawbook.fitting.places import places_of
from lawbook.fitting.question import Question, cluster_of, selected
from lawbook.laws.automatic import Suggestion, automatic_points, candidates_on, next_runs
from lawbook.laws.checks import check_columns, places
from lawbook.laws.formulas import columns_read, values_of
from lawbook.laws.law import Array
from lawbook.seeds import generator
from lawbook.storage.user_table import Source, with_numbers


@dataclass(frozen=True)
class Advice:
    """The runs to make next as a table: the pool's columns, cost, cumulative_cost, half_width (null without a law).

    `now` is half the interval at the target before any of them: of log y, or of y where that is not positive, which
    `of_log` tells.
    """

    runs: pd.DataFrame
    suggestion: Suggestion
    laws: tuple[str, ...]
    now: float
    of_log: bool


def suggest(question: Question, source: Source, pool: Source, cost: str, budget: float) -> Advice:
    """Return which runs of a pool to make within a budget, for y at the question's targets.

    `cost` is an expression of the pool's columns. Raises LawbookError, naming the file, for a pool without the inputs,
    a cost that is not above 0, and a budget below the cheapest run.
    """
    inputs = question.x or ()
    try:
        rows, _ = selected(question, source)
        target = places_of(question.target, inputs, "--target")
    except LawbookError as error:
        raise LawbookError(f"{source.file}: {error}") from None
    if target is None:
        raise LawbookError("name where y is to be predicted: --target N=7e10,D=1.4e12")
    try:
        check_columns(pool.table, inputs)
        read = columns_read(cost, list(map(str, pool.table.columns)))
        grid = with_numbers(pool, [*inputs, *(name for name in read if name not in inputs)]).table
        costs = costs_of(grid, cost)
        if not (costs <= budget).any():
            raise LawbookError(f"the budget {budget:g} is below the cheapest run, {costs.min():g}")
    except LawbookError as error:
        raise LawbookError(f"{pool.file}: {error}") from None
    return advise(
        rows, grid, costs, target, budget, y=question.y, x=inputs, cluster=cluster_of(question, rows),
        weights=question.weights, level=question.level, seed=question.seed,
    )  # fmt: skip


def costs_of(pool: pd.DataFrame, cost: str) -> Array:
    """Return the cost of each run of a pool, (m,), by an expression of its columns.

    Raises LawbookError, naming the rows by their index, for a cost that is not above 0.
    """
    costs = values_of(cost, pool)
    above = np.isfinite(costs) & (costs > 0)
    if not above.all():
        bad = pool.index[~above].tolist()[:5]
        raise LawbookError(f"the cost {cost} is not above 0 in rows {bad}; mend it, or these rows")
    return costs


def advise(
    rows: pd.DataFrame,
    pool: pd.DataFrame,
    costs: Array,
    target: pd.DataFrame,
    budget: float,
    *,
    y: str,
    x: Sequence[str],
    cluster: str | Sequence[str] | None = "seed",
    weights: str | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Advice:
    """Return which runs of a pool to make after those in `rows`, for y at the target, both with the columns of x.

    The laws are those that predict together under `auto`. Errors as in `fit`.
    """
    points, laws = candidates_on(rows, y=y, x=x, cluster=cluster, weights=weights)
    at = places(target, points.inputs)
    try:
        used = automatic_points(points, laws, at, level=level).used
    except LawbookError:
        used = ()
    rng = generator(seed, "suggestion")
    found = next_runs(points, used, places(pool, points.inputs), costs, at, budget, rng, level=level)
    chosen = pool.iloc[found.chosen].assign(cost=costs[found.chosen], cumulative_cost=found.costs)
    widths = found.half_widths if len(found.half_widths) else np.full(1 + len(chosen), np.nan)
    if points.shift and used:
        # To first order a change of log (y + shift) is so many times one of y.
        widths = widths * float(np.exp(used[0].log_target).mean())
    names = tuple(each.candidate.name for each in used)
    return Advice(chosen.assign(half_width=widths[1:]), found, names, float(widths[0]), not points.shift)
