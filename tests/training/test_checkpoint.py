"""A checkpoint is resumed from if it is whole and the stack's own; else training starts anew and says why."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from lawbook.training import watch
from lawbook.training.checkpoint import Checkpoint
from lawbook.training.stack import train_stack

from .conftest import Configure


class StopError(Exception):
    """Training was stopped by its test."""


class Hostile:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


def cut(file: Path) -> None:
    """Keep the first half of a file."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file: Path) -> None:
    """Change one bit in the midst of a file."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def swap(file: Path) -> None:
    """Put another stack's state in the file's place."""
    other = Checkpoint(file.parent, "other")
    other.save(lambda path: torch.save({"state": torch.zeros(3)}, path))
    found = other.find()
    assert found is not None
    shutil.move(found, file)


@pytest.mark.parametrize("damage", [cut, flip, swap])
def test_a_damaged_checkpoint_is_reported_and_training_starts_anew(
    configure: Configure,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step_by_step: None,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[Path], None],
) -> None:
    configs = [configure(seed=seed, steps=20) for seed in (1, 2)]
    undisturbed = train_stack(configs)
    monkeypatch.setattr(watch, "CHECKPOINT_S", 0.0)

    def stop_at(step: int) -> None:
        if step == 12:
            raise StopError

    checkpoint = Checkpoint(tmp_path, "stack")
    with pytest.raises(StopError):
        train_stack(configs, checkpoint=checkpoint, heartbeat=stop_at)
    file = checkpoint.find()
    assert file is not None
    damage(file)
    seen: list[int] = []
    resumed = train_stack(configs, checkpoint=checkpoint, heartbeat=seen.append)

    assert seen[0] == 1
    assert f"{file} is damaged" in caplog.text
    assert torch.equal(resumed.stacked, undisturbed.stacked)
    assert resumed.curve == undisturbed.curve


@pytest.mark.parametrize("evaluated", [3, 20])
def test_a_checkpoint_of_an_evaluated_step_holds_its_metrics(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step_by_step: None, evaluated: int
) -> None:
    configs = [configure(seed=seed, steps=20) for seed in (1, 2)]
    undisturbed = train_stack(configs)
    assert evaluated in undisturbed.evaluations
    monkeypatch.setattr(watch, "CHECKPOINT_S", 0.0)
    monkeypatch.setattr(watch, "CHECKPOINT_SHARE", 1e9)  # one after every step
    save, saved = Checkpoint.save, []

    def stop_once_saved(checkpoint: Checkpoint, write: Callable[[Path], object]) -> None:
        save(checkpoint, write)
        saved.append(checkpoint)
        if len(saved) == evaluated:
            raise StopError

    monkeypatch.setattr(Checkpoint, "save", stop_once_saved)
    with pytest.raises(StopError):
        train_stack(configs, checkpoint=Checkpoint(tmp_path, "stack"))
    resumed = train_stack(configs, checkpoint=Checkpoint(tmp_path, "stack"))

    assert resumed.curve == undisturbed.curve
    assert resumed.diverged_step.tolist() == undisturbed.diverged_step.tolist()


def test_a_checkpoint_that_another_job_removes_meanwhile_is_done_without(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs = [configure(seed=seed, steps=20) for seed in (1, 2)]
    undisturbed = train_stack(configs)
    found = iter([tmp_path / "stack-removed.ckpt", None])
    monkeypatch.setattr(Checkpoint, "find", lambda _: next(found))

    trained = train_stack(configs, checkpoint=Checkpoint(tmp_path, "stack"))

    assert trained.curve == undisturbed.curve
    assert next(found, "both were asked for") == "both were asked for"


def test_a_pickle_under_a_checkpoints_name_is_not_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint, made = Checkpoint(tmp_path / "cache", "stack"), Hostile(tmp_path / "made")
    for write in (lambda path: path.write_bytes(pickle.dumps(made)), lambda path: torch.save([made], path)):
        checkpoint.save(write)
        assert len(list(checkpoint.folder.iterdir())) == 1, "the hash of such a file is right"
        assert checkpoint.find() is None
        assert "is no checkpoint" in caplog.text
        assert not list(checkpoint.folder.iterdir())
        caplog.clear()
    assert not made.folder.exists()


def test_a_later_state_takes_the_place_of_an_earlier_one_and_of_no_other_stack(tmp_path: Path) -> None:
    stacks = [Checkpoint(tmp_path, name) for name in ("one", "two")]
    for step in (1, 2):
        for stack in stacks:
            stack.save(lambda path, step=step: torch.save({"step": step}, path))

    assert len(list(tmp_path.iterdir())) == 2
    for stack in stacks:
        file = stack.find()
        assert file is not None
        assert torch.load(file, weights_only=True) == {"step": 2}
    stacks[0].remove()
    assert stacks[0].find() is None
    assert stacks[1].find() is not None


def test_a_state_that_cannot_be_written_leaves_the_earlier_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint = Checkpoint(tmp_path, "stack")
    checkpoint.save(lambda path: torch.save({"step": 1}, path))

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    checkpoint.save(fail)

    assert "No space left on device" in caplog.text
    assert checkpoint.find() is not None
    assert len(list(tmp_path.iterdir())) == 1
