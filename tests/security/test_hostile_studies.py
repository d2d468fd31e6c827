"""Studies and settings of hostile making: each refused with one message, at once and in bounded memory."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lawbook.cli.app import main
from lawbook.studies import load_study

HEAD = """
title: A title
question: Is this refused?
task: {name: digits}
model: {name: mlp, width: 16}
"""
GOOD = HEAD + "sweeps: {data_size: {axes: {samples: [64, 128]}}}\n"


def with_law(law: str) -> str:
    """Return a good study with the block of a law."""
    return GOOD + f"laws: {law}\n"


def bomb(levels: int = 12, width: int = 10) -> str:
    """Return YAML whose aliases stand for 10^12 values."""
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, levels)]
    return "\n".join(lines)


# A hostile study, and what its one message says.
STUDIES: dict[str, tuple[str, str]] = {
    "a tag that calls Python": ("title: !!python/object/apply:os.system ['touch made']", "could not determine"),
    "a tag that makes an object": ("title: !!python/object/new:subprocess.Popen [[touch, made]]", "constructor"),
    "a tag that names a module": ("title: !!python/module:antigravity x", "could not determine a constructor"),
    "a tag of its own": ("title: !evil {a: b}", "could not determine a constructor"),
    "aliases that stand for a million million values": (bomb(), "more than 200,000 values"),
    "an alias inside what it names": ("title: &a [*a]", "stands inside what it names"),
    "lists in lists in lists": ("title: " + "[" * 5000 + "]" * 5000, "nested deeper than 20 levels"),
    "keys in keys in keys": ("{a: " * 5000 + "}" * 5000, "nested deeper than 20 levels"),
    "a number of 5,000 digits": (GOOD + "shard_flops: " + "9" * 5000, "4300"),
    "a number in base sixty without end": (GOOD + "shard_flops: " + "1:" * 6000 + "1", "longer than 10,000"),
    "a text of a million letters": (GOOD + "limits: " + "x" * 900_000, "longer than 10,000 characters"),
    "a hundred thousand keys": ("\n".join(f"k{i}: 1" for i in range(101_000)), "more than 200,000 values|larger"),
    "an escape that clears the terminal": (GOOD.replace("A title", '"\\x1b[2J\\x1b[1;1H"'), "unseen character"),
    "a text that runs from right to left": (GOOD.replace("A title", '"abc\\u202eexe"'), "unseen character"),
    "a NUL": (GOOD.replace("A title", '"a\\0b"'), "unseen character"),
    "a date that is none": (GOOD + "limits: 2001-99-99", "month must be in 1..12"),
    "infinity for a width": (GOOD.replace("width: 16", "width: .inf"), "model.width"),
    "not a number for a rate": (GOOD + "training: {learning_rate: .nan}", "training.learning_rate"),
    "a hundred million million million units": (GOOD.replace("width: 16", "width: 1.0e+23"), "width"),
    "a key that is a list": (GOOD + "? [a, b]\n: c", "unhashable key"),
    "a key that is a number": (GOOD + "7: c", "7"),
    "a law whose name leaves the folder": (with_law("{../../x: {sweep: data_size, y: a, x: b}}"), "laws"),
    "a law named like an option": (with_law("{--out: {sweep: data_size, y: test_error, x: samples}}"), "laws"),
    "a law with a command for a name": (with_law("{$(touch made): {sweep: data_size, y: a, x: b}}"), "laws"),
    "a sweep whose name is a path": (GOOD.replace("data_size:", "/etc/passwd:"), "sweeps"),
    "a figure of a module elsewhere": (GOOD + "figures: [../../os]", "no such|unknown figure"),
    "a figure of a private module": (GOOD + "figures: [_series]", "unknown figure"),
    "a task elsewhere": (GOOD.replace("name: digits", "name: os.path"), "there is no such task"),
    "a task of dunders": (GOOD.replace("name: digits", "name: __init__"), "there is no such task"),
    "a model by a path": (GOOD.replace("name: mlp", "name: ../../evil"), "there is no such model"),
    "a form elsewhere": (
        with_law("{a: {sweep: data_size, y: test_error, x: samples, compare: [os.system]}}"), "there is no such law",
    ),
    "an exact curve elsewhere": (
        with_law("{a: {sweep: data_size, y: test_error, x: samples, exact: os}}"), "there is no such exact curve",
    ),
    "a metric elsewhere": (GOOD + "pruning: {metric: ../os, keep_fraction: 0.5}", "metric"),
    "a sweep over a dunder": (GOOD.replace("samples:", "__class__:"), "there is no such axis"),
    "10^12 runs in one grid": (
        HEAD + "sweeps: {a: {axes: {learning_rate: {log10: [1.0e-5, 1, 99999]}, seed: {count: 99999}}}}",
        "runs; keep it below",
    ),
    "a million runs by many grids": (
        HEAD + "sweeps:\n" + "".join(f"  s{i}: {{axes: {{seed: {{count: 99999}}}}}}\n" for i in range(20)), "together",
    ),
    "an axis of unions without end": (
        HEAD + "sweeps: {a: {axes: {seed: {union: [" + "{count: 99999}, " * 20_000 + "]}}}}", "more than 100,000",
    ),
    "a range over all numbers": (HEAD + "sweeps: {a: {axes: {seed: {log10: [1, 1.0e+300, 100000]}}}}", "seed"),
    "a table that is a device": (
        "title: a\nquestion: b\ntable: {path: /dev/zero}\n", "no kind of table",
    ),
    "a table that is a key": ("title: a\nquestion: b\ntable: {path: /etc/passwd}\n", "no kind of table"),
    "a table in a home": ("title: a\nquestion: b\ntable: {path: ~/.ssh/id.csv}\n", "~ is not expanded"),
    "not text": ("title: caf\udce9", "cannot be read as YAML"),
    "an endless merge": ("a: &a {<<: *a}", "stands inside what it names"),
}  # fmt: skip


@pytest.fixture
def refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., str]]:
    """Return a function that asks for the plan of the study `hostile` and returns the one message."""
    (tmp_path / "config/studies").mkdir(parents=True)
    (tmp_path / "config/config.yaml").touch()
    monkeypatch.chdir(tmp_path)

    def asked(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["lawbook", *(arguments or ("plan", "hostile"))])
        began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert ended.value.code == 2, said
        assert said.err.startswith("Error: ")
        assert len(said.err.splitlines()) == 1
        assert said.err[:-1].isprintable()
        assert time.process_time() - began < 30
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000, "kilobytes"
        return said.err

    yield asked
    assert not (tmp_path / "made").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config"]


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_a_hostile_study_is_refused_with_one_message(
    study: tuple[str, str], refuse: Callable[..., str]
) -> None:
    text, problem = study
    Path("config/studies/hostile.yaml").write_text(text, errors="surrogateescape")

    said = refuse()

    assert said.startswith("Error: config/studies/hostile.yaml: ")
    assert re.search(problem, said), said


def test_a_study_of_a_gigabyte_is_refused_unread(refuse: Callable[..., str]) -> None:
    with Path("config/studies/hostile.yaml").open("wb") as file:
        file.truncate(1 << 30)
    assert "it is larger than 1,048,576 bytes" in refuse()


@pytest.mark.parametrize("kind", ["a device", "a pipe", "a folder"])
def test_a_study_that_is_no_file_is_refused(kind: str, refuse: Callable[..., str]) -> None:
    place = Path("config/studies/hostile.yaml")
    if kind == "a device":
        place.symlink_to("/dev/zero")
    elif kind == "a pipe":
        os.mkfifo(place)
    else:
        place.mkdir()
    assert "it is no regular file" in refuse()


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "-rf", "a b", "a;touch made", "$(touch made)", "\x1b[2J", ""]
)
def test_a_study_by_a_hostile_name_is_not_there(name: str, refuse: Callable[..., str]) -> None:
    assert "there is no study" in refuse("plan", "--", name)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("results: !!python/object/apply:os.system ['touch made']", "could not determine a constructor"),
        ("results: 'results/{study}'", "results = 'results/{study}'"),
        ('results: "a\\x1b[2J"', "unseen character"),
        ("results: [a, b]", "results = ['a', 'b']"),
        ("shell: 'touch made'", "there is no such key"),
        (bomb(), "more than 200,000 values"),
    ],
)
def test_hostile_settings_are_refused(settings: str, problem: str, refuse: Callable[..., str]) -> None:
    Path("config/studies/hostile.yaml").write_text(GOOD)
    Path("config/config.yaml").write_text(settings)
    assert problem in refuse()


def test_an_ordinary_anchor_and_a_merge_still_work(tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(
        GOOD.replace("sweeps:", "sweeps: &s").replace("[64, 128]", "&sizes [64, 128]")
        + "pruning: &base {probes: 4}\ntraining: {steps: 10}\n"
    )
    assert load_study(file).base["probes"] == 4


def test_brackets_in_a_title_are_shown_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "config/studies").mkdir(parents=True)
    (tmp_path / "config/config.yaml").touch()
    study = GOOD.replace("A title", '"[/] [red]not red[/red] [link=file:///]"')
    (tmp_path / "config/studies/hostile.yaml").write_text(study)
    shown = subprocess.run(
        [sys.executable, "-m", "lawbook", "plan", "hostile"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "120"},
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert "[/] [red]not red[/red] [link=file:///]" in shown.stdout
