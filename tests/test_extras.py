"""Where an optional part of Lawbook is not installed, whatever needs it says in one message what to install."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from tests.without import without

from lawbook.errors import EXTRAS, INSTALL, one_message

REPOSITORY = Path(__file__).parents[1]
SCRIPTS = sorted(REPOSITORY.glob("scripts/[a-z]*.py"))
MODULES = [module for modules in EXTRAS.values() for module in modules]


def test_the_table_is_that_of_the_package() -> None:
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {
        extra: [Requirement(one).name.replace("-", "_") for one in extras[extra]]
        for extra in extras.keys() - {"dev"}
    }

    assert named == {extra: list(modules) for extra, modules in EXTRAS.items()}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_of_an_extra_that_is_missing_is_one_message(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SystemExit) as ended, one_message():
        importlib.import_module(module)

    assert ended.value.code == 2
    assert capsys.readouterr().err == f"Error: {module} is not installed, and this needs it; {INSTALL}\n"


def test_another_missing_module_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModuleNotFoundError), one_message():
        importlib.import_module("there_is_no_such_module")


@pytest.fixture
def bare(tmp_path: Path):
    """Return a function that runs `lawbook` in a new workflow folder, without any extra."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text(f"studies: {REPOSITORY / 'config/studies'}\n")
    environment = without(tmp_path / "blocked", *MODULES)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lawbook", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.mark.parametrize("more", [[], ["--", "-n"]])
def test_a_study_cannot_be_run_without_snakemake(bare, more: list[str], tmp_path: Path) -> None:
    ran = bare("run", "smoke", *more)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == f"Error: snakemake is not installed, and this needs it; {INSTALL}\n"
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    "arguments", [["--version"], ["plan", "smoke"], ["plan", "refit", "--csv"], ["status", "smoke"]]
)
def test_what_needs_no_extra_does_without(bare, arguments: list[str]) -> None:
    ran = bare(*arguments)

    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_job_without_pytorch_says_so_or_comes_to_read_its_arguments(script: Path, tmp_path: Path) -> None:
    environment = without(tmp_path / "blocked", *MODULES) | {"LAWBOOK_STUDIES": "", "LAWBOOK_CACHE": ""}
    ran = subprocess.run(
        [sys.executable, str(script)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 2
    if script.stem in ("train_shard", "score_pools"):
        told = r"Error: (torch|pytorch_lightning) is not installed, and this needs it; pip install '.*'\n"
        assert re.fullmatch(told, ran.stderr)
    else:
        assert ran.stderr.startswith("usage: ")
