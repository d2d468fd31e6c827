"""A checkout in a folder of its own: a copy of the repository in which one may run, edit and break things."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

REPOSITORY = Path(__file__).parents[2]
PARTS = ("Snakefile", "workflow", "scripts", "profiles", "envs", "config", "src/lawbook")


HALF_WRITTEN = shutil.ignore_patterns("*.pyc.*", ".*.form")
"""Compiled modules that another process is writing; the finished ones are copied, too, and need not be made anew."""


@dataclass(frozen=True)
class Checkout:
    """A copy of the repository, with its own results of one study."""

    folder: Path
    study: str = "smoke"

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Snakemake in the checkout."""
        return self._run("snakemake", *arguments)

    def lawbook(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in the checkout."""
        return self._run("lawbook", *arguments)

    def start(self, *arguments: str, module: str = "lawbook") -> subprocess.Popen[str]:
        """Start a command in a process group of its own; what it says goes to `said.txt`."""
        with (self.folder / "said.txt").open("w") as said:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=self.folder,
                env=self.environment(),
                stdout=said,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    def jobs(self, *targets: str) -> dict[str, int]:
        """Return what a dry-run says would be run: rule -> number of jobs."""
        found = self.snakemake("-n", *(targets or (self.study,)))
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
        return self.folder / "results" / self.study / name

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the study."""
        return pd.read_parquet(self.path(f"{name}.parquet"))

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text that stands once in a file."""
        file = self.folder / path
        text = file.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        file.write_text(text.replace(old, new))

    def copy(self, folder: Path) -> Checkout:
        """Return a copy of the checkout, with its results, in another folder."""
        shutil.copytree(self.folder, folder, ignore=HALF_WRITTEN)
        return Checkout(folder, self.study)

    def environment(self) -> dict[str, str]:
        """Return the variables with which commands run here."""
        return os.environ | {"PYTHONPATH": str(self.folder / "src")}

    def _run(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )


def build(folder: Path, study: str = "smoke") -> Checkout:
    """Copy the repository into a folder."""
    for part in PARTS:
        source, copy = REPOSITORY / part, folder / part
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=HALF_WRITTEN)
        else:
            shutil.copy2(source, copy)
    return Checkout(folder, study)
