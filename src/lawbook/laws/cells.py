"""What clusters have at points: a number for each pair that has a run, and tables, clusters × points, of such numbers.

A table is an array where it is small or mostly full, and sparse elsewhere, so that memory is linear in the cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lawbook.laws.law import Array, Counts, Flags

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Table: TypeAlias = "Array | csr_array"
"""A table (C, n), dense or sparse."""

_SMALL, _FULL = 1_000_000, 4
"""A table is dense up to so many places, or up to so many places for each cell."""
_SPARSE_PAYS = 2e8
"""Multiplications from which on a sparse product is worth its import."""
_BATCH = 2_500_000
"""Numbers in the largest array of one batch of data sets."""


@dataclass(frozen=True)
class Cells:
    """The pairs of a cluster and a point that have runs, (k,) each: `cluster` is one of C, `point` one of n.

    They are sorted by cluster, then point.
    """

    cluster: Counts
    point: Counts
    n_clusters: int
    n_points: int

    @classmethod
    def of_runs(cls, cluster: Counts, point: Counts, n_clusters: int, n_points: int) -> tuple[Cells, Counts]:
        """Return the cells of runs (N,), given by cluster and point, and in which cell each run lies, (N,)."""
        found, cell = np.unique(cluster * n_points + point, return_inverse=True)
        cells = cls(found // max(n_points, 1), found % max(n_points, 1), n_clusters, n_points)
        return cells, cell.reshape(-1)

    @cached_property
    def dense(self) -> bool:
        """Say whether tables are arrays."""
        return self.n_clusters * self.n_points <= max(_SMALL, _FULL * len(self.cluster))

    def table(self, values: Array) -> Table:
        """Return the table (C, n) of a number per cell, (k,), 0 where there is no cell."""
        if self.dense:
            table = np.zeros((self.n_clusters, self.n_points), order="F")
            table[self.cluster, self.point] = values
            return table
        from scipy.sparse import csr_array

        ends = np.cumsum(np.bincount(self.cluster, minlength=self.n_clusters))
        return csr_array(
            (values, self.point, np.concatenate([[0], ends])), shape=(self.n_clusters, self.n_points)
        )

    def per_point(self, values: Array) -> Array:
        """Return Σ over the cells of each point of a number per cell, (n,)."""
        return np.asarray(self.table(values).sum(axis=0))

    def keep(self, chosen: Flags) -> tuple[Cells, Flags]:
        """Return the cells of the points `chosen` (n,), these numbered anew, and which cells they are, (k,)."""
        kept, number = chosen[self.point], np.cumsum(chosen) - 1
        cells = Cells(self.cluster[kept], number[self.point[kept]], self.n_clusters, int(chosen.sum()))
        return cells, kept


def weighed(multiplicity: Array, table: Table) -> Array:
    """Return Σ_c multiplicity_bc table_cn, (B, n), with each cluster taken `multiplicity` (B, C) times."""
    if isinstance(table, np.ndarray) and multiplicity.size * table.shape[1] >= _SPARSE_PAYS:
        from scipy.sparse import csr_array

        table = csr_array(table)
    return np.asarray(multiplicity @ table)


def batches(count: int, width: int) -> Iterator[slice]:
    """Yield the rows, batch by batch, of so many data sets of this width, a bounded number of numbers at a time.

    >>> list(batches(5, 1_000_000))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    step = max(1, _BATCH // max(width, 1))
    for low in range(0, count, step):
        yield slice(low, min(low + step, count))


def off_tangent(table: Table, tangent: Array) -> tuple[float, float]:
    """Return tr S and tr S² of S = P tableᵀ table P, P = 1 − tangent tangentᵀ.

    table: (C, n); tangent: (n, q), orthonormal. A sparse table is not projected, which would fill it: both traces are
    differences there, of what is lost to round-off only if its rows lie in the tangent, and so are full.
    """
    along = table @ tangent
    if isinstance(table, np.ndarray):
        rest = table - along @ tangent.T
        return float(np.sum(rest**2)), squared_gram(rest)
    first = float(np.sum(table.data**2) - np.sum(along**2))
    across = np.sum(np.asarray(table.T @ along) ** 2)
    return first, float(squared_gram(table) - 2 * across + np.sum((along.T @ along) ** 2))


def squared_gram(table: Table) -> float:
    """Return Σ (table tableᵀ)², which is tr (tableᵀ table)², by the product that is the smaller."""
    if isinstance(table, np.ndarray):
        rows, columns = table.shape
        gram = table @ table.T if rows**2 <= max(_SMALL, columns**2) else table.T @ table
        return float(np.sum(gram**2))
    in_row, in_column = np.diff(table.indptr), np.bincount(table.indices)
    few = np.sum(np.square(in_column, dtype=float)) <= np.sum(np.square(in_row, dtype=float))
    product = table @ table.T if few else table.T @ table
    return float(np.sum(product.data**2))
