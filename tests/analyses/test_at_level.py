"""Runs compared at one level: planted curves cross where they were planted, and what is read there is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from tests.analyses.drawn import content_of, written

from lawbook.analyses.at_level.answer import answer
from lawbook.analyses.at_level.block import AtLevelBlock
from lawbook.analyses.at_level.compute import crossing, level_tables
from lawbook.analyses.at_level.quantities.at_level import at_level
from lawbook.analyses.at_level.quantities.at_level_rank import at_level_rank
from lawbook.analyses.at_level.quantities.at_level_ratio import at_level_ratio
from lawbook.errors import LawbookError

WIDTHS, STEPS = [8, 16, 32], np.arange(0, 101, 20)
BLOCK = {"sweep": "all", "metric": "train_loss", "at_most": 0.3, "read": ["sharpness"], "x": "width"}


def planted(seeds: int = 4) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return runs whose loss is 1 - step width / 1600 and whose sharpness is 2 + seed / 10 + step / 10."""
    runs = pd.DataFrame(
        {"run_id": f"{width}-{seed}", "sweeps": "all", "status": "ok", "seed": seed, "width": width}
        for width in WIDTHS
        for seed in range(seeds)
    )
    rows = []
    for run in runs.to_dict("records"):
        for step in STEPS:
            loss, sharpness = 1 - step * run["width"] / 1600, 2 + run["seed"] / 10 + step / 10
            rows += [
                (run["run_id"], step, step, "train", "loss", loss),
                (run["run_id"], step, step, None, "sharpness", sharpness),
            ]
    columns = ["run_id", "step", "samples_seen", "split", "metric", "value"]
    return runs, pd.DataFrame(rows, columns=columns).assign(index=np.nan)


def test_what_is_read_lies_where_the_level_is_crossed(tmp_path: Path) -> None:
    runs, curves = planted()
    block = AtLevelBlock.model_validate(BLOCK)
    tables = level_tables(block, runs, curves)

    # 1 - step width / 1600 = 0.3 at step 1120 / width: 70 and 35, and after the last step at width 8.
    means = tables["means"].set_index("x")
    assert means["n_reached"].tolist() == [0, 4, 4]
    assert means.loc[[16, 32], "step"].tolist() == pytest.approx([70, 35])
    assert means.loc[[16, 32], "y"].tolist() == pytest.approx([2.15 + 7, 2.15 + 3.5])
    results = written("at_level", tables, tmp_path)
    found = results.analysis("at_level", "planted")
    wide = runs[runs["width"] > 8]
    assert at_level(found, runs[runs["width"] == 16])[0] == pytest.approx(9.15)
    assert np.isnan(at_level(found, runs)[0])
    ratio, low, high, n = at_level_ratio(found, runs, of={"width": 16}, over={"width": 32})[:4]
    assert (ratio, n) == (pytest.approx(9.15 / 5.65), 8)
    assert low < ratio < high
    rank, low, high, _ = at_level_rank(found, wide)
    assert rank == pytest.approx(
        -np.sqrt(16 / 21)
    )  # two groups of four, apart: 4 over √(10.5 · 2) with ranks from 1 to 8
    assert low == rank == high, "the repeats agree in their ranks"
    (clause,) = answer(content_of("at_level", block), results)
    assert "where the train loss has fallen to 0.3, the sharpness is 9.1" in clause
    with pytest.raises(LawbookError, match="is not read"):
        at_level(found, runs, "loss")


def test_growth_and_change_are_those_of_the_first_and_last_evaluation() -> None:
    runs, curves = planted(seeds=1)
    for give, expected in (("growth", 9 / 2), ("change_after", 3.0)):
        tables = level_tables(AtLevelBlock.model_validate({**BLOCK, "give": give}), runs, curves)
        assert tables["values"].set_index("x").loc[16, "y"] == pytest.approx(expected)
    late = curves[(curves["metric"] == "loss") | (curves["step"] >= 80)]
    tables = level_tables(AtLevelBlock.model_validate(BLOCK), runs, late)
    assert tables["values"]["y"].isna().all(), "not measured before the level"


def test_crossings() -> None:
    steps, values = np.array([0.0, 1.0, 4.0]), np.array([0.0, 0.5, 1.0])
    assert crossing(steps, values, 0.75, rising=True) == 2.5
    assert crossing(steps, values, 0.0, rising=True) == 0.0
    assert np.isnan(crossing(steps, values, 1.5, rising=True))


def test_a_level_is_one_of_two() -> None:
    with pytest.raises(ValidationError, match="one of the two"):
        AtLevelBlock.model_validate({**BLOCK, "at_least": 1})
    runs, curves = planted(seeds=1)
    with pytest.raises(LawbookError, match="the curves have no 'test_loss'"):
        level_tables(AtLevelBlock.model_validate({**BLOCK, "metric": "test_loss"}), runs, curves)
