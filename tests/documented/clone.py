"""A fresh copy of the repository, in which what the documents show is typed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
from tests.documented.commands import REPOSITORY

DATA = Path(os.environ.get("LAWBOOK_DATA", REPOSITORY.parent / "shared" / "data"))
"""The published tables that two benchmarks read."""
BENCHMARK = "python benchmarks/"
STUDY = "digits"
DRY = (
    (r"pip install", "--dry-run --no-build-isolation"),
    (r"pytest", "--collect-only --quiet tests/test_seeds.py"),
    (r"make (test|lint|lock|gallery)", "--dry-run"),
    (r"lawbook gallery --quick", "-- --dry-run"),
    (r"snakemake .*(profiles/slurm|--sdm)", "--dry-run"),
)
"""What would install, test, lint, submit or train many studies, or needs conda; the option that makes it a dry-run."""
ANSWERS = {"lawbook doctor": 1, "lawbook fit": 3}
"""Other exit codes of commands that work: something is wrong with this machine, the table leaves the law open."""
STOPS = """
import argparse, signal

take = argparse.ArgumentParser.parse_args

def parse_args(*given, **named):
    taken = take(*given, **named)
    signal.alarm(1)
    return taken

argparse.ArgumentParser.parse_args = parse_args
"""
"""A module that Python loads by itself if it is called sitecustomize: SIGALRM ends what has worked for a second
since its options were accepted. An option that is mistaken ends a program before."""
NOT_PASSED_ON = ("PYTEST", "PYTHON", "MAKE", "MFLAGS", "MPLCONFIGDIR", "LAWBOOK_")


@dataclass(frozen=True)
class Clone:
    """A copy in a folder of its own, beside which lie `stops` and what a command said."""

    folder: Path

    def type(self, line: str) -> str:
        """Run a command line; return nothing if it ends well, else how it ended and what it said."""
        typed = self.filled_in(line)
        for name in re.findall(r"lawbook new (\w+)", typed):  # which overwrites nothing
            (self.folder / f"config/studies/{name}.yaml").unlink(missing_ok=True)
        if typed.startswith(BENCHMARK):
            code, said = self._run(f"exec {typed}", self.folder.parent / "stops")
            good = {0, -signal.SIGALRM}
        else:
            code, said = self._run(dry(typed))
            good = {0} | {code for name, code in ANSWERS.items() if name in line}
        return "" if code in good else f"{typed}: exit code {code}\n{said}"

    def filled_in(self, line: str) -> str:
        """Return a line with a real thing for each word in capitals."""
        here = {
            "NAME": "named", "STUDY": STUDY, "FILE": "runs.csv", "FOLDER": "'a folder'",
            "CLONE": shlex.quote(str(self.folder)), "BUNDLE": f"results/{STUDY}.zip",
        }  # fmt: skip
        if re.search(r"\bRUN(_ID)?\b", line):
            runs = pd.read_csv(StringIO(self._run(f"lawbook plan {STUDY} --csv")[1]))
            here |= dict.fromkeys(("RUN", "RUN_ID"), runs["run_id"][0][:8])
        return re.sub(r"\b([A-Z_]{3,})\b(?!=)", lambda found: here.get(found[1], found[1]), line)

    def _run(self, line: str, *python_path: Path) -> tuple[int, str]:
        """Run a line in a shell, and end all that it has started; return its exit code and what it said."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
        own = {
            "PATH": f"{self.folder / '.venv/bin'}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(map(str, [*python_path, self.folder / "src"])),
            "TMPDIR": str(self.folder.parent / "temporary"),
            "LAWBOOK_DATA": str(DATA),
            "TERM": "dumb",
        }
        with (self.folder.parent / "said.txt").open("w+", encoding="utf-8") as said:
            shell = subprocess.Popen(
                line, shell=True, cwd=self.folder, env=kept | own, start_new_session=True, text=True,
                stdin=subprocess.PIPE, stdout=said, stderr=subprocess.STDOUT,
            )  # fmt: skip
            try:
                shell.communicate("y\n", timeout=900)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(shell.pid, signal.SIGKILL)
            said.seek(0)
            return shell.returncode, said.read()


