"""Derived columns: first crossings between two evaluations, and bounds that hold whatever is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lawbook.errors import LawbookError
from lawbook.results.collect import collect_runs
from lawbook.results.derived import check_steps, derive, is_censored
from lawbook.storage.columns import COLUMNS
from lawbook.storage.tables import write_table
from lawbook.studies import load_study, make_plan
from lawbook.studies.columns_block import ColumnBlock, bounded, bounds_of, in_order
from lawbook.training.shard import train_shard

STEPS = [0, 10, 20, 50, 100]


def blocks(**said: Any) -> dict[str, ColumnBlock]:
    return {name: ColumnBlock.model_validate(block) for name, block in said.items()}


def curves_of(losses: dict[str, list[float | None]]) -> pd.DataFrame:
    """Return the curves of runs of 8 samples a step with these test losses at STEPS."""
    rows = [
        (run, step, 8 * step, "test", "loss", None, value)
        for run, values in losses.items()
        for step, value in zip(STEPS, values, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS["curves"]))


LOSSES: dict[str, list[float | None]] = {
    "before training": [0.1, 3.0, 2.0, 0.9, 0.5],
    "at once": [3.0, 0.9, 0.8, 0.7, 0.6],
    "and back": [3.0, 2.0, 0.9, 2.0, 1.5],
    "never": [3.0, 2.0, 2.0, 2.0, 2.0],
    "diverged": [3.0, 2.0, 2.0, None, None],
    "diverged at once": [3.0, None, None, None, None],
    "failed": [None, None, None, None, None],
}
RUNS = pd.DataFrame(
    {
        "run_id": list(LOSSES),
        "status": ["ok", "ok", "ok", "ok", "diverged", "diverged", "failed"],
        "flops": 1000.0,
        "width": 4,
        "test_loss": [values[-1] for values in LOSSES.values()],
        "train_loss": 0.5,
    }
)


def test_a_first_step_is_an_evaluation_and_lies_after_the_one_before() -> None:
    found = derive(RUNS, curves_of(LOSSES), blocks(known={"first": "step", "test_loss": {"at_most": 1.0}}))
    expected = {
        "before training": (50, 20, 50), "at once": (10, 0, 10), "and back": (20, 10, 20),
        "never": (None, 100, None), "diverged": (None, 20, None), "diverged at once": (None, 0, None),
        "failed": (None, None, None),
    }  # fmt: skip
    told = found.set_index("run_id")[["known", "known_low", "known_high"]].astype(object)
    assert {run: tuple(None if pd.isna(v) else v for v in row) for run, row in told.T.items()} == expected
    assert found["run_id"][is_censored(found, "known")].tolist() == ["never", "diverged"]
    pd.testing.assert_frame_equal(found[list(RUNS)], RUNS)


def test_places_are_steps_samples_or_flops_and_levels_are_met_from_either_side() -> None:
    found = derive(
        RUNS,
        curves_of(LOSSES),
        blocks(
            seen={"first": "samples_seen", "test_loss": {"at_most": 0.9}},
            spent={"first": "flops", "test_loss": {"at_most": 0.9}},
            high={"first": "step", "test_loss": {"at_least": 2.0}},
        ),
    ).set_index("run_id")
    assert found.loc["before training", ["seen", "spent", "spent_low"]].tolist() == [400, 500, 200]
    assert found.loc["never", ["seen_low", "spent_low"]].tolist() == [800, 1000]
    assert found.loc["and back", "high"] == 10


def test_a_metric_that_no_run_has_is_reached_by_none() -> None:
    names = ["failed", "diverged at once"]
    runs, curves = RUNS[RUNS["run_id"].isin(names)], curves_of({name: LOSSES[name] for name in names})
    for place in ("step", "flops"):
        found = derive(runs, curves, blocks(known={"first": place, "test_loss": {"at_most": 1.0}}))
        assert found["known"].isna().all()
        assert found["known_low"].tolist() == pytest.approx([0.0, np.nan], nan_ok=True)


def test_values_of_the_curve() -> None:
    asked = blocks(
        at_20={"at": {"metric": "test_loss", "step": 20}},
        best={"smallest": "test_loss"},
        worst={"largest": "test_loss"},
    )
    found = derive(RUNS, curves_of(LOSSES), asked).set_index("run_id")
    assert found.loc["before training", ["at_20", "best", "worst"]].tolist() == [2.0, 0.5, 3.0]
    assert found.loc["diverged at once", ["at_20", "best", "worst"]].isna().all()
    assert set(found) == {*RUNS, "at_20", "best", "worst"} - {"run_id"}, "no bounds where nothing is censored"


def test_a_step_counts_at_which_the_runs_of_another_shard_alone_are_evaluated() -> None:
    asked = blocks(x={"at": {"metric": "test_loss", "step": 30}})
    assert derive(RUNS, curves_of(LOSSES), asked)["x"].isna().all()
    check_steps(asked, {1, 30})
    with pytest.raises(LawbookError, match="no run was evaluated at step 30, but at 10, 20, 50, 100"):
        check_steps(asked, {10, 20, 50, 100})


def test_what_is_made_of_a_censored_value_is_bounded_on_the_right_side() -> None:
    asked = blocks(
        lag={"ratio": ["late", "early"]},
        reverse={"ratio": ["early", "late"]},
        gap={"difference": ["test_loss", "train_loss"]},
        wait={"difference": ["late", "early"]},
        minus={"product": ["late", -0.5]},
        early={"first": "step", "test_loss": {"at_most": 2.5}},
        late={"first": "step", "test_loss": {"at_most": 1.0}},
    )
    found = derive(RUNS, curves_of(LOSSES), asked).set_index("run_id")
    never = found.loc["never"]
    assert never[["lag", "reverse", "wait", "minus"]].isna().all()
    assert (never["lag_low"], never["lag_high"]) == (10, pytest.approx(np.nan, nan_ok=True))
    assert (never["reverse_low"], never["reverse_high"]) == (0, 0.1)
    assert (never["wait_low"], np.isnan(never["wait_high"])) == (90, True)
    assert (np.isnan(never["minus_low"]), never["minus_high"]) == (True, -50)
    seen = found.loc["before training"]
    assert seen[["lag", "reverse", "wait", "gap", "minus"]].tolist() == [2.5, 0.4, 30, 0.0, -25]
    assert seen[["wait_low", "wait_high", "lag_low"]].tolist() == [0, 40, 1]
    assert seen["lag_high"] == 5
    assert np.isnan(found.loc["at once", "lag_high"]), "known by the first evaluation, perhaps long before"
    assert bounded(asked) == [name for name in in_order(asked) if name != "gap"]
    assert "gap_low" not in found


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.booleans(), st.booleans()),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
    st.sampled_from(["ratio", "difference", "product"]),
    st.floats(0.1, 10),
)
def test_bounds_hold_for_all_that_the_operands_may_be(
    censored: tuple[bool, bool], place: tuple[float, float], kind: str, scale: float
) -> None:
    """Each operand lies anywhere between two evaluations, or anywhere above the last one."""
    asked = blocks(
        a={"first": "step", "test_loss": {"at_most": 0.1 if censored[0] else 1.0}},
        b={"first": "step", "test_loss": {"at_most": 0.1 if censored[1] else 0.5}},
        made={kind: ["a", "b"]},
        scaled={"ratio": ["made", -scale]},
    )
    curves = curves_of({"r": [3.0, 2.0, 2.0, 1.0, 0.5]})
    found = derive(RUNS.iloc[:1].assign(run_id="r"), curves, asked).iloc[0]
    ends = [(20, 50), (50, 100)]
    x, y = (
        100 / (1 - 0.999 * share) if late else low + share * (high - low)
        for (low, high), late, share in zip(ends, censored, place, strict=True)
    )
    made = {"ratio": x / y, "difference": x - y, "product": x * y}[kind]
    for name, truth in (("made", made), ("scaled", made / -scale)):
        low, high = (found[bound] for bound in bounds_of(name))
        assert np.isnan(low) or low <= truth + 1e-9 * abs(truth)
        assert np.isnan(high) or truth <= high + 1e-9 * abs(truth)
    assert np.isnan(found["made"]) == any(censored), "a bound never stands where a value would"


STUDY = """
title: Derived
question: Is every column there?
task: {name: digits}
model: {name: mlp}
training: {steps: 40, learning_rate: 0.01}
sweeps:
  grid: {axes: {width: [4, 16], samples: [80], learning_rate: [0.01, 1000000.0]}}
