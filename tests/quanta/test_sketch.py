"""The count-sketch is unbiased, has the variance of its bound, and keeps the similarity of alike vectors."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.quanta.affinity import cosines
from lawbook.quanta.sketch import CountSketch


@pytest.mark.parametrize("n", [10, 64, 200, 1000])
def test_inner_products_are_kept_on_average_with_the_variance_of_the_bound(n: int) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, n)).astype(np.float32)
    sketches = [CountSketch(n, 64, seed)(np.stack([x, y])) for seed in range(600)]
    products = np.array([one @ other for one, other in sketches])

    bound = 2 * (x @ x) * (y @ y) / 64
    assert abs(products.mean() - x @ y) < 4 * np.sqrt(bound / 600) + 1e-4
    assert products.var() <= 1.2 * bound
    if n <= 64:
        np.testing.assert_allclose(products, x @ y, rtol=1e-4, atol=1e-4)


def test_similarity_of_sparse_and_uneven_vectors_correlates_with_the_exact_one() -> None:
    rng = np.random.default_rng(1)
    kinds = rng.normal(size=(20, 60_000)) * (rng.random((20, 60_000)) < 0.05) * rng.lognormal(0, 2, 60_000)
    vectors = (kinds[rng.integers(20, size=300)] + rng.normal(size=(300, 1)) * kinds[:1]).astype(np.float32)
    vectors += 0.1 * rng.normal(size=vectors.shape).astype(np.float32)
    exact, kept = cosines(vectors), cosines(CountSketch(60_000, 4096)(vectors))
    apart = ~np.eye(300, dtype=bool)

    assert np.corrcoef(exact[apart], kept[apart])[0, 1] > 0.99


def test_a_seed_gives_the_same_sketch_and_another_another() -> None:
    vectors = np.ones((2, 500), dtype=np.float32)
    np.testing.assert_array_equal(CountSketch(500, 32, 3)(vectors), CountSketch(500, 32, 3)(vectors))
    assert (CountSketch(500, 32, 3)(vectors) != CountSketch(500, 32, 4)(vectors)).any()
