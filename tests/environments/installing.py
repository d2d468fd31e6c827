"""Lawbook as a user installs it: its sdist, its wheel, and environments with Pythons and versions of one's choice."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
ASKED = tuple(map(Requirement, PROJECT["dependencies"] + PROJECT["optional-dependencies"]["workflow"]))
LOWEST_PYTHON: str = PROJECT["requires-python"].removeprefix(">=")
PYTHONS = re.findall(r":: Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
"""The versions of Python that the package is said to work with."""
PARTS = ("pyproject.toml", "README.md", "LICENSE", "src/lawbook")

# Without what changes which Python or which Lawbook is run, and without colours, which CI servers switch on.
VARIABLES = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | {
    "TERM": "dumb"
}


class CannotInstallError(Exception):
    """There is no such Python here, or no index of packages can be reached."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment, such as one with Lawbook and its extra `workflow`."""

    folder: Path

    def run(self, command: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a command of this environment, which is not activated, in a folder."""
        return _run(self.folder / "bin" / command, *arguments, cwd=cwd)


def lowest_pins() -> dict[str, str]:
    """Return the lowest version of each direct dependency that its bound allows."""
    bounds = {one.name: [part for part in one.specifier if part.operator == ">="] for one in ASKED}
    return {name: lowest.version for name, (lowest,) in bounds.items()}


def clean_wheel(folder: Path) -> Path:
    """Return the wheel built from the sdist of a clean copy of the sources, as an index of packages would offer it."""
    for part in PARTS:
        copy = folder / "source" / part
        copy.parent.mkdir(parents=True, exist_ok=True)
        if (REPOSITORY / part).is_dir():
            shutil.copytree(REPOSITORY / part, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(REPOSITORY / part, copy)
    build_sdist = "from setuptools import build_meta; print(build_meta.build_sdist('../sdist'))"
    built = _run(Path(sys.executable), "-c", build_sdist, cwd=folder / "source")
    assert built.returncode == 0, built.stdout + built.stderr
    sdist = folder / "sdist" / built.stdout.splitlines()[-1]
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder / "wheel"))
    built = _run(Path(sys.executable), "-m", "pip", "wheel", *options, str(sdist), cwd=folder)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = (folder / "wheel").iterdir()
    return wheel


def install(name: str, python_version: str, pins: dict[str, str], wheel: Path) -> Environment:
    """Return an environment with this wheel, made anew if the Python or what is asked for has changed.

    Raises CannotInstallError if there is no such Python, or no index of packages can be reached.
    """
    folder = REPOSITORY / "build/environments" / name
    python = interpreter(python_version)
    constraints = [f"{package}=={version}" for package, version in pins.items()]
    wanted = "\n".join(map(str, [folder, python, *ASKED, "", *constraints]))
    record, environment = folder / "made-from", Environment(folder)
    if record.exists() and record.read_text() == wanted:
        _pip(environment, "--no-deps", "--force-reinstall", str(wheel))
        return environment
    shutil.rmtree(folder, ignore_errors=True)
    made = _run(python, "-m", "venv", str(folder), cwd=REPOSITORY)
    assert made.returncode == 0, made.stdout + made.stderr
    (folder / "pins.txt").write_text("\n".join(constraints))
    # A version without a wheel for this Python is an error here: users have no compilers.
    with_wheels = ",".join(one.name for one in ASKED)
    _pip(
        environment,
        *("--constraint", str(folder / "pins.txt"), "--only-binary", with_wheels),
        f"lawbook[workflow] @ {wheel.as_uri()}",
    )
    record.write_text(wanted)
    return environment


def install_pinned(name: str, requirements: Path) -> Environment:
    """Return an environment of other packages alone, by a list of their pins, made anew if these or Python changed.

    Raises CannotInstallError if no index of packages can be reached.
    """
    folder = REPOSITORY / "build/environments" / name
    python = interpreter(LOWEST_PYTHON)
    wanted = "\n".join(map(str, [folder, python, requirements.read_text()]))
    record, environment = folder / "made-from", Environment(folder)
    if record.exists() and record.read_text() == wanted:
        return environment
    shutil.rmtree(folder, ignore_errors=True)
    made = _run(python, "-m", "venv", str(folder), cwd=REPOSITORY)
    assert made.returncode == 0, made.stdout + made.stderr
    _pip(environment, "--no-deps", "--requirement", str(requirements))
    record.write_text(wanted)
    return environment


def interpreter(version: str) -> Path:
    """Return a Python of this version that can make environments: this one, one on PATH, or one of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    on_path = shutil.which(f"python{version}")
    candidates = [sys.executable, on_path, *sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"))]
    for python in map(Path, filter(None, candidates)):
        asked = _run(
            python, "-c", "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])", cwd=REPOSITORY
        )
        if asked.stdout.strip() == version:
            return python
    raise CannotInstallError(f"no Python {version} that can make environments is on PATH or in {pyenv}")


def _pip(environment: Environment, *arguments: str) -> None:
    options = ("--disable-pip-version-check", "--no-compile", "--retries", "2")
    done = environment.run("python", "-m", "pip", "install", *options, *arguments, cwd=REPOSITORY)
    said = done.stdout + done.stderr
    # What pip says last is that nothing fits, whether an index lacks the version or could not be reached.
    if done.returncode and "Retry(total=0," in said:
        raise CannotInstallError("pip cannot reach an index of packages")
    assert done.returncode == 0, said


def _run(program: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *arguments],
        cwd=cwd,
        env=VARIABLES,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
