"""Frontiers of a study: which runs belong to one, and what is done with runs that make none."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lawbook.analyses import Inputs, compute_analysis
from lawbook.analyses.pruning_frontier.block import FrontierBlock
from lawbook.analyses.pruning_frontier.compute import frontier_of
from lawbook.analyses.pruning_frontier.section import verdict_row
from lawbook.errors import LawbookError
from lawbook.laws.repeats import independent
from lawbook.results.selection import OF_SELECTION
from lawbook.studies.axes import PruningAxes
from lawbook.tasks import PoolTask, tasks

BLOCK = FrontierBlock(sweep="kept", where={"metric": "el2n"})
KEPT = (50, 100, 200, 400, 800)


def runs_of(seeds: int = 8, noise: float = 0.05) -> pd.DataFrame:
    """Return runs that err 10 / kept by EL2N and 2 / kept^0.5 by random, whole pools among them."""
    rng = np.random.default_rng(0)
    rows = []
    for seed in range(seeds):
        for kept in KEPT:
            for samples in KEPT:
                for metric in ("random", "el2n") if kept < samples else ("random",):
                    error = 10 / kept if metric == "el2n" else 2 / kept**0.5
                    error *= np.exp(rng.normal(0, noise))
                    rows.append((metric, kept, samples, kept / samples, seed, error))
    columns = ["metric", "n_train", "samples", "keep_fraction", "seed", "test_error"]
    table = pd.DataFrame([row for row in rows if row[3] <= 1], columns=columns)
    return table.assign(sweeps="kept", label_noise=0.0)


def computed(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the tables of the block, as a study's analysis."""
    content = SimpleNamespace(analyses=SimpleNamespace(of={"pruning_frontier": {"el2n": BLOCK}}.__getitem__))
    plan = SimpleNamespace(study=SimpleNamespace(content=content))
    return compute_analysis("pruning_frontier", "el2n", Inputs(plan, SimpleNamespace(runs=runs)))


def test_the_axes_of_selections_are_those_of_pruning_and_of_margins() -> None:
    of_margins = {axis for t in tasks.values() if isinstance(t, PoolTask) for axis in t.margin_axes}
    assert set(OF_SELECTION) == (set(PruningAxes.model_fields) - {"keep_fraction", "kept"}) | of_margins


def test_whole_pools_belong_to_every_metric_but_not_to_other_data() -> None:
    clean = runs_of()
    noisy = clean.assign(label_noise=0.5, test_error=0.8)
    block = BLOCK.model_copy(
        update={
            "where": {"metric": "el2n", "label_noise": 0.0},
            "control": {"metric": "random", "label_noise": 0.0},
        }
    )
    found = frontier_of(block, pd.concat([clean, noisy], ignore_index=True))
    alone = frontier_of(BLOCK, clean)
    np.testing.assert_array_equal(found.control, alone.control)
    np.testing.assert_array_equal(found.estimate, alone.estimate)
    np.testing.assert_allclose(found.control, 2 / np.sqrt(KEPT), rtol=0.05)


def test_repeats_are_those_of_the_frontiers_own_sweep() -> None:
    runs = runs_of().assign(fold=0)
    other = runs.assign(sweeps="other", fold=1)
    assert frontier_of(BLOCK, pd.concat([runs, other], ignore_index=True)).n_repeats == 8
    assert independent(runs) == ["seed"]
    assert independent(pd.concat([runs, other])) == ["fold"]


def test_runs_without_a_mistake_count_in_the_mean() -> None:
    rng = np.random.default_rng(1)
    runs = runs_of(seeds=20)
    truth = 1.0 / runs["n_train"]
    counted = runs.assign(test_error=rng.binomial(180, truth) / 180)
    found = frontier_of(BLOCK, counted)
    assert (counted["test_error"] == 0).mean() > 0.2
    np.testing.assert_allclose(found.control, 1.0 / found.kept, rtol=0.35)
    table = found.table()
    assert np.isfinite(table.loc[table["estimate"] > 0, ["low", "high"]]).all().all()


def test_a_frontier_without_an_error_above_zero_is_undecided_and_told() -> None:
    tables = computed(runs_of().assign(test_error=0.0))
    verdict = tables["verdict"].iloc[0]
    assert verdict["verdict"] == "undecided"
    assert "0 points before one without an error above 0" in verdict["reason"]
    row = verdict_row("el2n", BLOCK, SimpleNamespace(table=tables.__getitem__))
    assert dict(row.cells)["error over control there"] == "–"


def test_no_runs_are_one_error_with_the_frontiers_name() -> None:
    with pytest.raises(
        LawbookError, match=r"analyses\.pruning_frontier\.el2n: the frontier has 3 repeats of seed"
    ):
        computed(runs_of(seeds=3))
