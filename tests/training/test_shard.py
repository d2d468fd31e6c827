"""A shard trains what the cache lacks, and its tables say what became of every run."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch

from lawbook.errors import AbandonedError
from lawbook.signals import heed_signals, ignore_signals
from lawbook.studies import cost as cost_module
from lawbook.studies.identity import Run, run_id
from lawbook.training import shard as shard_module
from lawbook.training import stack as stack_module
from lawbook.training import watch
from lawbook.training.shard import train_shard
from lawbook.training.weights import kept_weights

from .conftest import Configure


def make_runs(configure: Configure, *rates: float, steps: int = 12) -> list[Run]:
    configs = [configure(learning_rate=rate, steps=steps) for rate in rates]
    return [Run(run_id(config), config) for config in configs]


def test_a_finished_run_is_never_trained_again(configure: Configure, tmp_path: Path) -> None:
    first = make_runs(configure, 1e-3, 2e-3)
    curves, outcomes = train_shard(first, shard="a", cache=tmp_path, code="1")
    assert outcomes["cached"].tolist() == [False, False]
    more = make_runs(configure, 1e-3, 2e-3, 4e-3)
    again_curves, again = train_shard(more, shard="b", cache=tmp_path, code="1")
    assert again.set_index("run_id")["cached"].to_dict() == {
        run.run_id: run.config["learning_rate"] != 4e-3 for run in more
    }
    known = again_curves[again_curves["run_id"].isin(curves["run_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(known, curves)
    changed_code = train_shard(first, shard="a", cache=tmp_path, code="2")[1]
    assert changed_code["cached"].tolist() == [False, False]


def test_a_damaged_cache_file_is_reported_and_trained_again(
    configure: Configure, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runs = make_runs(configure, 1e-3)
    curves, _ = train_shard(runs, shard="a", cache=tmp_path, code="1")
    (file,) = tmp_path.rglob("*.parquet")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    again, outcomes = train_shard(runs, shard="a", cache=tmp_path, code="1")
    assert outcomes["cached"].tolist() == [False]
    assert "is damaged" in caplog.text
    pd.testing.assert_frame_equal(again, curves)


def test_a_cache_that_cannot_be_written_costs_no_result(
    configure: Configure, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runs = make_runs(configure, 1e-3)
    right, _ = train_shard(runs, shard="a", cache=tmp_path / "cache", code="1")
    (tmp_path / "occupied").write_text("a file, not a folder")

    curves, outcomes = train_shard(runs, shard="a", cache=tmp_path / "occupied", code="1")

    pd.testing.assert_frame_equal(curves, right)
    assert outcomes["cached"].tolist() == [False]
    assert "what is finished is not kept" in caplog.text


def test_a_diverged_run_has_a_row_a_step_a_reason_and_no_numbers(
    configure: Configure, tmp_path: Path
) -> None:
    runs = make_runs(configure, 1e-3, 1e6)
    curves, outcomes = train_shard(runs, shard="a", cache=tmp_path, code="1")
    row = outcomes.set_index("run_id").loc[runs[1].run_id]
    assert row["status"] == "diverged"
    assert row["diverged_step"] == 1
    assert "step 1" in row["reason"]
    values = curves.set_index("run_id").loc[runs[1].run_id]
    assert values["value"][values["step"] >= 1].isna().all()
    assert curves.set_index("run_id").loc[runs[0].run_id, "value"].notna().all()


def test_a_run_that_still_improves_is_unconverged_where_the_study_asks(
    configure: Configure, tmp_path: Path
) -> None:
    configs = [
        configure(learning_rate=rate, steps=40, samples=64, converged_within=0.05, evaluations=2)
        for rate in (1e-3, 0.1)
    ]
    runs = [Run(run_id(config), config) for config in configs]
    curves, outcomes = train_shard(runs, shard="a", cache=tmp_path, code="1")
    statuses = outcomes.set_index("run_id")["status"]
    assert [statuses[run.run_id] for run in runs] == ["unconverged", "ok"]
    assert "over the last half of the steps" in outcomes.set_index("run_id").loc[runs[0].run_id, "reason"]
    assert set(curves["step"]) == {0, 1, 20, 40}


def test_an_orphan_stops_and_the_next_job_resumes_from_its_checkpoint(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step_by_step: None
) -> None:
    runs = make_runs(configure, 1e-3, 2e-3, steps=30)
    undisturbed, _ = train_shard(runs, shard="a", cache=tmp_path / "other", code="1")
    monkeypatch.setattr(watch, "CHECKPOINT_S", 0.0)
    gone = _pid_of_a_finished_process()

    def lose_owner(done: int, _: int) -> None:
        if done >= 2 * 15:
            monkeypatch.setenv("LAWBOOK_OWNER_PID", str(gone))

    with pytest.raises(AbandonedError, match="run again to resume"):
        train_shard(runs, shard="a", cache=tmp_path, code="1", heartbeat=lose_owner)
    monkeypatch.delenv("LAWBOOK_OWNER_PID")
    beats: list[int] = []
    curves, _ = train_shard(
        runs, shard="a", cache=tmp_path, code="1", heartbeat=lambda done, _: beats.append(done)
    )
    assert beats[0] > 2
    pd.testing.assert_frame_equal(curves, undisturbed)


@pytest.fixture
def heeding() -> Iterator[None]:
    """Let signals be heeded as in a job."""
    heed_signals()
    yield
    ignore_signals()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_stops_at_a_checkpoint_of_this_very_step_and_a_retry_goes_on_from_it(
    configure: Configure,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step_by_step: None,
    heeding: None,
    number: signal.Signals,
) -> None:
    runs = make_runs(configure, 1e-3, 2e-3, steps=30)
    undisturbed, _ = train_shard(runs, shard="a", cache=tmp_path / "other", code="1")

    def signalled(done: int, _: int) -> None:
        if done == 2 * 20:
            os.kill(os.getpid(), number)

    with pytest.raises(AbandonedError, match=f"{number.name} came; run again to resume"):
        train_shard(runs, shard="a", cache=tmp_path, code="1", heartbeat=signalled)
    assert len(list(tmp_path.glob("*/*.ckpt"))) == 1, "long before one was due"
    ignore_signals()
    beats: list[int] = []
    curves, _ = train_shard(
        runs, shard="a", cache=tmp_path, code="1", heartbeat=lambda done, _: beats.append(done)
    )
    assert beats[0] == 2 * 21
    pd.testing.assert_frame_equal(curves, undisturbed)


def _pid_of_a_finished_process() -> int:
    pid = os.posix_spawnp("true", ["true"], os.environ)
    os.waitpid(pid, 0)
    return pid


def test_small_stacks_give_the_same_tables_as_a_large_one(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = make_runs(configure, 1e-3, 2e-3, 3e-3, 5e-3, 8e-3)
    whole, _ = train_shard(runs, shard="a", cache=tmp_path / "whole", code="1")
    for size in (1, 2):
        for module in (shard_module, cost_module):
            monkeypatch.setattr(module, "stack_size", lambda _, size=size: size)
        part, outcomes = train_shard(runs, shard="a", cache=tmp_path / str(size), code="1")
        pd.testing.assert_frame_equal(part, whole)
        assert outcomes["engine"].unique().tolist() == ["loop" if size == 1 else "stack"]


def test_training_uses_one_thread(configure: Configure, tmp_path: Path) -> None:
    train_shard(make_runs(configure, 1e-3, steps=1), shard="a", cache=tmp_path, code="1")
    assert torch.get_num_threads() == 1


def test_kept_weights_are_those_of_each_evaluation_and_change_no_number(
    configure: Configure, tmp_path: Path
) -> None:
    runs = make_runs(configure, 1e-3, 2e-3)
    plain, _ = train_shard(runs, shard="a", cache=tmp_path / "plain", code="1")
    curves, _ = train_shard(runs, shard="a", cache=tmp_path, code="1", keep=[runs[0].run_id])
    pd.testing.assert_frame_equal(curves, plain)
    found = kept_weights(runs, shard="a", cache=tmp_path, code="1")

    module = stack_module.train_stack([run.config for run in runs])
    assert list(found) == [run.run_id for run in runs]
    for place, run in enumerate(runs):
        assert set(found[run.run_id]) == set(curves["step"]) - {0}
        for name, tensor in module.weights.items():
            torch.testing.assert_close(found[run.run_id][12][name], tensor[place].detach(), rtol=0, atol=0)


def test_kept_weights_survive_a_stop(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step_by_step: None
) -> None:
    runs = make_runs(configure, 1e-3, steps=30)
    whole = kept_weights(runs, shard="a", cache=tmp_path / "whole", code="1")
    looks = iter(range(1000))
    monkeypatch.setattr(stack_module, "why_unwanted", lambda: "stop" if next(looks) == 14 else None)
    with pytest.raises(AbandonedError):
        kept_weights(runs, shard="a", cache=tmp_path, code="1")
    resumed = kept_weights(runs, shard="a", cache=tmp_path, code="1")

    ((_, before),), ((_, after),) = whole.items(), resumed.items()
    assert list(before) == list(after)
    for step, weights in before.items():
        for name, tensor in weights.items():
            torch.testing.assert_close(after[step][name], tensor, rtol=0, atol=0)
