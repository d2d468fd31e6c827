"""The one selection of rows: what a law takes is what its fit counts, and `status --why` names just those laws."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.conftest import Simulated

from lawbook.errors import LawbookError
from lawbook.results.selection import select, taken, where
from lawbook.storage.tables import write_table
from lawbook.studies import Plan, load_study, make_plan
from lawbook.workflow.explain import why


@dataclass(frozen=True)
class Block:
    """A law's block, as far as rows are concerned."""

    sweep: str | None = "sizes"
    where: dict[str, Any] = field(default_factory=dict)
    range: tuple[float, float] | None = None
    inputs: tuple[str, ...] = ("width",)
    y: str = "test_error"
    by: tuple[str, ...] = ()
    choose: str | None = None


RUNS = pd.DataFrame(
    {
        "run_id": list("abcdef"),
        "sweeps": ["sizes", "sizes,data", "data", "sizes", "sizes", "sizes"],
        "width": [1, 2, 4, 8, 8, 16],
        "learning_rate": [0.1, 0.1, 0.1, 0.1, 0.2, 0.1],
        "seed": 0,
        "test_error": [0.5, 0.4, 0.3, 0.2, 0.1, None],
        "validation_error": [0.5, 0.4, 0.3, 0.2, 0.3, None],
        "status": ["ok", "ok", "ok", "ok", "ok", "diverged"],
    }
)


@pytest.mark.parametrize(
    ("block", "selected", "took"),
    [
        (Block(), "abdef", "abde"),
        (Block(sweep=None), "abcdef", "abcde"),
        (Block(where={"width": [1, 8]}), "ade", "ade"),
        (Block(range=(2, 8)), "bde", "bde"),
        (Block(choose="learning_rate"), "abdef", "abd"),
        (Block(choose="learning_rate", by=("learning_rate",)), "abdef", "abde"),
    ],
)
def test_rows_are_selected_step_by_step(block: Any, selected: str, took: str) -> None:
    assert "".join(select(block, RUNS)["run_id"]) == selected
    assert "".join(sorted(taken(block, RUNS)["run_id"])) == took


def test_a_range_of_what_no_plan_knows_leaves_out_no_planned_run() -> None:
    block = Block(range=(2, 8), inputs=("step",))

    assert "".join(select(block, RUNS.drop(columns="test_error"))["run_id"]) == "abdef"  # type: ignore[arg-type]


@pytest.mark.parametrize("status", ["unconverged", "diverged", "failed"])
def test_lost_and_unconverged_runs_give_no_points_even_with_a_y(status: str) -> None:
    lost = RUNS.assign(status=RUNS["status"].where(RUNS["run_id"] != "a", status))

    assert "".join(taken(Block(), lost)["run_id"]) == "bde"  # type: ignore[arg-type]


def test_a_column_that_is_not_there_is_one_message() -> None:
    with pytest.raises(LawbookError, match="the runs have no column 'widht'; did you mean 'width'"):
        where(RUNS, {"widht": 2})


def test_what_a_law_takes_is_what_its_fit_counts(simulated: Simulated) -> None:
    fits = pd.read_parquet(simulated.folder / "fits.parquet")
    for name, law in simulated.study.content.laws.items():
        of_law = fits[(fits["law"] == name) & (fits["form"] == law.compare[0])].drop_duplicates("group")
        assert len(taken(law, simulated.runs)) == of_law["n_runs"].sum(), name


def test_status_names_just_the_laws_that_took_a_run(tmp_path: Path) -> None:
    (tmp_path / "asked.yaml").write_text(
        """
title: Ranges
question: Which law takes which run?
task: {name: digits}
model: {name: mlp, depth: 1, width: 8}
training: {steps: 10}
sweeps: {sizes: {axes: {width: [2, 4, 8], seed: {count: 2}}}}
laws:
  all_sizes: {sweep: sizes, y: test_error, x: width, compare: [power]}
  large_sizes: {sweep: sizes, y: test_error, x: width, compare: [power], range: [4, 8]}
  by_parameters: {sweep: sizes, y: test_error, x: n_params, compare: [power], where: {width: [2, 8]}}
figures: []
claims: []
limits: None.
"""
    )
    plan = make_plan(load_study(tmp_path / "asked.yaml"))
    run = next(run for run in plan.runs if run.config["width"] == 2)
    assert dict(why(plan, run, tmp_path, tmp_path))["laws"] == "all_sizes, by_parameters (by the plan)"

    named = _named_when_measured(plan, tmp_path)
    assert named == {
        2: "all_sizes, by_parameters",
        4: "all_sizes, large_sizes",
        8: "all_sizes, large_sizes, by_parameters",
    }


def _named_when_measured(plan: Plan, folder: Path) -> dict[int, str]:
    measured = plan.table().assign(test_error=0.1, status="ok", reason=None, n_train=1, n_unique=1)
    write_table(measured, folder / "runs.parquet", roles=plan.roles)
    spent: dict[str, Any] = {
        "versions": "{}", "digest": "", "cached": False, "engine": "stack", "stack_size": 1, "device": "cpu",
        "wall_s": 1.0, "data": "",
    }  # fmt: skip
    write_table(plan.table()[["run_id"]].assign(**spent), folder / "costs.parquet")
    return {
        run.config["width"]: dict(why(plan, run, folder, folder))["laws"]
        for run in plan.runs
        if run.config["seed"] == 0
    }


def test_an_axis_without_effect_does_not_keep_a_run_out() -> None:
    idle = {"learning_rate": RUNS["width"] == 1}

    assert "".join(where(RUNS, {"learning_rate": 0.2}, idle)["run_id"]) == "ae"
    assert "".join(where(RUNS, {"learning_rate": 0.2, "seed": 1}, idle)["run_id"]) == ""
