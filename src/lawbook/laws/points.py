"""From a table of runs to the points that a law is fitted to: one per distinct x, the mean over clusters.

The point is the arithmetic mean of y over the runs at that x (for errors: pooled wrong answers over pooled
test examples), and its logarithm is fitted: the law describes the expected loss, free of the bias of a mean
of logarithms, and a run without a single wrong answer enters as what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, listed
from lawbook.laws.cells import Cells, Table, weighed
from lawbook.laws.checks import check_columns, check_rules, numbers, refuse_rows, tied_notes
from lawbook.laws.law import Array, Counts, Flags
from lawbook.laws.members import Members
from lawbook.laws.note import Note, info, warning
from lawbook.laws.repeats import runs_over_index, usual_repeats
from lawbook.laws.solver import Data
from lawbook.laws.units import unit_notes
from lawbook.storage.run_state import run_states
from lawbook.storage.status import RunStatus


@dataclass(frozen=True)
class Points:
    """The points of a fit. `sums` and `mass` are Σ w y and Σ w of each cell (cluster and point with runs), (k,).

    w is the number of test examples for an error, the given weight, or 1; `runs` counts them, (k,). `limit` is
    1/n_eval where y is an error, else NaN. `base` are the points' weights in the loss when each cluster counts once;
    `binomial` says that they follow from the errors. `members` are the rows
    behind the points, where a table had some.
    """

    y: str
    inputs: tuple[str, ...]
    x: Array
    cells: Cells
    sums: Array
    mass: Array
    runs: Counts
    limit: Array
    base: Array
    binomial: bool
    overdispersion: float
    n_censored: int
    n_diverged: int
    notes: tuple[Note, ...]
    members: Members | None = None
    shift: float = 0.0
    """What has been added to y, where that is not positive."""
    index: str = ""
    """The input whose numbers are the places of an index's values, if there is one."""

    @property
    def n_clusters(self) -> int:
        """Return the number of clusters (seeds)."""
        return self.cells.n_clusters

    @cached_property
    def clusters_per_point(self) -> Counts:
        """Return how many clusters have a run at each point, (n,)."""
        return np.bincount(self.cells.point[self.mass > 0], minlength=len(self.x))

    @cached_property
    def points_per_cluster(self) -> Counts:
        """Return at how many points each cluster has a run, (C,)."""
        return np.bincount(self.cells.cluster[self.mass > 0], minlength=self.n_clusters)

    @cached_property
    def runs_per_point(self) -> Counts:
        """Return how many runs each point has, (n,)."""
        return np.bincount(self.cells.point, weights=self.runs, minlength=len(self.x)).astype(np.int64)

    @property
    def measured(self) -> list[int]:
        """Return the columns of x that are measured, all but the index."""
        return [j for j, name in enumerate(self.inputs) if name != self.index]

    @property
    def values(self) -> Counts:
        """Return which value of the index each point has, from 0, (n,); 0 where there is no index."""
        at = [j for j, name in enumerate(self.inputs) if name == self.index]
        return (
            np.asarray(self.x[:, at[0]], dtype=np.int64) - 1 if at else np.zeros(len(self.x), dtype=np.int64)
        )

    @cached_property
    def strata(self) -> Counts:
        """Return the value of the index that each cluster is of, (C,); all 0 where some cluster has several."""
        value = self.values[self.cells.point]
        first = np.zeros(self.n_clusters, dtype=np.int64)
        first[self.cells.cluster] = value
        return first if (first[self.cells.cluster] == value).all() else np.zeros_like(first)

    @cached_property
    def _tables(self) -> tuple[Table, Table]:
        return self.cells.table(self.sums), self.cells.table(self.mass)

    @cached_property
    def _totals(self) -> tuple[Array, Array]:
        """Return Σ w y and Σ w of each point, (n,)."""
        sums, mass = (np.asarray(table.sum(axis=0)) for table in self._tables)
        return sums, mass

    def data(self, multiplicity: Array | None = None) -> Data:
        """Return log y, weights and censoring with each cluster taken `multiplicity` (B, C) times.

        By default once each, B = 1. A point that no drawn cluster has gets weight 0.
        """
        m = np.ones((1, self.n_clusters)) if multiplicity is None else multiplicity
        sums, mass = (weighed(m, table) for table in self._tables)
        whole_sums, whole_mass = self._totals
        present = mass > 0
        mean = np.where(present, sums / np.where(present, mass, 1.0), whole_sums / whole_mass)
        censored = mean <= 0
        log_y = np.log(np.where(censored, self.limit, mean))
        return Data(log_y, self.base * mass / whole_mass, censored)

    @cached_property
    def deviations(self) -> Array:
        """Return each cell's share in the error of log ȳ, (k,), unbiased for the clusters at the point.

        Σ_c v_c · deviations with independent v_c of mean 0 and variance 1 has the variance of log ȳ.
        """
        whole_sums, total = self._totals
        mean = whole_sums / total
        at = self.cells.point
        share = np.where(
            mean[at] > 0,
            (self.sums - self.mass * mean[at]) / (total * np.where(mean > 0, mean, 1.0))[at],
            0.0,
        )
        m = self.clusters_per_point
        return share * np.sqrt(np.where(m > 1, m / np.maximum(m - 1, 1), 0.0))[at]

    @property
    def variances(self) -> Array:
        """Return the variance of log ȳ as the clusters show it, (n,)."""
        return self.cells.per_point(self.deviations**2)

    def keep(self, chosen: Flags) -> Points:
        """Return the points at `chosen` (n,) only; clusters stay, so that draws remain paired."""
        cells, kept = self.cells.keep(chosen)
        return replace(
            self,
            x=self.x[chosen],
            cells=cells,
            sums=self.sums[kept],
            mass=self.mass[kept],
            runs=self.runs[kept],
            limit=self.limit[chosen],
            base=self.base[chosen],
            members=None if self.members is None else self.members.keep(chosen),
        )

    def reweighted(self, log_fit: Array) -> Points:
        """Return the points with binomial weights at fitted errors exp(log_fit) instead of smoothed ones."""
        base = _binomial_weights(np.exp(log_fit), self._totals[1], self.runs_per_point, self.overdispersion)
        return replace(self, base=base)


