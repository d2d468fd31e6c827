"""The choice of runs: what is expected comes true, budgets hold, and without a law runs are drawn and it is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lawbook.laws.automatic import Suggestion, automatic_points, candidates_on, next_runs
from lawbook.laws.points import Points

TARGET = np.array([[7e10, 1.4e12]])


def truth(x: np.ndarray) -> np.ndarray:
    return np.asarray(1.8 + 480 / x[:, 0] ** 0.35 + 2080 / x[:, 1] ** 0.37)


GRID = np.array([(N, D) for N in np.geomspace(1e7, 1e10, 8) for D in np.geomspace(1e9, 1e12, 8)])
COSTS = 6 * GRID.prod(axis=1)


def runs_at(x: np.ndarray, seed: int = 0, noise: float = 0.003) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    y = truth(x) * np.exp(noise * rng.standard_normal(len(x)))
    return pd.DataFrame({"N": x[:, 0], "D": x[:, 1], "loss": y})


def suggested(table: pd.DataFrame, budget: float) -> tuple[Suggestion, Points]:
    points, laws = candidates_on(table, y="loss", x=["N", "D"])
    used = automatic_points(points, laws, TARGET).used
    rng = np.random.default_rng(0)
    return next_runs(points, used, GRID, COSTS, TARGET, budget, rng), points


@pytest.fixture(scope="module")
def cheap() -> pd.DataFrame:
    """Return runs of the cheaper third of the grid."""
    return runs_at(GRID[np.quantile(COSTS, 0.35) >= COSTS])


def test_the_budget_holds_and_the_expected_interval_only_shrinks(cheap: pd.DataFrame) -> None:
    found, _ = suggested(cheap, 1e22)
    assert found.fallback == ""
    assert len(found.chosen) == len(set(found.chosen.tolist())) > 3
    assert found.costs[-1] <= 1e22
    assert found.costs == pytest.approx(np.cumsum(COSTS[found.chosen]))
    assert (np.diff(found.half_widths) <= 1e-12).all()
    assert len(found.half_widths) == len(found.chosen) + 1
    assert len(found.rivals) == 2


def test_what_is_chosen_sharpens_more_than_as_much_money_drawn_at_random(cheap: pd.DataFrame) -> None:
    found, _ = suggested(cheap, 3e21)
    rng = np.random.default_rng(1)
    order = [i for i in rng.permutation(len(GRID)) if COSTS[i] <= 3e21]
    drawn, left = [], 3e21
    for i in order:
        if COSTS[i] <= left:
            drawn.append(i)
            left -= COSTS[i]
    widths = []
    for chosen in (found.chosen, np.array(drawn)):
        table = pd.concat([cheap, runs_at(GRID[chosen], seed=2)], ignore_index=True)
        widths.append(suggested(table, 3e21)[0].half_widths[0])
    assert widths[0] < widths[1]
    assert widths[0] == pytest.approx(found.half_widths[-1], rel=0.6)


def test_without_a_law_runs_are_drawn_and_it_is_said(cheap: pd.DataFrame) -> None:
    points, _ = candidates_on(cheap.head(5), y="loss", x=["N", "D"])
    found = next_runs(points, (), GRID, COSTS, TARGET, 1e21, np.random.default_rng(0))
    assert "too few" in found.fallback
    assert len(found.half_widths) == 0
    assert 0 < found.costs[-1] <= 1e21
    firsts = [
        int(next_runs(points, (), GRID, COSTS, TARGET, 1e24, np.random.default_rng(seed)).chosen[0])
        for seed in range(400)
    ]
    share = 1 / COSTS / (1 / COSTS).sum()
    cheapest = int(np.argmax(share))
    assert np.mean(np.array(firsts) == cheapest) == pytest.approx(share[cheapest], abs=0.08)


def test_laws_that_miss_what_was_held_out_choose_nothing() -> None:
    rng = np.random.default_rng(0)
    table = runs_at(GRID[:40])
    table["loss"] = np.exp(rng.standard_normal(40))
    found, _ = suggested(table, 1e22)
    assert "misses the held-out points" in found.fallback


def test_a_quantity_beside_is_asked_too_and_stands_in_for_one_without_a_law(cheap: pd.DataFrame) -> None:
    points, laws = candidates_on(cheap, y="loss", x=["N", "D"])
    used = automatic_points(points, laws, TARGET).used
    alone = next_runs(points, used, GRID, COSTS, TARGET, 1e22, np.random.default_rng(0))
    twice = next_runs(
        points, used, GRID, COSTS, TARGET, 1e22, np.random.default_rng(0), beside=[(points, used)]
    )
    assert twice.chosen.tolist() == alone.chosen.tolist()
    other = next_runs(
        points, (), GRID, COSTS, TARGET, 1e22, np.random.default_rng(0), beside=[(points, used)]
    )
    assert other.fallback == ""
    assert other.chosen.tolist() == alone.chosen.tolist()


def test_laws_of_more_parameters_than_they_need_expect_no_interval_to_grow() -> None:
    """At little noise every run is known to tell something: the beliefs keep their digits."""
    found, _ = suggested(runs_at(GRID[np.quantile(COSTS, 0.5) >= COSTS], noise=1e-4), 1e22)
    assert len(found.chosen) > 3
    assert (np.diff(found.half_widths) <= 1e-12).all()
