"""The environments say the same: what pip installs, what conda installs, and what the package asks for."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[1]
ENVS = REPOSITORY / "envs"
WITHOUT_CUDA = "--extra-index-url https://download.pytorch.org/whl/cpu"


def pins(lines: list[str]) -> dict[str, str]:
    """Return the version that each line pins; every line pins one."""
    named = [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]
    found = {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in named}
    assert all(str(one.specifier).startswith("==") for one in named)
    assert len(found) == len(named), "a package is pinned twice"
    return found


LOCK = pins((ENVS / "lock.txt").read_text().splitlines())
TORCH_PIN = pins((ENVS / "torch.txt").read_text().splitlines())
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
LOWEST_PYTHON = PROJECT["requires-python"].removeprefix(">=")


@pytest.mark.parametrize("file", ["lawbook.yaml", "lawbook-cpu.yaml"])
def test_conda_installs_what_pip_installs(file: str) -> None:
    wanted = yaml.safe_load((ENVS / file).read_text())
    (by_pip,) = (part["pip"] for part in wanted["dependencies"] if isinstance(part, dict))

    assert pins(by_pip) == TORCH_PIN | LOCK
    assert "python=3.11" in wanted["dependencies"]
    index = [line for line in by_pip if line.startswith("--")]
    assert index == ([] if file == "lawbook.yaml" else [WITHOUT_CUDA])


def test_the_lock_holds_all_that_the_package_asks_for() -> None:
    asked = [
        *PROJECT["dependencies"],
        *(one for extra in PROJECT["optional-dependencies"].values() for one in extra),
    ]

    for one in map(Requirement, asked):
        pinned = (TORCH_PIN | LOCK)[canonicalize_name(one.name)]
        assert one.specifier.contains(pinned), f"{one} is pinned to {pinned}"
    assert "snakemake-executor-plugin-slurm" in LOCK


def test_this_environment_is_the_locked_one() -> None:
    """What is installed differs from the lock only by a local suffix, such as torch's +cpu."""
    installed = {canonicalize_name(one.name): one.version for one in importlib.metadata.distributions()}
    here = {name: installed.get(name, "not installed").partition("+")[0] for name in TORCH_PIN | LOCK}
    assert here == TORCH_PIN | LOCK


def test_no_pin_names_a_machine_or_an_index() -> None:
    for line in (ENVS / "lock.txt").read_text().splitlines():
        assert "@" not in line
        assert "+" not in line


def test_snakefile_and_package_ask_for_the_same_snakemake() -> None:
    (asked,) = map(Requirement, PROJECT["optional-dependencies"]["workflow"])
    (named,) = re.findall(r'min_version\("(.*?)"\)', (REPOSITORY / "workflow/Snakefile").read_text())
    assert f">={named}" in str(asked.specifier).split(",")


@pytest.mark.parametrize(
    ("file", "named"),
    [
        ("README.md", r"Python (3\.\d+) or newer"),
        ("Makefile", r"Python (3\.\d+) or newer"),
        ("Makefile", r"version_info < \((3, \d+)\)"),
        ("pyproject.toml", r'python_version = "(3\.\d+)"'),
        ("envs/lawbook.yaml", r"- python=(3\.\d+)\n"),
        ("envs/lawbook-cpu.yaml", r"- python=(3\.\d+)\n"),
    ],
)
def test_the_lowest_python_is_the_same_everywhere(file: str, named: str) -> None:
    found = re.findall(named, (REPOSITORY / file).read_text())
    assert {one.replace(", ", ".") for one in found} == {LOWEST_PYTHON}


def test_ci_has_every_python_that_the_package_names() -> None:
    """The last version that setup-python is given is `python3`, of which the environment is made."""
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/ci.yml").read_text())
    steps = workflow["jobs"]["test-all"]["steps"]
    (given,) = (
        step["with"]["python-version"].split() for step in steps if "setup-python" in step.get("uses", "")
    )
    pythons = re.findall(r":: Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))

    assert sorted(given) == pythons
    assert given[-1] == pythons[0] == LOWEST_PYTHON
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]
    others = " and ".join(pythons[1:])
    assert f"on Python {others} with the newest" in (REPOSITORY / "README.md").read_text()


def test_linters_before_a_commit_are_those_of_make_lint() -> None:
    (local,) = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())["repos"]
    rule = (REPOSITORY / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    linted = re.findall(r"^\t\$\(BIN\)/(.*)$", rule, re.MULTILINE)

    entries = [hook["entry"].removeprefix(".venv/bin/") for hook in local["hooks"]]
    assert len(entries) == len(linted)
    assert all(any(line.startswith(entry) for entry in entries) for line in linted)
    pinned = pins(sorted({pin for hook in local["hooks"] for pin in hook.get("additional_dependencies", ())}))
    assert set(pinned) == {"ruff", "snakefmt"}
    assert pinned.items() <= LOCK.items()


def test_citation_and_package_name_the_same_version_and_place() -> None:
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"]
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]
    assert all(url.startswith(citation["repository-code"]) for url in PROJECT["urls"].values())


def test_templates_ask_for_what_an_answer_needs() -> None:
    for template in ("ISSUE_TEMPLATE/problem.md", "pull_request_template.md"):
        text = (REPOSITORY / ".github" / template).read_text()
        for asked in ("`lawbook --version`", "the study", "`lawbook status --why RUN_ID`"):
            assert asked.lower() in text.lower(), f"{template} does not ask for {asked}"