def gather(
    table: pd.DataFrame,
    *,
    y: str,
    x: str | Sequence[str],
    cluster: str | Sequence[str] | None = "seed",
    n_eval: str | int | None = None,
    weights: str | None = None,
    positive_x: bool = True,
    shift: float = 0.0,
    index: str = "",
) -> Points:
    """Return the points of a table: per distinct x the mean of y over runs, kept apart by cluster.

    `cluster` names the columns whose combinations are independent (None: each row is); `n_eval` the test
    examples behind each y, which makes y an error in 0..1; `weights` a column of non-negative weights; `shift` is
    added to y. Of x, `index` holds the places of an index's values: without a word on clusters, the rows that differ
    in it and y alone are those of one run.
    Raises LawbookError for an absent column, text, y, x or weights out of range, rows that count by different
    rules, naming rows. Rows without a finite x or y are left out with a Note that names them; rows that seem
    to be in another unit get one.
    """
    inputs = (x,) if isinstance(x, str) else tuple(x)
    keys = () if cluster is None else (cluster,) if isinstance(cluster, str) else tuple(cluster)
    notes: list[Note] = []
    if cluster == "seed":
        keys, notes = usual_repeats(table, [name for name in inputs if name in table.columns])
        if index and not keys:
            found, notes = runs_over_index(table, [name for name in inputs if name != index], index)
            keys = tuple(found)
    named = [y, *inputs, *keys, *([weights] if weights else [])]
    named += [n_eval] if isinstance(n_eval, str) else []
    check_columns(table, named)
    if y in inputs:
        raise LawbookError(f"column {y!r} is both y and x; name another column")
    twice = table.duplicated(keep="first")
    if twice.any():
        rows = table.index[twice].tolist()
        text = f"rows {listed(rows)} repeat earlier rows exactly"
        notes.append(warning("duplicate_rows", text, rows=rows))
    values = numbers(table, y)
    xs = np.stack([numbers(table, name) for name in inputs], axis=1)
    bad_x = ~np.isfinite(xs).all(axis=1)
    states = run_states(table)
    ended = states.status if states else np.full(len(table), RunStatus.OK.value, dtype=object)
    diverged, unconverged, failed = (
        np.asarray(ended == status.value, dtype=bool)
        for status in (RunStatus.DIVERGED, RunStatus.UNCONVERGED, RunStatus.FAILED)
    )
    words = states.words_at(failed) if states else ""
    # The last finite value of a run that diverged, or did not come to its end, is not its result.
    bad_y = (~np.isfinite(values) | (ended != RunStatus.OK.value)) & ~bad_x
    for bad, code, what in (
        (bad_y & diverged, "diverged", f"runs diverged and have no {y}"),
        (bad_y & unconverged, "unconverged", "runs had not converged"),
        (bad_y & failed, "failed", f"runs did not end ({words})"),
        (bad_y & (ended == RunStatus.OK.value), "missing_y", f"rows have no finite {y}"),
        (bad_x, "missing_x", f"rows have no finite {' or '.join(inputs)}"),
    ):
        if bad.any():
            rows = table.index[np.flatnonzero(bad)].tolist()
            text = f"{len(rows)} {what} and are left out: rows {listed(rows)}"
            notes.append(warning(code, text, rows=rows))
    good = np.asarray(~bad_x & ~bad_y, dtype=bool)
    table, values, xs = table[good], values[good], xs[good]
    check_rules(table, inputs)
    if positive_x:
        refuse_rows(
            table, np.asarray((xs <= 0).any(axis=1)), f"{', '.join(inputs)} must be > 0 in this law", inputs,
            "correct these rows or remove them",
        )  # fmt: skip
    measured = [j for j, name in enumerate(inputs) if name != index]
    others = tuple(inputs[j] for j in measured)
    notes += unit_notes(table, others, xs[:, measured])
    if len(xs) and (xs > 0).all():
        notes += tied_notes(others, xs[:, measured])
    for key in keys:
        unknown = table[key].isna().to_numpy()
        if unknown.any():
            rows = table.index[unknown].tolist()
            text = f"rows {listed(rows)} have no {key} and count as one {key} together"
            notes.append(warning("missing_cluster", text, rows=rows, column=key))
    values = values + shift
    trials = _trials(table, values, y, n_eval)
    row_mass = np.ones(len(values)) if trials is None else trials
    if weights:
        row_mass = numbers(table, weights)
        bad_weight = ~(row_mass >= 0) | ~np.isfinite(row_mass)
        refuse_rows(table, bad_weight, f"{weights} must be finite and ≥ 0", [weights], "0 leaves a row out")
    # What differs by rounding only is one x.
    key = np.round(np.log(xs), 10) if (xs > 0).all() else xs
    _, first, at = np.unique(key, axis=0, return_index=True, return_inverse=True)
    distinct, at = xs[first], at.reshape(-1)
    who: Counts = np.arange(len(values), dtype=np.int64)
    if keys:
        who = np.asarray(table.groupby(list(keys), dropna=False).ngroup(), dtype=np.int64)
    C, n = (int(who.max()) + 1 if len(who) else 0), len(distinct)
    members = Members(
        table.index.to_numpy(), at, who, _log(values), table[[c for c in table.columns if c not in named]]
    )
    cells, cell = Cells.of_runs(who, at, C, n)
    k = len(cells.point)
    sums, mass = (
        np.asarray(np.bincount(cell, weights=part, minlength=k), dtype=float)
        for part in (row_mass * values, row_mass)
    )
    runs: Counts = np.bincount(cell, minlength=k)
    if keys and (runs > 1).any():
        again = runs[cell] > 1
        rows = table.index[again].tolist()
        text = f"several runs share one x and one {', '.join(keys)} and are averaged: rows {listed(rows)}"
        notes.append(info("repeated_cells", text, rows=rows))
    limit, overdispersion, n_censored = np.full(n, np.nan), 0.0, 0
    counts: Counts = np.bincount(at, minlength=n)
    base = counts.astype(float)
    if trials is not None:
        zero = values == 0
        n_censored = int(zero.sum())
        if n_censored:
            rows = table.index[zero].tolist()
            text = f"{n_censored} runs made no error (a point without any counts as y ≤ 1/n_eval)"
            text += f": rows {listed(rows)}"
            notes.append(info("zero_errors", text, rows=rows))
        examples: Array = np.bincount(at, weights=trials, minlength=n).astype(float)
        wrong: Array = np.bincount(at, weights=trials * values, minlength=n).astype(float)
        limit = counts / examples
        overdispersion = _overdispersion(
            cells, sums / np.where(mass > 0, mass, 1.0), mass > 0, examples / counts
        )
        base = _binomial_weights((wrong + 0.5) / (examples + 1.0), examples, counts, overdispersion)
    total = np.bincount(cells.point, weights=mass, minlength=n)
    if weights:
        base = total
    if n and not base.sum() > 0:
        raise LawbookError(f"all weights in {weights!r} are zero; give some row a weight above 0")
    return Points(
        y=y,
        inputs=inputs,
        x=distinct,
        cells=cells,
        sums=sums,
        mass=mass,
        runs=runs,
        limit=limit,
        base=base,
        binomial=trials is not None and not weights,
        overdispersion=overdispersion,
        n_censored=n_censored,
        n_diverged=int(diverged.sum()),
        notes=tuple(notes),
        members=members,
        shift=shift,
        index=index,
    ).keep(total > 0)


