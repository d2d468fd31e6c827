"""Event files: those of TensorBoard itself, and of an independent writer; damaged, cut off, restarted, hostile."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import pytest
from tests.imports.event_writer import event, field, hparams, record, restart, scalar, tensor, write_events

from lawbook.imports import Rejected, Run, UnreadableError
from lawbook.imports._answers import Answers
from lawbook.imports._event_file import read_event, records

WRITTEN_BY_TENSORBOARD = Path(__file__).with_name("written_by_tensorboard.tfevents")
"""Written by TensorBoard 2.21 (EventFileWriter): hyperparameters, and at five steps scalars as simple values and as
tensors of float, double and int64, and a histogram and a text, which are no scalars."""


def test_what_tensorboard_writes_is_read(tmp_path: Path, read) -> None:
    (tmp_path / "logs/a").mkdir(parents=True)
    (tmp_path / "logs/a/events.out.tfevents.1.x").write_bytes(WRITTEN_BY_TENSORBOARD.read_bytes())
    (run,) = read("tensorboard", tmp_path / "logs")

    assert run.run_id == "a"
    assert run.config == {"n_params": 10_000, "lr": 1e-3, "act": "relu", "bias": True}
    assert list(run.curve([])) == [0, 10, 20, 30, 40]
    last = {key: round(value, 6) for key, value in run.summary.items()}
    assert last == {"train/loss": 2.2, "tokens": 40_000.0, "val/loss": 2.2, "dbl": 40.0, "neg": -40.0}


def test_numbers_are_read_from_every_form_of_scalar(tmp_path: Path, read) -> None:
    write_events(
        tmp_path / "logs",
        event(7, scalar("simple", 0.5)),
        event(7, tensor("double", 2, struct.pack("<d", math.pi))),
        event(7, tensor("half", 19, struct.pack("<e", 0.25))),
        event(7, tensor("whole", 3, struct.pack("<i", -3))),
        event(7, tensor("vector", 1, struct.pack("<ff", 1, 2))),
        event(7, tensor("words", 7, b"words")),
        event(2**63 - 1, scalar("late", 1.0)),
        event(-1, scalar("early", 1.0)),
    )
    (run,) = read("tensorboard", tmp_path / "logs")

    assert run.run_id == "logs"
    assert run.curve([])[7] == {"simple": 0.5, "double": math.pi, "half": 0.25, "whole": -3.0}
    assert list(run.curve([])) == [-1, 7, 2**63 - 1]


def test_a_run_that_is_still_writing_gives_what_it_has(tmp_path: Path, read) -> None:
    file = write_events(tmp_path / "logs", event(0, scalar("loss", 3.0)), event(1, scalar("loss", 2.0)))
    whole = file.read_bytes()
    for cut in range(len(whole) - len(event(1, scalar("loss", 2.0))) + 1, len(whole)):
        file.write_bytes(whole[:cut])
        answers = Answers(tmp_path / "answers")
        (run,) = read("tensorboard", tmp_path / "logs", answers)
        assert run.summary == {"loss": 3.0}
        assert "its last record is cut off" in answers.notes[0]


def test_no_changed_byte_goes_unnoticed() -> None:
    whole = event(0, scalar("loss", 3.0)) + event(1, scalar("loss", 2.0))
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        with pytest.raises(UnreadableError, match="checksum"):
            list(records(bytes(damaged)))


def test_a_damaged_file_rejects_its_run_alone(tmp_path: Path, type_import) -> None:
    for name in ("good", "bad"):
        config = event(0, hparams({"n_params": 100.0}))
        file = write_events(tmp_path / "logs" / name, config, event(1, scalar("val/loss", 2.0)))
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    done = type_import("tensorboard", "logs")

    assert (done.code, list(done.table["run"])) == (0, ["good"])
    assert "checksum of a record is wrong" in done.rejected["reason"][0]


def test_a_restart_takes_back_what_came_after_it(tmp_path: Path, read) -> None:
    write_events(
        tmp_path / "logs", *(event(step, scalar("loss", 9.0 - step), 100.0 + step) for step in range(6))
    )
    write_events(
        tmp_path / "logs", restart(3, 200.0), event(3, scalar("loss", 1.0), 201.0), name="b.tfevents.2"
    )
    (run,) = read("tensorboard", tmp_path / "logs")

    assert run.curve([]) == {0: {"loss": 9.0}, 1: {"loss": 8.0}, 2: {"loss": 7.0}, 3: {"loss": 1.0}}


def test_the_only_folder_of_hyperparameters_is_part_of_its_run(tmp_path: Path, read) -> None:
    write_events(tmp_path / "logs/one", event(5, scalar("val/loss", 2.0)))
    write_events(tmp_path / "logs/one/123.4", event(0, hparams({"n_params": 10.0}, status=1)))
    write_events(tmp_path / "logs/sweep", event(5, scalar("val/loss", 2.0)))
    for n in (10.0, 20.0):
        write_events(tmp_path / f"logs/sweep/{n}", event(0, hparams({"n_params": n}, status=2)))
    found = {run.run_id: run for run in read("tensorboard", tmp_path / "logs")}

    assert set(found) == {"one", "sweep", "sweep/10.0", "sweep/20.0"}
    assert (found["one"].config, found["one"].summary) == ({"n_params": 10}, {"val/loss": 2.0})
    assert (found["one"].state, found["sweep/10.0"].state, found["sweep"].state) == ("finished", "failed", "")


def test_random_records_are_events_or_one_complaint() -> None:
    rng = np.random.default_rng(0)
    good = field(1, 1.0) + field(2, 3) + field(5, hparams({"a": 1.0, "b": "c"}, 1) + scalar("loss", 2.0))
    n_refused = 0
    for _ in range(3000):
        data = bytearray(good)
        for place in rng.integers(0, len(data), size=3):
            data[place] = rng.integers(256)
        try:
            read_event(bytes(data))
        except UnreadableError:
            n_refused += 1
    assert 0 < n_refused < 3000


def test_a_valid_record_that_is_no_event_rejects_its_run(tmp_path: Path, read) -> None:
    write_events(tmp_path / "logs", record(b"\xff" * 30))
    (run,) = read("tensorboard", tmp_path / "logs")

    assert isinstance(run, Rejected)
    assert "no event of TensorBoard" in run.reason


def test_the_configuration_may_lie_beside_the_events(tmp_path: Path, read) -> None:
    write_events(tmp_path / "logs/version_0", event(5, scalar("val_loss", 2.0)))
    (tmp_path / "logs/version_0/hparams.yaml").write_text("model: {n_params: 12}\n")
    (run,) = read("tensorboard", tmp_path / "logs")

    assert isinstance(run, Run)
    assert run.config == {"model.n_params": 12}
