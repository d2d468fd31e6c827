"""Lightning's CSV logs, as its CSVLogger leaves them, also while it writes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from tests.imports.conftest import lightning_run

from lawbook.imports import Rejected, Run
from lawbook.imports._answers import Answers

TAGGED = """
path: !!python/object/apply:pathlib.PosixPath
- /
- tmp
run: !!python/object/apply:os.system ["touch {marker}"]
kind: !!python/name:os.system ''
pair: !!python/tuple
- 1
- 2
"""


def test_rows_of_one_step_are_one_moment(tmp_path: Path, read) -> None:
    lightning_run(tmp_path / "logs/lightning_logs/version_0", 1000, [3.0, 2.5])
    (run,) = read("lightning", tmp_path / "logs")

    assert run.run_id == "lightning_logs/version_0"
    assert run.config == {"n_params": 1000, "optimizer.lr": 0.001, "seed": 0}
    assert run.curve([])[1] == {"epoch": 0, "tokens": 100, "val_loss": 2.5, "train_loss": 2.0}


def test_tags_that_name_python_run_nothing(tmp_path: Path, read) -> None:
    marker = tmp_path / "marker"
    lightning_run(tmp_path / "logs/version_0", 1000, [3.0], TAGGED.format(marker=marker))
    (run,) = read("lightning", tmp_path / "logs")

    assert not marker.exists()
    assert run.config["path"] == '["/", "tmp"]'
    assert run.config["pair"] == "[1, 2]"


BOMBS = {
    "aliases": "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in pairwise("abcdefghi")),
    "merges": "a: &a {x: 1}\n" + "".join(f"k{i}: &k{i} {{<<: [{', '.join([f'*{last}'] * 9)}]}}\n"
                                          for i, last in enumerate(["a", *(f"k{i}" for i in range(8))])),
    "a cycle": "a: &a\n  b: *a\n",
    "depth": f"a: {'[' * 400}{']' * 400}\n",
    "size": "a: b\n" * 220_000,
    "a list": "- 1\n- 2\n",
    "no YAML": "a: [1\n",
    "a key that is a list": "? [1, 2]\n: 3\n",
    "a date that is none": "a: 2020-13-45\n",
}  # fmt: skip


@pytest.mark.parametrize("bomb", [name for name in BOMBS if name != "merges"])
def test_a_configuration_that_no_run_needs_rejects_the_run(tmp_path: Path, read, bomb: str) -> None:
    folder = lightning_run(tmp_path / "logs/version_0", 1000, [3.0])
    (folder / "hparams.yaml").write_text(BOMBS[bomb])
    (run,) = read("lightning", tmp_path / "logs")

    assert isinstance(run, Rejected)
    assert "hparams.yaml" in run.reason or "its configuration" in run.reason


def test_a_merge_key_is_a_key(tmp_path: Path, read) -> None:
    folder = lightning_run(tmp_path / "logs/version_0", 1000, [3.0])
    (folder / "hparams.yaml").write_text("base: &base {lr: 1}\nown:\n  <<: *base\n  width: 2\n")
    (run,) = read("lightning", tmp_path / "logs")

    assert run.config == {"base.lr": 1, "own.<<.lr": 1, "own.width": 2}


def test_many_merges_are_bounded(tmp_path: Path, read) -> None:
    folder = lightning_run(tmp_path / "logs/version_0", 1000, [3.0])
    (folder / "hparams.yaml").write_text(BOMBS["merges"])
    (run,) = read("lightning", tmp_path / "logs")

    assert isinstance(run, Rejected)


@pytest.mark.parametrize("end", ["0,2", "0,2,200,,1", "0"])
def test_a_row_that_is_still_written_is_left_out(tmp_path: Path, read, end: str) -> None:
    folder = lightning_run(tmp_path / "logs/version_0", 1000, [3.0, 2.5])
    with (folder / "metrics.csv").open("a") as file:
        file.write(end)
    answers = Answers(tmp_path / "answers")
    (run,) = read("lightning", tmp_path / "logs", answers)

    assert list(run.curve([])) == [0, 1]
    assert "cut off" in answers.notes[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no column `step`"),
        ("a,b\n1,2\n", "no column `step`"),
        ("step,loss\n0,1\n1\n2,3\n", "record 3 has 1 cells, its header 2"),
        ("step,loss\nx,1\n", "no whole number in `step`"),
        ("step,loss\n1.5,1\n", "no whole number in `step`"),
        ("step,loss\n0," + "9" * 200_000 + "\n", "no CSV"),
    ],
)
def test_what_is_no_log_is_rejected_or_has_no_rows(tmp_path: Path, read, content: str, reason: str) -> None:
    folder = lightning_run(tmp_path / "logs/version_0", 1000, [3.0])
    (folder / "metrics.csv").write_text(content)
    answers = Answers(tmp_path / "answers")
    (run,) = read("lightning", tmp_path / "logs", answers)

    assert reason in (run.reason if isinstance(run, Rejected) else answers.notes[0])


def test_a_run_without_configuration_is_a_run(tmp_path: Path, read) -> None:
    folder = lightning_run(tmp_path / "logs/version_0", 1000, [3.0])
    (folder / "hparams.yaml").unlink()
    (run,) = read("lightning", tmp_path / "logs")

    assert isinstance(run, Run)
    assert run.config == {}