def _log(values: Array) -> Array:
    """Return log y, NaN where y is 0."""
    return np.log(np.where(values > 0, values, np.nan))


def _trials(table: pd.DataFrame, values: Array, y: str, n_eval: str | int | None) -> Array | None:
    """Return the test examples behind each row, or None for a loss, having checked the range of y."""
    if n_eval is None:
        refuse_rows(
            table, values <= 0, f"{y} must be > 0 to have a logarithm", [y],
            "correct these rows or remove them; if y is an error, give n_eval",
        )  # fmt: skip
        return None
    column = [n_eval] if isinstance(n_eval, str) else []
    trials = numbers(table, n_eval) if isinstance(n_eval, str) else np.full(len(values), float(n_eval))
    few = f"n_eval = {n_eval!r} must be ≥ 1"
    refuse_rows(table, ~(trials >= 1), few, column, "it is the number of test examples")
    outside = (values < 0) | (values > 1)
    refuse_rows(table, outside, f"{y} must lie in 0..1 when n_eval is given", [y], "it is a share of n_eval")
    return trials


def _overdispersion(cells: Cells, values: Array, present: Flags, examples: Array) -> float:
    """Return τ², the variance of log error between seeds beyond the binomial, by moments over the points.

    values, present: (k,), the errors of the cells and which have weight; examples: (n,), per run.
    """
    at, n = cells.point[present], cells.n_points
    values = values[present]
    m = np.bincount(at, minlength=n)
    mean = np.bincount(at, weights=values, minlength=n) / np.maximum(m, 1)
    useful = (m > 1) & (mean > 0)
    if not useful.any():
        return 0.0
    squares = np.bincount(at, weights=(values - mean[at]) ** 2, minlength=n)[useful]
    p, free = mean[useful], m[useful] - 1
    excess = squares / free / p**2 - (1 - p) / (p * examples[useful])
    # Points with many expected errors tell τ² best: the binomial part is the noise of this estimate.
    trust = free * p * examples[useful]
    return max(0.0, float(np.average(excess, weights=trust)))


def _binomial_weights(p: Array, examples: Array, runs: Counts, overdispersion: float) -> Array:
    """Return 1 / var(log p̂) by the delta method: binomial (1 − p)/(p n), plus τ² per run."""
    p = np.clip(p, 1e-12, 1.0)
    # A fitted p may reach 1, where the binomial variance vanishes: half an error is left in.
    variance = np.maximum(1 - p, 0.5 / examples) / (p * examples) + overdispersion / runs
    weights: Array = 1.0 / variance
    return weights
