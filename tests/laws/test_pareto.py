"""The Pareto frontier of pruning: planted pools are found, chosen fairly, and marked where the sweep ends."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.laws.frontier import pareto
from lawbook.laws.frontier.pareto import LARGEST_FRACTION, LARGEST_POOL, SMALLEST_FRACTION

KEPT = (50, 100, 200, 400, 800)
POOLS = (100, 200, 400, 800, 1600, 3200)
BEST = 800


def planted(
    noise: float = 0.05, seeds: int = 10, seed: int = 0, best: int = BEST, penalty: float = 0.15
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return runs of a frontier 30 / kept at pools of `best`, worse the further a pool is from it, and a control."""
    rng = np.random.default_rng(seed)
    rows, control = [], []
    for repeat in range(seeds):
        for kept in KEPT:
            control.append((kept, 3200, repeat, 3 * kept**-0.5 * np.exp(rng.normal(0, noise))))
            for pool in POOLS:
                if pool >= kept:
                    worse = penalty * abs(np.log2(pool / best))
                    rows.append((kept, pool, repeat, 30 / kept * np.exp(worse + rng.normal(0, noise))))
    columns = ["n_train", "samples", "seed", "y"]
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(control, columns=columns)


def test_the_planted_pool_is_found_and_its_error_read() -> None:
    found = pareto(*planted(), y="y", draws=300)
    assert (found.pool == BEST).all()
    assert found.censored == ("",) * len(KEPT)
    assert found.window == slice(0, len(KEPT))
    np.testing.assert_allclose(found.estimate, 30 / found.kept, rtol=0.06)
    np.testing.assert_allclose(found.control, 3 * found.kept**-0.5, rtol=0.06)
    slopes = found.slopes()
    of_part = slopes.groupby("part")["slope"].mean()
    assert of_part["pruned"] == pytest.approx(1.0, abs=0.05)
    assert of_part["control"] == pytest.approx(0.5, abs=0.05)
    assert of_part["difference"] == pytest.approx(0.5, abs=0.07)
    assert (slopes.loc[slopes["part"] == "difference", "low"] > 0).all()


def test_choosing_on_one_half_and_reading_on_the_other_has_no_luck() -> None:
    # Pools that are all alike: whatever is chosen, the truth is the same, and the mere minimum lies below it.
    biases, naive, errors = [], [], []
    for seed in range(40):
        found = pareto(*planted(noise=0.3, penalty=0.0, seed=seed), y="y", draws=60)
        truth = 30 / found.kept * np.exp(0.3**2 / 2)
        biases.append(np.log(found.estimate / truth))
        naive.append(np.log(found.naive / truth))
        errors.append(np.log(found.draws).std(axis=0))
    standard_error = np.mean(errors)
    assert abs(np.mean(biases)) < 0.3 * standard_error, "bias after the split, in standard errors of a point"
    # Kept sizes with several pools to choose from are biased by most of a standard error without it.
    assert np.mean([row[0] for row in naive]) < -0.7 * standard_error


def test_intervals_cover_the_planted_frontier() -> None:
    covered = []
    for seed in range(60):
        found = pareto(*planted(noise=0.1, seeds=8, seed=seed), y="y", draws=200)
        low, high = found.interval(np.log(found.draws), np.log(found.estimate))
        truth = np.log(30 / found.kept * np.exp(0.1**2 / 2))
        covered.append((low <= truth) & (truth <= high))
    assert 0.9 <= np.mean(covered) <= 0.995


def test_a_choice_at_the_edge_of_the_sweep_ends_the_window() -> None:
    found = pareto(*planted(best=100_000), y="y", draws=20)
    assert set(found.censored) == {LARGEST_POOL}
    assert found.window == slice(0, 1)
    runs, control = planted(best=100_000)
    capped = runs[runs["samples"] <= runs["n_train"] * 4]
    marks = pareto(capped, control, y="y", draws=20).censored
    assert marks == (SMALLEST_FRACTION, SMALLEST_FRACTION, SMALLEST_FRACTION, SMALLEST_FRACTION, LARGEST_POOL)


def test_where_no_whole_pool_was_swept_a_smaller_one_might_be_better() -> None:
    # The smaller the pool the better: at 50 to 200 kept, what is best is not there.
    runs, control = planted(best=1)
    runs = runs[(runs["samples"] > runs["n_train"]) | (runs["n_train"] >= 400)]
    found = pareto(runs, control, y="y", draws=20)
    assert found.censored == (LARGEST_FRACTION,) * 3 + ("", "")
    assert found.window == slice(3, 5)
    # With whole pools from 100 on, nothing is at an edge but the smallest number.
    found = pareto(*planted(best=1), y="y", draws=20)
    assert found.censored == (LARGEST_FRACTION, "", "", "", "")
    assert found.window == slice(1, 5)


def test_the_order_of_rows_does_not_matter_and_the_seed_does_all_chance() -> None:
    runs, control = planted()
    one = pareto(runs, control, y="y", draws=50)
    other = pareto(runs.sample(frac=1, random_state=1), control, y="y", draws=50)
    np.testing.assert_allclose(one.estimate, other.estimate, rtol=1e-12)
    np.testing.assert_allclose(one.draws, other.draws, rtol=1e-12)


def test_runs_without_an_error_are_counted_and_left_out() -> None:
    runs, control = planted()
    runs.loc[runs.index[:7], "y"] = np.nan
    found = pareto(runs, control, y="y", draws=20)
    assert [str(note) for note in found.notes] == [
        "frontier_runs_left_out: 7 runs of the frontier have no finite y"
    ]
    assert np.isfinite(found.estimate).all()


def test_the_table_has_a_row_per_part_and_number() -> None:
    table = pareto(*planted(), y="y", draws=50).table()
    assert table.groupby("part").size().to_dict() == {"control": 5, "pruned": 5}
    assert ((table["low"] < table["estimate"]) & (table["estimate"] < table["high"])).all()
    pruned = table[table["part"] == "pruned"]
    assert (pruned["keep_fraction"] == pruned["kept"] / pruned["pool"]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda runs: runs.drop(columns="samples"), "no column 'samples'"),
        (lambda runs: runs[runs["seed"] < 3], "has 3 repeats of seed.*takes 4"),
        (lambda runs: runs.assign(n_train=runs["n_train"] + 1), "share no number of kept examples"),
    ],
)
def test_runs_that_make_no_frontier_are_one_clear_error(change, message) -> None:
    runs, control = planted()
    with pytest.raises(LawbookError, match=message):
        pareto(change(runs), control, y="y")
