"""The check of a task: its examples or batches, its splits, and that they follow from the configuration alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lawbook.axes import Config
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import PoolTask, StreamTask, Task, tasks
from lawbook.training.losses import losses


def check_task(name: str, settings: Mapping[str, Any] | None = None) -> None:
    """Hold a task to its contract, at its default axes but for `settings`. Raises AssertionError."""
    task = tasks[name]
    config: Config = {
        "task": name, **TrainingAxes.defaults(), **PruningAxes.defaults(), **SeedAxes.defaults(),
        **task.axes().model_dump(), **({"copies": 1} if task.inputs == "copies" else {}), **(settings or {}),
    }  # fmt: skip
    assert task.inputs, "a task names the kind of its inputs"
    assert task.targets in losses[task.loss].targets, f"the loss {task.loss} takes no {task.targets} targets"
    assert set(task.shape_axes) <= set(config), "shape_axes are axes of the task"
    task.check(config)
    if isinstance(task, PoolTask):
        _check_pool(task, config)
    else:
        assert isinstance(task, StreamTask), "a task is a PoolTask or a StreamTask"
        _check_stream(task, config)


def _check_pool(task: PoolTask, config: Config) -> None:
    examples = task.examples(config)
    _check_targets(task, config, examples.targets)
    assert len(examples.inputs) == len(examples.targets), "an example has an input and a target"
    assert examples.inputs.dtype in (np.float32, np.int64), "inputs are float32 numbers or int64 tokens"
    assert np.isfinite(examples.inputs).all(), "inputs are finite"
    if not task.drawn:
        other = task.examples({**config, "seed": config["seed"] + 1})
        assert other.inputs is examples.inputs, "configurations that agree in shape_axes get the same array"
    again = task.examples(config)
    assert np.array_equal(again.inputs, examples.inputs), "examples follow from the configuration alone"
    splits = task.splits(config)
    assert set(splits) == {"pool", "validation", "test"}, "a task has a pool, a validation and a test split"
    every = np.concatenate([splits["validation"], splits["test"], splits["pool"]])
    assert ((every >= 0) & (every < len(examples.inputs))).all(), "splits are indices of examples"
    if task.n_eval(config) is not None:
        assert len(set(every.tolist())) == len(every), "splits share no example"
        n_targets = (
            examples.targets[splits["test"]].size if task.targets == "classes" else len(splits["test"])
        )
        assert task.n_eval(config) == n_targets, (
            "n_eval is the number of classes to be told in the test split"
        )
    assert len(splits["pool"]) >= config["samples"], "the pool has as many examples as are asked for"


def _check_stream(task: StreamTask, config: Config) -> None:
    configs = [config, {**config, "seed": config["seed"] + 1}]
    stack, alone = task.open(configs), task.open(configs[1:])
    inputs, targets = stack.batch(3)
    assert inputs.shape[0] == targets.shape[0] == 2, "a batch has a row for each run"
    assert inputs.shape[1] >= config["batch_size"], "a batch has batch_size examples"
    _check_targets(task, config, targets.reshape(-1, *targets.shape[2:]))
    assert np.array_equal(stack.batch(3)[0], inputs), "a batch follows from the seed and the step alone"
    assert np.array_equal(alone.batch(3)[0][0], inputs[1]), (
        "a run alone has the batches that it has in a stack"
    )
    assert not np.array_equal(stack.batch(4)[0], inputs), "each step has examples of its own"
    assert not np.array_equal(inputs[0], inputs[1]), "each seed has examples of its own"


def _check_targets(task: Task, config: Config, targets: NDArray[Any]) -> None:
    if task.targets == "classes":
        assert targets.dtype == np.int64, "classes are int64"
        assert 0 <= targets.min() <= targets.max() < task.n_outputs(config), "classes are below n_outputs"
    else:
        assert np.issubdtype(targets.dtype, np.floating), "real targets are floating-point numbers"
        outputs = targets.shape[1] if targets.ndim > 1 else 1
        assert outputs == task.n_outputs(config), "a real target has a number for each output"
        assert np.isfinite(targets).all(), "targets are finite"
