"""A house in a folder of its own: a copy of the repository in which tests may run, edit and break things."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

REPOSITORY = Path(__file__).parents[2]
PARTS = ("Snakefile", "workflow", "scripts", "profiles", "envs", "config", "src/lawbook")
STUDY = "smoke"


@dataclass(frozen=True)
class House:
    """A copy of the repository, with its own results."""

    folder: Path

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Snakemake in the house."""
        return self._run("snakemake", *arguments)

    def lawbook(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in the house."""
        return self._run("lawbook", *arguments)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the command line in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "lawbook", *arguments],
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def jobs(self, *targets: str) -> dict[str, int]:
        """Return what a dry-run says would be run: rule -> number of jobs."""
        found = self.snakemake("-n", *(targets or (STUDY,)))
        assert found.returncode == 0, found.stdout + found.stderr
        lines = (found.stdout + found.stderr).splitlines()
        if "Job stats:" not in lines:
            assert any("Nothing to be done" in line for line in lines), lines
            return {}
        counts = {}
        for line in lines[lines.index("Job stats:") + 3 :]:
            if not line.strip():
                break
            rule, number = line.split()
            counts[rule] = int(number)
        return {rule: number for rule, number in counts.items() if rule != "total"}

    def path(self, name: str) -> Path:
        """Return the path of a result of the study."""
        return self.folder / "results" / STUDY / name

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the study."""
        return pd.read_parquet(self.path(f"{name}.parquet"))

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text that stands once in a file."""
        file = self.folder / path
        text = file.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        file.write_text(text.replace(old, new))

    def _environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(self.folder / "src")}

    def _run(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def build(folder: Path) -> House:
    """Copy the repository into a folder."""
    for part in PARTS:
        source, copy = REPOSITORY / part, folder / part
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, copy)
    return House(folder)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Return a house in which nothing has been run."""
    return build(tmp_path / "house")


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Return a house in which the study has been run, shared by all workers: look, but do not touch."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / "undisturbed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = House(shared / "undisturbed")
        if not done.folder.exists():
            ran = build(done.folder).lawbook("run", STUDY)
            assert ran.returncode == 0, ran.stdout + ran.stderr
    return done


@pytest.fixture
def finished(undisturbed: House, tmp_path: Path) -> House:
    """Return a house in which the study has been run, moved to a folder of this test's own."""
    shutil.copytree(undisturbed.folder, tmp_path / "moved", ignore=shutil.ignore_patterns("__pycache__"))
    return House(tmp_path / "moved")
