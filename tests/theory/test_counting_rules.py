"""Best sizes by each counting rule: against a search, and against the published exponents."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.theory.counting_rules import (
    NON_EMBEDDING,
    RULES,
    TOTAL,
    Surface,
    best_of_sampled,
    exponent_over,
)

EPOCH = Surface(1.8172, 482.01, 2085.43, 0.3478, 0.3658, embedding=47_491)
HOFFMANN = Surface(1.6934, 406.4, 410.7, 0.3392, 0.2849, embedding=47_491)
BUDGETS = np.logspace(12.95, 20.7, 100)
SIZES = np.logspace(2.9, 9.2, 20)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("compute", [1e14, 1e17, 1e21])
def test_no_size_is_better_than_the_best_one(rule: str, compute: float) -> None:
    best = float(EPOCH.best_size(compute, rule))
    sizes = best * np.array([0.5, 0.99, 1.0, 1.01, 2.0])
    losses = EPOCH.loss(sizes, compute / (6 * EPOCH.count(sizes, rule)))
    assert losses.argmin() == 2
    # The closed form of Chinchilla's law where everything is counted.
    if rule == TOTAL:
        g = (EPOCH.alpha * EPOCH.A / (EPOCH.beta * EPOCH.B)) ** (1 / (EPOCH.alpha + EPOCH.beta))
        assert EPOCH.count(best, TOTAL) == pytest.approx(g * (compute / 6) ** EPOCH.limit, rel=1e-12)


@pytest.mark.parametrize("size_rule", RULES)
@pytest.mark.parametrize("compute_rule", RULES)
def test_the_local_exponent_is_the_derivative_along_the_budgets(size_rule: str, compute_rule: str) -> None:
    size = np.array([1e3, 1e5, 1e6, 1e8, 1e11])
    ends = size * np.exp([[-1e-5], [1e-5]])
    rise = np.diff(np.log(HOFFMANN.count(ends, size_rule)), axis=0)
    spent = np.diff(np.log(HOFFMANN.budget(ends, compute_rule)), axis=0)
    np.testing.assert_allclose(
        HOFFMANN.local_exponent(size, size_rule, compute_rule), (rise / spent)[0], rtol=1e-6
    )
    far = HOFFMANN.local_exponent(1e30, size_rule, compute_rule)
    assert far == pytest.approx(HOFFMANN.limit, abs=1e-6)


@pytest.mark.parametrize(("surface", "published"), [(EPOCH, 0.78), (HOFFMANN, 0.74)])
def test_without_embeddings_the_exponent_is_the_published_one(surface: Surface, published: float) -> None:
    exact = exponent_over(BUDGETS, surface.best_size(BUDGETS, NON_EMBEDDING))
    sampled = exponent_over(BUDGETS, SIZES[best_of_sampled(surface, SIZES, BUDGETS, NON_EMBEDDING)])
    assert exact == pytest.approx(published, abs=0.005)
    assert sampled == pytest.approx(exact, abs=0.002)


@pytest.mark.parametrize(("surface", "printed"), [(EPOCH, 0.780540), (HOFFMANN, 0.738831)])
def test_the_code_of_the_source_prints_what_its_rounding_of_tokens_makes(
    surface: Surface, printed: float
) -> None:
    tokens = np.logspace(6, 25, 1000)
    wanted = BUDGETS[:, None] / (6 * SIZES)
    nearest = np.abs(tokens[:, None, None] - wanted).argmin(axis=0)
    chosen = SIZES[surface.loss(SIZES, tokens[nearest]).argmin(axis=1)]
    assert exponent_over(BUDGETS, chosen) == pytest.approx(printed, abs=1e-6)
