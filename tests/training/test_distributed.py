"""Several processes train one run as one process does, and none outlives what goes wrong in another."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.multiprocessing.spawn import ProcessExitedException

from lawbook.errors import AbandonedError, LawbookError
from lawbook.measurements import measurements
from lawbook.models import models
from lawbook.signals import heed_signals, ignore_signals
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.studies.cost import engine, run_cost, stack_size
from lawbook.tasks import tasks
from lawbook.training import distributed
from lawbook.training.checkpoint import Checkpoint
from lawbook.training.distributed import train_distributed
from lawbook.training.losses import losses
from lawbook.training.measure import Request
from lawbook.training.outcome import Trained
from lawbook.training.stack import StackedRuns, open_source, train_stack

from .conftest import Configure


@pytest.fixture
def heeding() -> Iterator[None]:
    """Heed signals as a job does."""
    heed_signals()
    yield
    ignore_signals()


def largest_difference(one: Trained, other: Trained) -> float:
    """Return by how much two curves of the same run differ at most."""
    assert one.curve.keys() == other.curve.keys()
    return max(
        abs(value - other.curve[step][name][0])
        for step, metrics in one.curve.items()
        for name, (value,) in metrics.items()
    )


MARK = 99.0


def mark(checkpoint: Checkpoint) -> None:
    """Write a mark into the curve of a checkpoint after its first step, by which it is known again."""
    file = checkpoint.find()
    assert file is not None
    state = torch.load(file, weights_only=True)
    assert state["global_step"] == 1
    state["curve"][1]["test/loss"] = [MARK]
    checkpoint.save(lambda path: torch.save(state, path))


@pytest.mark.slow
def test_two_processes_give_the_curve_of_one_also_when_they_are_stopped_and_resume(
    configure: Configure, tmp_path: Path, heeding: None
) -> None:
    config = configure(
        steps=120, dtype="float64", optimizer="adamw", learning_rate=1e-2, weight_decay=0.1, gradient_clip=0.5,
        schedule="cosine", label_noise=0.2, keep_fraction=0.5, metric="el2n",
    )  # fmt: skip
    scores = np.random.default_rng(0).random(config["samples"])
    measured = [Request(name, measurements[name](), "1") for name in ("gradient_norm", "sharpness")]
    alone = train_stack([config], {0: scores}, requests=measured).trained
    checkpoint = Checkpoint(tmp_path, "run")
    two = config | {"devices": 2, "strategy": "ddp"}

    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(AbandonedError, match="SIGTERM came; run again to resume"):
        train_distributed(two, scores, checkpoint=checkpoint, requests=measured)
    mark(checkpoint)
    ignore_signals()
    resumed = train_distributed(two, scores, checkpoint=checkpoint, requests=measured)

    assert resumed.measured.keys() == alone.measured.keys()
    for step, columns in alone.measured.items():
        for name, (value,) in columns.items():
            assert resumed.measured[step][name] == pytest.approx([value], rel=1e-9)
    assert resumed.curve[1].pop("test/loss") == [MARK]
    assert alone.curve[1].pop("test/loss") != [MARK]
    assert largest_difference(resumed, alone) < 1e-12
    assert resumed.n_train == alone.n_train
    assert resumed.diverged_step == [-1]
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_death_of_one_process_ends_the_others(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "GRACE_S", 0.5)
    others = set(multiprocessing.active_children())

    def kill_one(step: int) -> None:
        max(set(multiprocessing.active_children()) - others, key=lambda process: process.pid or 0).kill()

    began = time.monotonic()
    with pytest.raises(ProcessExitedException, match="SIGKILL"):
        train_distributed(
            configure(steps=10**6, devices=2), checkpoint=Checkpoint(tmp_path, "run"), heartbeat=kill_one
        )
    assert time.monotonic() - began < 60
    assert set(multiprocessing.active_children()) <= others


def test_a_mistake_in_a_process_is_told_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configure: Configure
) -> None:
    monkeypatch.setenv("LOCAL_RANK", "")
    monkeypatch.setenv("LAWBOOK_DOWNLOADS", str(tmp_path))
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(b"another file")
    messages: Any = queue.SimpleQueue()
    config = configure() | {"task": "cifar10", "augment": "none", "devices": 2}
    channel = distributed._Channel(messages, None)
    arguments = (config, {}, 2, Checkpoint(tmp_path, "run"), None, {}, channel, ())
    try:
        with pytest.raises(LawbookError, match="its MD5 is"):
            distributed._train_share(1, *arguments)
    finally:
        ignore_signals()
    with pytest.raises(LawbookError, match="its MD5 is"):
        distributed._attend(None, channel, None)


def oracle(**fields: Any) -> dict[str, Any]:
    """Return a run of the task sgd_oracle, of two copies."""
    config: dict[str, Any] = {"task": "sgd_oracle", "model": "linear"}
    for axes in (tasks["sgd_oracle"].axes, models["linear"].axes, TrainingAxes, PruningAxes, SeedAxes):
        config |= axes().model_dump()
    return config | {"modes": 16, "copies": 2, "batch_size": 12, "steps": 3, "optimizer": "sgd"} | fields


@pytest.mark.parametrize("devices", [2, 3, 4])
@pytest.mark.parametrize("task", ["digits", "sgd_oracle"])
def test_the_shares_of_a_batch_have_its_gradient_in_the_mean(
    configure: Configure, task: str, devices: int
) -> None:
    fields = {"dtype": "float64", "batch_size": 12, "seed": 3}
    config = oracle(**fields) if task == "sgd_oracle" else configure(**fields)

    def gradient(first: int, every: int) -> torch.Tensor:
        module = StackedRuns([config | {"devices": devices}], open_source([config], {}))
        with torch.no_grad():
            module.stacked += torch.linspace(-0.1, 0.1, module.stacked.shape[1], dtype=torch.float64)
        inputs, targets = (part[:, first::every] for part in module.source.batch(0))
        losses[tasks[task].loss].descended(module(inputs), targets).sum().backward()
        found = module.stacked.grad
        assert found is not None
        return found

    shares = torch.stack([gradient(rank, devices) for rank in range(devices)])
    whole = gradient(0, 1)
    assert whole.abs().max() > 1e-3
    assert (shares.mean(0) - whole).abs().max() < 1e-15
    assert (shares[0] - whole).abs().max() > 1e-3


def test_a_run_of_several_devices_is_planned_alone_and_by_its_share(configure: Configure) -> None:
    one, four = configure(width=512, batch_size=64), configure(width=512, batch_size=64, devices=4)
    assert (engine(one), engine(four)) == ("stack", "distributed")
    assert stack_size(four) == 1
    assert run_cost(four).flops == run_cost(one).flops
    assert run_cost(four).bytes < run_cost(one).bytes
    large = {"steps": 10**4, "width": 4096, "depth": 4, "batch_size": 1024}
    seconds = [run_cost(configure(**large, devices=devices)).seconds for devices in (1, 4)]
    assert seconds[1] == pytest.approx(seconds[0] / 4, rel=0.01)
    short = [run_cost(configure(devices=devices)).seconds for devices in (1, 4)]
    assert short[0] < short[1], "a small model gains nothing"