columns:
  learned: {first: step, train_error: {at_most: 0.5}}
  perfect: {first: step, test_loss: {at_most: 1.0e-9}}
  lag: {ratio: [perfect, learned]}
  gap: {difference: [test_loss, train_loss]}
shard_flops: LIMIT
"""


def test_collecting_derives_the_same_columns_however_runs_were_sharded(tmp_path: Path) -> None:
    tables = []
    for limit in ("1e12", "1.0"):
        (folder := tmp_path / limit).mkdir()
        (folder / "derived.yaml").write_text(STUDY.replace("LIMIT", limit))
        plan = make_plan(load_study(folder / "derived.yaml"))
        files = []
        for name, shard in plan.shards.items():
            curves, outcomes = train_shard(shard, shard=name, cache=folder / "cache", code="1")
            files.append(folder / f"{name}.parquet")
            write_table(curves, files[-1], "curves")
            write_table(outcomes, files[-1].with_suffix(".runs.parquet"), "outcomes")
        runs, _ = collect_runs(plan, files)
        write_table(runs, folder / "runs.parquet", roles=plan.roles)
        tables.append((folder / "runs.parquet").read_bytes())
    assert tables[0] == tables[1]
    derived = [column for column, role in plan.roles.items() if role == "derived"]
    assert [c for c in runs if c in derived] == [
        "learned", "learned_low", "learned_high", "perfect", "perfect_low", "perfect_high", "lag", "lag_low",
        "lag_high", "gap",
    ]  # fmt: skip
    ok = runs[runs["status"] == "ok"]
    assert (ok["gap"] == ok["test_loss"] - ok["train_loss"]).all()
    assert ok["perfect"].isna().all()
    assert (ok["perfect_low"] == 40).all()
    wide = ok[ok["width"] == 16].iloc[0]
    assert wide["learned_low"] < wide["learned"] <= 40
    assert wide["lag_low"] == 40 / wide["learned"]
