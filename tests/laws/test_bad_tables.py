"""Bad tables, each against its clear error, typed warning or refusal: from Python and from the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from lawbook.cli.app import main
from lawbook.errors import LawbookError
from lawbook.fitting.question import Question
from lawbook.fitting.table import ask
from lawbook.laws import Fit
from lawbook.storage.user_table import read_source

TABLES = Path(__file__).parent / "bad_tables"
EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((TABLES / "expected.yaml").read_text(encoding="utf-8"))
USUAL: dict[str, Any] = {"y": "loss", "x": "N", "law": "power", "cluster": "seed"}
ERRORS = sorted(name for name, expected in EXPECTED.items() if "error" in expected)
ANSWERED = sorted(set(EXPECTED) - set(ERRORS))
EXIT = {"ok": 0, "refused": 1, "not_identified": 3}


def asked(name: str) -> dict[str, Any]:
    return {**USUAL, **EXPECTED[name].get("ask", {})}


def fitted(name: str) -> Fit:
    options = asked(name)
    y, x, law, cluster = (options.pop(key) for key in ("y", "x", "law", "cluster"))
    question = Question(
        y, _names(x), (law,), cluster=_names(cluster) if cluster else None, draws=40, **options
    )
    return ask(question, read_source(TABLES / f"{name}.csv")).fit


def _names(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def command(name: str, *more: str) -> list[str]:
    words = ["lawbook", "fit", str(TABLES / f"{name}.csv"), "--draws", "40", *more]
    for option, value in asked(name).items():
        if value is not None:
            words += [
                f"--{option.replace('_', '-')}",
                ",".join(value) if isinstance(value, list) else str(value),
            ]
    return words


def test_every_table_is_expected_and_there_are_more_than_twenty() -> None:
    assert sorted(EXPECTED) == sorted(path.stem for path in TABLES.glob("*.csv"))
    assert len(EXPECTED) > 20


@pytest.mark.parametrize("name", ERRORS)
def test_a_mistake_is_one_message_that_names_what_to_mend(name: str) -> None:
    with pytest.raises(LawbookError) as raised:
        fitted(name)

    said = str(raised.value)
    assert "\n" not in said
    for part in EXPECTED[name]["error"]:
        assert part in said or part == f"{name}.csv"


@pytest.mark.parametrize("name", ERRORS)
def test_on_the_command_line_it_is_exit_code_2_and_nothing_is_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", command(name, "--out", str(tmp_path / "out/deep")))

    with pytest.raises(SystemExit) as ended:
        main()

    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.out == ""
    assert said.err.startswith(f"Error: {TABLES / f'{name}.csv'}: ")
    assert said.err.count("\n") == 1
    for part in EXPECTED[name]["error"]:
        assert part in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ANSWERED)
def test_what_can_be_answered_is_refused_or_warned_of_by_row(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = EXPECTED[name]
    monkeypatch.setattr(sys, "argv", command(name, "--json", "--out", str(tmp_path)))
    with pytest.raises(SystemExit) as ended:
        main()
    printed = json.loads(capsys.readouterr().out)
    if "status" in expected:
        assert printed["status"] == expected["status"]
        assert expected["reason"] in printed["reason"]
    assert ended.value.code == printed["exit_code"] == EXIT[printed["status"]]
    assert len(list(tmp_path.iterdir())) == 6
    (shown,) = printed["fits"].values()
    found = {note["code"]: note["details"].get("rows", []) for note in shown["notes"]}
    for code, rows in expected.get("notes", {}).items():
        assert found[code] == rows
