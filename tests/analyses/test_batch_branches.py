"""Branches with larger batches: planted critical batch sizes come back; what lies beyond the branches is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.analyses.drawn import content_of, written
from tests.analyses.planted_branches import branches

from lawbook.analyses.batch_branches.answer import answer
from lawbook.analyses.batch_branches.block import BatchBranchesBlock
from lawbook.analyses.batch_branches.compute import branch_tables
from lawbook.analyses.batch_branches.quantities.branched_batch import branched_batch
from lawbook.analyses.batch_branches.section import branch_texts
from lawbook.errors import LawbookError
from lawbook.results.reader import Results

CRITICAL = {64: 10.0, 256: 20.0, 1024: 40.0}
BLOCK = BatchBranchesBlock(sweep="all")


def of(tables: dict[str, pd.DataFrame], folder: Path) -> Results:
    """Return the results of an analysis as a quantity reads them."""
    written("batch_branches", tables, folder)
    return Results(folder).analysis("batch_branches", "planted")


def test_planted_critical_batches_and_their_exponent_come_back(tmp_path: Path) -> None:
    runs = branches({8: CRITICAL})
    tables = branch_tables(BLOCK, runs, draws=200)
    found = tables["critical"].set_index("growth_step")
    for step, batch in CRITICAL.items():
        assert found.loc[step, "critical_batch"] == pytest.approx(batch, rel=0.05)
        assert found.loc[step, "low"] <= found.loc[step, "critical_batch"] <= found.loc[step, "high"]
    assert list(found["samples"]) == [256, 1024, 4096]
    results = of(tables, tmp_path)
    value, low, high, n = branched_batch(results, runs, of="exponent")
    assert value == pytest.approx(0.5, abs=0.03)
    assert low <= value <= high
    assert n == len(runs)
    assert branched_batch(results, runs, step=256)[0] == found.loc[256, "critical_batch"]
    with pytest.raises(LawbookError, match=r"step = 7: branches leave at 64, 256, 1024"):
        branched_batch(results, runs, step=7)


def test_a_branch_on_which_nothing_is_lost_lies_beyond(tmp_path: Path) -> None:
    runs = branches({8: {64: 10.0, 256: 1e9, 1024: 1e12}})
    tables = branch_tables(BLOCK, runs, draws=100)
    late = tables["critical"].set_index("growth_step").loc[1024]
    assert late["beyond"]
    assert late["critical_batch"] == 128
    assert np.isnan(late["high"])
    assert np.isnan(tables["growth"]["exponent"]).all()
    results = of(tables, tmp_path)
    assert np.isnan(branched_batch(results, runs, step=1024)[0])
    (clause,) = answer(content_of("batch_branches", BLOCK), Results(tmp_path))
    assert clause.endswith("and above 128 after 4,096 examples")
    assert [row[-1] for row in branch_texts("planted", BLOCK, results).rows][1:] == ["above 128", "above 128"]


def test_a_branch_that_diverged_rises_without_end(tmp_path: Path) -> None:
    runs = branches({8: {64: 1e9}})
    runs.loc[runs["batch_growth"] == 16, "test_loss"] = np.nan
    runs.loc[runs["batch_growth"] == 32, "test_loss"] = np.nan
    tables = branch_tables(BLOCK, runs, draws=100)
    (row,) = tables["critical"].to_dict("records")
    assert row["critical_batch"] == pytest.approx(32)  # the largest that ended, 8 times 4 examples
    told = branch_texts("planted", BLOCK, of(tables, tmp_path)).branch_rows
    assert [texts[-1] for texts in told][-2:] == ["diverged", "diverged"]


def test_a_seed_without_the_run_that_goes_on_is_one_clear_error() -> None:
    runs = branches({8: CRITICAL})
    with pytest.raises(LawbookError, match=r"seeds lack the run whose batches did not grow"):
        branch_tables(BLOCK, runs.drop(index=runs.index[0]))
