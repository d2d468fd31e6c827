"""The learning-rate history that the rows of a schedule tell.

x has the columns schedule, step, learning_rate. The rows of one schedule, sorted by step, are its history: the
rate of a row holds for all steps after the previous row's (after 0 for the first), up to and with its own. So
a table needs a row wherever its rate changes, if need be one without a loss, and whatever was fitted to it,
predictions need the history up to their step among their rows. Only what lies before a row enters its value.

Annealing is what the rate has lost from its highest so far: a rise to a new highest rate, as in warm-up, is
none. Over such a history the falls of the rate telescope to that loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lawbook.laws.law import Array, Counts


@dataclass(frozen=True)
class History:
    """One schedule, per row in the order of steps: (m,) each.

    `rows` are the positions in x, `length` the steps that the row's rate holds, `fall` the annealing at the
    beginning of them (negative where the rate comes back up), `rate` the rate.
    """

    rows: Counts
    length: Array
    fall: Array
    rate: Array


def histories(x: Array) -> Iterator[History]:
    """Yield the history of each schedule of x (n, 3)."""
    for label in np.unique(x[:, 0]):
        rows = np.flatnonzero(x[:, 0] == label)
        rows = rows[np.argsort(x[rows, 1], kind="stable")]
        rate = x[rows, 2]
        loss = np.maximum.accumulate(rate) - rate
        yield History(rows, np.diff(x[rows, 1], prepend=0.0), np.diff(loss, prepend=0.0), rate)


def log_rate_sum(x: Array) -> Array:
    """Return log S1, the logarithm of the rate summed over the steps so far, (n,); -inf where that is 0."""
    total = np.zeros(len(x))
    for history in histories(x):
        total[history.rows] = np.cumsum(history.rate * history.length)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(total))


def log_positive(total: Array, slope: Array) -> tuple[Array, Array]:
    """Return log total and the slope of it, -inf and 0 where total ≤ 0."""
    alive = total > 0
    safe = np.where(alive, total, 1.0)
    return np.where(alive, np.log(safe), -np.inf), np.where(alive, slope / safe, 0.0)
