"""A target is unchanged only while every file that decides it, and every file that it left, is as it was."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lawbook.workflow.settings import Settings
from lawbook.workflow.unchanged import Unchanged

TOLD = ["Left out: long: it takes 900 s"]
FILES = ("config/config.yaml", "config/studies/a.yaml", "results/a/report.html", "results/a/shards/1.parquet")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, with a study and its results, of a target that is up to date."""
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name)
    Unchanged("gallery", Settings()).keep(TOLD)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_it_tells_again_what_was_told() -> None:
    assert Unchanged("gallery", Settings()).told() == TOLD
    assert Unchanged("gallery_quick", Settings()).told() is None, "that was never made"


@pytest.mark.usefixtures("folder")
def test_hidden_and_compiled_files_decide_nothing() -> None:
    for name in (
        "results/.cache/run.parquet",
        "config/studies/__pycache__/a.pyc",
        "results/a/.b-12345678.png",
    ):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(name)
    assert Unchanged("gallery", Settings()).told() == TOLD


def _delete(file: Path) -> None:
    file.unlink()


def _rewrite(file: Path) -> None:
    """At the same length, and a moment later."""
    file.write_text(file.read_text()[::-1])
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))


def _lengthen(file: Path) -> None:
    """At the same time."""
    before = file.stat().st_mtime_ns
    file.write_text("longer" * 9)
    os.utime(file, ns=(0, before))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("change", [_delete, _rewrite, _lengthen])
def test_a_file_that_is_gone_or_another_is_a_change(name: str, change: Callable[[Path], None]) -> None:
    change(Path(name))
    assert Unchanged("gallery", Settings()).told() is None


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["config/studies/b.yaml", "results/b/report.html", "results/a/more.parquet"])
def test_a_new_file_is_a_change(name: str) -> None:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(name)
    assert Unchanged("gallery", Settings()).told() is None


@pytest.mark.usefixtures("folder")
def test_other_settings_and_variables_are_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Unchanged("gallery", Settings(preset="quick")).told() is None
    monkeypatch.setenv("SNAKEMAKE_PROFILE", "cluster")
    assert Unchanged("gallery", Settings()).told() is None


@pytest.mark.usefixtures("folder")
def test_what_changes_while_a_target_is_made_is_seen_by_the_next_call() -> None:
    target = Unchanged("gallery", Settings())
    Path(FILES[1]).write_text("edited while it ran")
    target.keep(TOLD)
    assert Unchanged("gallery", Settings()).told() is None


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"made_from": 1, "left": 2}', "null"])
def test_a_record_that_is_none_is_no_answer(folder: Path, record: str) -> None:
    (folder / ".snakemake/unchanged/gallery.json").write_text(record)
    assert Unchanged("gallery", Settings()).told() is None
