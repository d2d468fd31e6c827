"""With the lowest versions that the bounds allow, and with the newest on other Pythons: help, fit, plan, dry-run."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from benchmarks.fault_harness.checkout import Checkout, build
from packaging.utils import canonicalize_name
from packaging.version import Version
from tests.environments.installing import (
    LOWEST_PYTHON,
    PYTHONS,
    CannotInstallError,
    Environment,
    install,
    lowest_pins,
)

from lawbook.cli.app import app
from lawbook.laws import fit

pytestmark = [pytest.mark.slow, pytest.mark.environments]

OTHERS = [f"python{version}" for version in PYTHONS if version != LOWEST_PYTHON]

STUDY = """
title: A law of a table
question: Do fits, figures, claims and the report come about with these versions?
table: {path: refit.csv, rename: {modes: N, samples: D}}
laws:
  loss_by_size: {y: loss, x: N, where: {D: 4096}, compare: [power]}
figures: [{law: loss_by_size}]
claims:
  - {value: loss_by_size.power.alpha, expected: 0.4508, within: 0.02, origin: exact, source: "arXiv:2106.02713"}
"""


@pytest.fixture(scope="module", params=["lowest", *OTHERS])
def environment(request: pytest.FixtureRequest, wheel: Path) -> Environment:
    """Return an environment with the lowest versions, or with the newest on another Python; skip if there is none."""
    lowest = request.param == "lowest"
    python, pins = (LOWEST_PYTHON, lowest_pins()) if lowest else (request.param.removeprefix("python"), {})
    try:
        return install(request.param, python, pins, wheel)
    except CannotInstallError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a copy of the repository, in which the environments plan and run."""
    return build(tmp_path_factory.mktemp("installed") / "checkout")


@pytest.fixture(scope="module")
def runs_here(checkout: Checkout) -> str:
    """Return the runs that this process's environment plans, as CSV."""
    return checkout.lawbook("plan", checkout.study, "--csv").stdout


@pytest.fixture(scope="module")
def jobs_here(checkout: Checkout) -> dict[str, int]:
    """Return the jobs that this process's environment finds in a dry-run: rule -> number."""
    return checkout.jobs()


def commands(command: typer.core.TyperGroup, *before: str) -> list[list[str]]:
    """Return every command of the command line, itself the first, as the words that call it."""
    found = [list(before)]
    for name, inner in command.commands.items():
        is_group = isinstance(inner, typer.core.TyperGroup)
        found += commands(inner, *before, name) if is_group else [[*before, name]]
    return found


def job_counts(said: str) -> list[str]:
    """Return the lines of a dry-run that count jobs by rule."""
    table = said.partition("Job stats:\n")[2].partition("\n\n")[0]
    return table.splitlines()[2:]


def test_it_holds_what_was_asked_for_and_no_torch(environment: Environment, tmp_path: Path) -> None:
    listed = environment.run("python", "-m", "pip", "list", "--format", "json", cwd=tmp_path)
    versions = {canonicalize_name(one["name"]): one["version"] for one in json.loads(listed.stdout)}
    checked = environment.run("python", "-m", "pip", "check", cwd=tmp_path)

    assert checked.returncode == 0, checked.stdout
    assert "lawbook" in versions
    assert "torch" not in versions
    pins = lowest_pins() if environment.folder.name == "lowest" else {}
    for package, pinned in pins.items():
        assert Version(versions[canonicalize_name(package)]) == Version(pinned)


def test_every_command_has_its_help(environment: Environment, tmp_path: Path) -> None:
    every = commands(typer.main.get_command(app))
    assert len(every) > 10

    for words in every:
        asked = environment.run("lawbook", *words, "--help", cwd=tmp_path)
        assert (asked.returncode, asked.stderr) == (0, ""), words
        assert f"Usage: {shlex.join(['lawbook', *words])}" in asked.stdout


def test_a_table_is_fitted_as_here(environment: Environment, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    samples, seed = (axis.ravel() for axis in np.meshgrid(np.geomspace(100, 1e5, 10), np.arange(6)))
    error = (0.3 + 5 / np.sqrt(samples)) * np.exp(0.02 * rng.standard_normal(samples.size))
    runs = pd.DataFrame({"samples": samples, "seed": seed, "error": error})
    runs.to_csv(tmp_path / "runs.csv", index=False)

    asked = "fit runs.csv --y error --x samples --law power_floor --draws 100 --out fit"
    fitted = environment.run("lawbook", *asked.split(), cwd=tmp_path)

    assert (fitted.returncode, fitted.stderr) == (0, ""), fitted.stdout
    assert "the law fits" in fitted.stdout
    answer = json.loads((tmp_path / "fit/fit.json").read_text())["fits"]["power_floor"]
    here = fit(runs, "power_floor", y="error", x="samples", draws=100)
    for name, estimate in here.estimates.items():
        assert answer["estimates"][name]["value"] == pytest.approx(estimate.value, rel=1e-6)
    for suffix, beginning in (("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG")):
        assert (tmp_path / f"fit/figure.{suffix}").read_bytes().startswith(beginning)


def test_a_study_is_planned_as_here(environment: Environment, checkout: Checkout, runs_here: str) -> None:
    shown = environment.run("lawbook", "plan", "smoke", cwd=checkout.folder)
    every_run = environment.run("lawbook", "plan", "smoke", "--csv", cwd=checkout.folder)

    assert (shown.returncode, shown.stderr) == (0, "")
    assert "total" in shown.stdout
    assert every_run.stdout == runs_here
    assert every_run.stdout.count("\n") > 20


@pytest.mark.parametrize("command", ["snakemake --cores 1 -n smoke", "lawbook run smoke -- -n"])
def test_a_dry_run_finds_the_jobs_found_here(
    environment: Environment, checkout: Checkout, jobs_here: dict[str, int], command: str
) -> None:
    planned = environment.run(*command.split(), cwd=checkout.folder)

    assert planned.returncode == 0, planned.stdout + planned.stderr
    counts = {rule: int(jobs) for rule, jobs in map(str.split, job_counts(planned.stdout))}
    assert counts == jobs_here | {"total": sum(jobs_here.values())}, planned.stdout + planned.stderr


@pytest.mark.parametrize("environment", ["lowest"], indirect=True)
def test_the_lowest_versions_run_a_study_of_a_table(environment: Environment, checkout: Checkout) -> None:
    """Reports draw with more of the packages than a fit of one table does, and Snakemake starts real jobs."""
    (checkout.folder / "config/studies/of_table.yaml").write_text(STUDY)

    ran = environment.run("lawbook", "run", "of_table", "--cores", "1", cwd=checkout.folder)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "holds" in ran.stdout
    results = checkout.folder / "results/of_table"
    assert "A law of a table" in (results / "report.html").read_text()
    assert {file.suffix for file in (results / "figures").iterdir()} >= {".svg", ".pdf", ".png", ".csv"}