def fresh_clone(folder: Path) -> Clone:
    """Return a copy of the files that git knows or would take, in a path with a blank, ready for what is typed.

    Its environment is this one, which `make` takes for its own; the study of four minutes that the documents name is
    the one of seconds that `lawbook new` writes; tables that a reader would have are there.
    """
    clone = Clone(folder / "a clone" / "lawbook")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (REPOSITORY / name).is_file():
            (clone.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, clone.folder / name)
    _give_environment(clone)
    _write_tables(clone.folder)
    (clone.folder.parent / "temporary").mkdir()
    (clone.folder.parent / "stops").mkdir()
    (clone.folder.parent / "stops/sitecustomize.py").write_text(STOPS)
    failed = clone.type(f"lawbook new {STUDY}")
    assert not failed, failed
    shutil.copytree(clone.folder / "config", clone.folder / "a folder/config")
    return clone


def dry(line: str) -> str:
    """Return a line of which each part that would install, test, lint or submit is a dry-run of it.

    >>> dry("pip install . && snakemake --cores 2 digits")
    'pip install . --dry-run --no-build-isolation && snakemake --cores 2 digits'
    """
    parts = line.split(" && ")
    options = (next((option for start, option in DRY if re.match(start, part)), "") for part in parts)
    return " && ".join(f"{part} {option}".rstrip() for part, option in zip(parts, options, strict=True))


def _give_environment(clone: Clone) -> None:
    (clone.folder / ".venv").mkdir()
    for name in ("bin", "include", "lib", "pyvenv.cfg"):
        (clone.folder / ".venv" / name).symlink_to(Path(sys.prefix) / name)
    outside_of_make = {
        name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)
    }
    # The last thing that `make .venv` does is to write what the environment was made from.
    recipe = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", ".venv"],
        cwd=clone.folder,
        env=outside_of_make,
        capture_output=True,
        text=True,
        check=True,
    )
    subprocess.run(recipe.stdout.splitlines()[-1], shell=True, cwd=clone.folder, check=True)


def _write_tables(folder: Path) -> None:
    """Write the tables of the examples: losses over N and D, a curve with a break, a sweep of rates, two optimizers."""
    rng = np.random.default_rng(0)
    n, d = (part.ravel() for part in np.meshgrid(np.logspace(7, 10, 7), np.logspace(9, 11, 6)))
    loss = (1.7 + 400 / n**0.34 + 2000 / d**0.37) * np.exp(0.001 * rng.standard_normal(n.size))
    pd.DataFrame({"N": n, "D": d, "loss": loss}).to_csv(folder / "runs.csv", index=False)
    samples, seed = (part.ravel() for part in np.meshgrid(2.0 ** np.arange(4, 15), np.arange(8)))
    error = 0.8 / np.sqrt(1 + samples / 300) * np.exp(0.01 * rng.standard_normal(samples.size))
    pd.DataFrame({"samples": samples, "seed": seed, "error": error}).to_csv(folder / "curve.csv", index=False)
    cells = ["web", "code"], np.logspace(7, 9, 5), np.logspace(9, 11, 5), [3e-4, 1e-3, 3e-3]
    dataset, n, d, rate = (part.ravel() for part in np.meshgrid(*cells))
    loss = (
        np.where(dataset == "web", 2.0, 0.8) + 300 / n.astype(float) ** 0.35 + 400 / d.astype(float) ** 0.33
    )
    loss *= (1 + 0.06 * np.log10(rate.astype(float) / 1e-3) ** 2) * np.exp(
        0.001 * rng.standard_normal(n.size)
    )
    sweep = pd.DataFrame(
        {"dataset": dataset, "N": n, "D": d, "lr": rate, "val_loss": loss, "State": "finished"}
    )
    sweep.to_csv(folder / "sweep.csv", index=False)
    steps, decay = (part.ravel() for part in np.meshgrid(np.logspace(2, 5, 8), [0.3, 0.5]))
    loss = 2 * (steps / 1000) ** -decay * np.exp(0.01 * rng.standard_normal(steps.size))
    optimizer = np.where(decay == 0.5, "muon", "sgd")
    crossing = pd.DataFrame({"steps": steps, "optimizer": optimizer, "loss": loss})
    crossing.to_csv(folder / "optimizers.csv", index=False)
