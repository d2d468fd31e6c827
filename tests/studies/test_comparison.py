"""One study compares models, or tasks: each grid may fix another one, as a study of it alone would."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from lawbook.studies import Plan
from lawbook.studies.plan import shard_digest

BOTH = """
task: {name: digits}
model: {name: mlp, depth: 2}
training: {steps: 20, batch_size: full}
sweeps:
  kinds:
    union:
      - axes: {width: [8, 16], samples: [40, 80]}
      - axes: {width: [2, 4]}
        set: {model: {name: resnet18, channels: 1}, learning_rate: 0.01, samples: 40}
"""
ALONE = """
task: {name: digits}
model: {name: resnet18, channels: 1}
training: {steps: 20, batch_size: full}
sweeps:
  kinds: {axes: {width: [2, 4]}, set: {learning_rate: 0.01, samples: 40}}
"""
TASKS = """
task: {name: perceptron, dimension: 20}
model: {name: max_margin}
training: {}
sweeps:
  kinds:
    union:
      - axes: {samples: [30, 50]}
      - axes: {samples: [30, 50]}
        set: {task: {name: gaussian_regression, dimension: 20}, model: {name: min_norm}}
"""


@pytest.fixture
def plan_of(planned: Callable[..., Plan]) -> Callable[[str], Plan]:
    """Return a function that plans a study from its text."""
    return lambda text: planned(**yaml.safe_load(text))


def test_runs_are_those_of_a_study_of_the_model_alone(plan_of: Callable[[str], Plan]) -> None:
    both, alone = plan_of(BOTH), plan_of(ALONE)
    of_model = [run for run in both.runs if run.config["model"] == "resnet18"]
    assert {run.run_id: run.config for run in of_model} == {run.run_id: run.config for run in alone.runs}
    assert both.entries > alone.entries


def test_shards_are_named_by_model_and_what_varies_of_it(plan_of: Callable[[str], Plan]) -> None:
    assert set(plan_of(BOTH).shards) == {
        f"model=mlp_width={width}_batch_size={n}" for width in (8, 16) for n in (40, 80)
    } | {"model=resnet18_width=2", "model=resnet18_width=4"}
    alone, both = plan_of(ALONE).shards["width=2"], plan_of(BOTH).shards["model=resnet18_width=2"]
    assert shard_digest(alone) == shard_digest(both)


def test_an_axis_that_a_model_lacks_is_null_and_whole_numbers_stay_whole(
    plan_of: Callable[[str], Plan],
) -> None:
    table = plan_of(BOTH).table()
    mlp = table["model"] == "mlp"
    assert table["depth"].isna().equals(~mlp)
    assert table["channels"].isna().equals(mlp)
    assert str(table["depth"].dtype) == str(table["channels"].dtype) == "Int64"
    assert table["batch_size"].tolist() == table["samples"].tolist(), "a full batch is all that is kept"
    assert set(table["order"]) == {"fixed"}


def test_tasks_are_compared_alike(plan_of: Callable[[str], Plan]) -> None:
    plan = plan_of(TASKS)
    assert set(plan.shards) == {
        "task=perceptron_model=max_margin",
        "task=gaussian_regression_model=min_norm",
    }
    assert plan.table()["signal"].isna().sum() == 2


def test_warmups_and_batches_are_resolved(plan_of: Callable[[str], Plan]) -> None:
    text = ALONE.replace("batch_size: full", "batch_size: 8, warmup_samples: 40")
    assert {run.config["warmup_steps"] for run in plan_of(text).runs} == {5}
    same = ALONE.replace("batch_size: full", "batch_size: 8, warmup_steps: 5")
    assert [run.run_id for run in plan_of(text).runs] == [run.run_id for run in plan_of(same).runs]
