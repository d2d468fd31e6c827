"""JSON as trainers write it: Hugging Face's state, Levanter's events and summaries, rows with steps, finished runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lawbook.errors import LawbookError
from lawbook.imports import Rejected
from lawbook.imports._answers import Answers


def lines(file: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write a row a line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def trainer_state(folder: Path, steps: int) -> None:
    """Write what the Trainer of Hugging Face leaves in a checkpoint: losses by step, and those of an evaluation."""
    folder.mkdir(parents=True)
    history = [row for step in range(10, steps + 1, 10) for row in (
        {"epoch": step / 100, "grad_norm": 1.0, "learning_rate": 1e-3, "loss": 3 - step / 100, "step": step},
        {"epoch": step / 100, "eval_loss": 3.1 - step / 100, "eval_runtime": 1.5, "step": step},
    )]  # fmt: skip
    state = {
        "best_metric": None,
        "global_step": steps,
        "total_flos": 1e12,
        "num_input_tokens_seen": steps * 512,
    }
    (folder / "trainer_state.json").write_text(json.dumps({**state, "log_history": history}))
    (folder / "config.json").write_text(json.dumps({"hidden_size": 64, "vocab_size": 100}))


def test_the_last_checkpoint_of_a_trainer_is_its_run(tmp_path: Path, read) -> None:
    for run in ("small", "large"):
        for steps in (20, 100, 40):
            trainer_state(tmp_path / "out" / run / f"checkpoint-{steps}", steps)
    found = read("jsonl", tmp_path / "out")
    runs = [run for run in found if not isinstance(run, Rejected)]

    assert [run.run_id for run in runs] == ["large/checkpoint-100", "small/checkpoint-100"]
    assert runs[0].summary["eval_loss"] == pytest.approx(2.1)
    assert (runs[0].config["hidden_size"], runs[0].config["num_input_tokens_seen"]) == (64, 51_200)
    assert {run.reason for run in found if isinstance(run, Rejected)} == {
        "an earlier checkpoint than checkpoint-100 of the same run"
    }


def test_the_final_state_of_a_trainer_stands_for_its_checkpoints(tmp_path: Path, read) -> None:
    trainer_state(tmp_path / "out/checkpoint-20", 20)
    trainer_state(tmp_path / "out/run", 40)
    (tmp_path / "out/trainer_state.json").write_bytes((tmp_path / "out/run/trainer_state.json").read_bytes())
    (tmp_path / "out/run/trainer_state.json").unlink()
    found = read("jsonl", tmp_path / "out")

    assert [run.run_id for run in found if not isinstance(run, Rejected)] == ["out"]
    assert [run.run_id for run in found if isinstance(run, Rejected)] == ["checkpoint-20"]


def test_levanters_events_are_a_run_with_an_end(tmp_path: Path, read) -> None:
    said = [
        {"tracker": "json_logger", "event": "hparams", "hparams": {"model": {"hidden_dim": 32}}},
        *(
            {"event": "log", "step": s, "metrics": {"train/loss": 4 - s, "eval": {"loss": 5 - s}}}
            for s in range(3)
        ),
        {"event": "summary", "metrics": {"parameter_count": 1000}},
    ]
    lines(tmp_path / "logs/a.jsonl", [*said, {"event": "finish", "summary": {}}])
    lines(tmp_path / "logs/b.jsonl", said)
    a, b = read("jsonl", tmp_path / "logs")

    assert (a.state, b.state) == ("finished", "running")
    assert a.config == {"model.hidden_dim": 32}
    assert a.summary == {"train/loss": 2, "eval.loss": 3, "parameter_count": 1000}


def test_lines_with_config_and_summary_are_runs(tmp_path: Path, read) -> None:
    told = [
        {"run_id": f"r{i}", "config": {"n_params": i}, "summary": {"loss": 3.0}, "state": "CRASHED"}
        for i in (1, 2)
    ]
    runs = read("jsonl", lines(tmp_path / "runs.jsonl", told))

    assert [(run.run_id, run.config, run.summary, run.state) for run in runs] == [
        ("r1", {"n_params": 1}, {"loss": 3.0}, "crashed"),
        ("r2", {"n_params": 2}, {"loss": 3.0}, "crashed"),
    ]


def test_rows_with_steps_are_curves_of_their_runs(tmp_path: Path, read) -> None:
    told = [
        {"run": run, "step": s, "loss": 3.0 - s, "tokens": 10 * s} for s in range(3) for run in ("a", "b")
    ]
    runs = read("jsonl", lines(tmp_path / "logs/all.jsonl", told))

    assert [run.run_id for run in runs] == ["a", "b"]
    assert runs[0].curve([])[2] == {"loss": 1.0, "tokens": 20}


def test_a_file_of_rows_is_a_run_whose_first_line_configures_it(tmp_path: Path, read) -> None:
    lines(
        tmp_path / "logs/w64/log.jsonl",
        [{"width": 64, "seed": 1}, {"step": 0, "loss": 3.0}, {"step": 5, "loss": 2.0}],
    )
    (run,) = read("jsonl", tmp_path / "logs")

    assert (run.run_id, run.config, run.summary) == ("w64/log", {"width": 64, "seed": 1}, {"loss": 2.0})


def test_steps_that_stand_twice_are_said(tmp_path: Path, read) -> None:
    lines(tmp_path / "logs/log.jsonl", [{"step": 100, "n_params": n, "loss": 3.0} for n in (1, 2)])
    answers = Answers(tmp_path / "answers")
    read("jsonl", tmp_path / "logs", answers)

    assert "steps stand twice" in answers.notes[0]


def test_flat_finished_runs_are_fitted_as_they_are(tmp_path: Path, type_import) -> None:
    lines(
        tmp_path / "runs.jsonl",
        [{"n_params": 10**i, "tokens": 10**9, "loss": 3.0 - i / 10} for i in range(5, 9)],
    )
    done = type_import("jsonl", "runs.jsonl")

    assert done.code == 0
    assert list(done.table.columns) == ["run", "N", "D", "loss"]
    assert list(done.table["run"]) == ["runs:1", "runs:2", "runs:3", "runs:4"]
    assert str(done.table["N"].dtype) == "int64"


def test_gigantic_and_endless_numbers_are_values(tmp_path: Path, read) -> None:
    file = tmp_path / "runs.jsonl"
    file.write_text(
        '{"a": '
        + "9" * 5000
        + ', "b": 1'
        + "0" * 30
        + ', "c": NaN, "d": -Infinity, "e": [1, [2, {"x": 3}]]}\n'
    )
    (run,) = read("jsonl", file)

    assert (run.summary["a"], run.summary["b"], run.summary["d"]) == (float("inf"), 1e30, float("-inf"))
    assert run.summary["e"] == '[1, [2, {"x": 3}]]'


def test_a_last_line_that_is_cut_off_is_left_out_and_said(tmp_path: Path, read) -> None:
    file = lines(tmp_path / "log.jsonl", [{"step": s, "loss": 1.0} for s in range(3)])
    file.write_text(file.read_text() + '{"step": 3, "lo')
    answers = Answers(tmp_path / "answers")
    (run,) = read("jsonl", file, answers)

    assert list(run.curve([])) == [0, 1, 2]
    assert "cut off" in answers.notes[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{}\nnonsense\n{}\n", "line 2 is not JSON"),
        (b"[1]\n", "line 1 is no JSON object"),
        (b'{"a": ' + b"[" * 100_000 + b"\n{}\n", "line 1 is not JSON"),
        (b"\xff\xfe\n", "not UTF-8"),
    ],
)
def test_what_is_no_json_is_one_message(tmp_path: Path, read, content: bytes, message: str) -> None:
    (tmp_path / "runs.jsonl").write_bytes(content)
    with pytest.raises(LawbookError, match=message):
        read("jsonl", tmp_path / "runs.jsonl")


def test_a_state_without_history_is_rejected(tmp_path: Path, read) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/trainer_state.json").write_text('{"log_history": 3}')
    (run,) = read("jsonl", tmp_path / "out")

    assert "no list of rows `log_history`" in run.reason
