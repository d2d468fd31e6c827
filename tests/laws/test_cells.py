"""Tables of clusters and points: the same numbers dense and sparse, and memory that is linear in the rows."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from lawbook.laws import fit
from lawbook.laws.cells import Cells, batches, off_tangent, squared_gram, weighed
from lawbook.laws.compare import compare

rng_seeds = st.integers(0, 2**32 - 1)


def drawn(seed: int, clusters: int, points: int, share: float) -> tuple[Cells, np.ndarray]:
    """Return cells in a share of the places, and a number for each."""
    rng = np.random.default_rng(seed)
    who, at = np.nonzero(rng.random((clusters, points)) < share)
    cells, _ = Cells.of_runs(who, at, clusters, points)
    return cells, rng.standard_normal(len(cells.point))


@settings(max_examples=40, deadline=None)
@given(rng_seeds, st.integers(1, 12), st.integers(1, 12), st.floats(0, 1))
def test_the_cells_of_a_table_are_the_table(seed: int, clusters: int, points: int, share: float) -> None:
    cells, values = drawn(seed, clusters, points, share)
    table = cells.table(values)
    chosen = np.random.default_rng(seed).random(points) < 0.5
    fewer, kept = cells.keep(chosen)
    np.testing.assert_array_equal(fewer.table(values[kept]), table[:, chosen])
    np.testing.assert_allclose(cells.per_point(values), table.sum(axis=0))


def test_runs_of_one_place_share_a_cell() -> None:
    cells, cell = Cells.of_runs(np.array([1, 0, 1, 1]), np.array([2, 0, 2, 0]), 2, 3)
    assert cells.cluster.tolist() == [0, 1, 1]
    assert cells.point.tolist() == [0, 0, 2]
    assert cell.tolist() == [2, 0, 2, 1]


def test_a_large_table_is_sparse_unless_it_is_full() -> None:
    every = np.arange(2000)
    diagonal, _ = Cells.of_runs(every, every, 2000, 2000)
    full, _ = Cells.of_runs(np.repeat(np.arange(1000), 2000), np.tile(every, 1000), 1000, 2000)
    assert isinstance(diagonal.table(np.ones(2000)), csr_array)
    assert isinstance(full.table(np.ones(2_000_000)), np.ndarray)
    np.testing.assert_array_equal(diagonal.per_point(every.astype(float)), every)


@settings(max_examples=40, deadline=None)
@given(rng_seeds, st.integers(1, 30), st.integers(4, 30), st.floats(0.05, 1))
def test_dense_and_sparse_tables_give_the_same(seed: int, clusters: int, points: int, share: float) -> None:
    cells, values = drawn(seed, clusters, points, share)
    dense = cells.table(values)
    tangent, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((points, 3)))
    rest = dense - dense @ tangent @ tangent.T
    covariance = rest.T @ rest
    traces = np.trace(covariance), np.trace(covariance @ covariance)
    size = max(float(np.sum(dense**2)), 1e-300)
    for table in (dense, csr_array(dense)):
        found = off_tangent(table, tangent)
        np.testing.assert_allclose(found[0], traces[0], rtol=1e-9, atol=1e-12 * size)
        np.testing.assert_allclose(found[1], traces[1], rtol=1e-9, atol=1e-12 * size**2)
        np.testing.assert_allclose(squared_gram(table), np.sum((dense @ dense.T) ** 2), rtol=1e-9)
        times = np.random.default_rng(seed).integers(0, 3, (5, clusters)).astype(float)
        np.testing.assert_allclose(weighed(times, table), times @ dense, atol=1e-12)


@given(st.integers(0, 3000), st.integers(0, 10**7))
def test_batches_are_all_rows_once_and_none_is_wide(count: int, width: int) -> None:
    rows = [row for part in batches(count, width) for row in range(part.start, part.stop)]
    assert rows == list(range(count))
    assert all(
        (p.stop - p.start) * width <= 2_500_000 or p.stop - p.start == 1 for p in batches(count, width)
    )


def table_of(points: int, seeds: int, groups: int | None) -> pd.DataFrame:
    """Return runs of y = 0.3 + 60 x^-0.5 with noise of 2 %, one of each seed at each x."""
    rng = np.random.default_rng(points)
    x = np.tile(np.geomspace(1e2, 1e8, points), seeds)
    who = np.repeat(np.arange(seeds), points) if groups is None else np.arange(len(x)) % groups
    noise = 0.02 * rng.standard_normal(len(x)) + 0.01 * rng.standard_normal(who.max() + 1)[who]
    return pd.DataFrame({"x": x, "who": who, "y": (0.3 + 60 * x**-0.5) * np.exp(noise)})


def peak(table: pd.DataFrame, cluster: str | None, holdout: bool) -> int:
    """Return the bytes that a fit of few draws takes at most, beside the table."""
    tracemalloc.start()
    try:
        if holdout:
            compare(table, "power_floor", y="y", x="x", cluster=cluster, draws=30)
        else:
            fit(table, "power_floor", y="y", x="x", cluster=cluster, draws=30)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("seeds", "groups", "cluster", "holdout"),
    [
        (1, None, None, False),  # each row is a cluster
        (2, None, None, False),  # so, and rows repeat each other
        (3, None, "who", False),  # a few seeds repeat all points
        (1, 5, "who", False),  # few groups share all points, and none repeats another's
        (1, 200, "who", False),  # many groups do
        (1, None, None, True),
    ],
)
def test_the_memory_of_a_fit_is_linear_in_its_rows(
    seeds: int, groups: int | None, cluster: str | None, holdout: bool
) -> None:
    few, many = (peak(table_of(points, seeds, groups), cluster, holdout) for points in (500, 2000))
    assert many < 5 * few


def test_many_rows_at_few_points_take_no_table_of_pairs_of_rows() -> None:
    rng = np.random.default_rng(0)
    few, many = (
        peak(
            pd.DataFrame({"x": (x := rng.integers(1, 11, n)), "y": 3 / x * rng.lognormal(0, 0.1, n)}),
            None,
            False,
        )
        for n in (4000, 16_000)
    )
    assert many < 5 * few
