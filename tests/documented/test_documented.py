"""What the documents, the help texts, the comments and the messages tell the reader to type, works as it is written.

Every command line is run in a fresh copy of the repository, in the order of the documents, where `digits` is a study
of seconds. What would install, test, lint or submit is run dry; a benchmark, which takes minutes, is ended once it has
worked for some seconds.
"""

from __future__ import annotations

import pytest
from tests.documented.clone import BENCHMARK, DATA, Clone, fresh_clone
from tests.documented.commands import shown

LEFT_OUT = {
    "lawbook import wandb ENTITY/PROJECT --out runs.parquet": "it asks a service for a project that a reader has",
    "pre-commit install": "pre-commit is no part of the environment",
    "snakemake --cores 2 --sdm conda": "it asks conda for its version, dry or not, and conda is no part either",
    "python benchmarks/gpu.py": "it needs a GPU, and says so where there is none",
    "python benchmarks/gpu.py --page": "it needs a GPU, and says so where there is none",
    "python benchmarks/quanta_readability.py sheet": "it reads the results of a study of fifteen minutes",
    "python benchmarks/quanta_readability.py score": "it reads the results of a study of fifteen minutes",
}
"""The command lines that are not run, and why."""
LINES = [one.line for one in shown()]
README = [one.line for one in shown() if one.source.startswith("README.md")]
BENCHMARKS = [line for line in LINES if line.startswith(BENCHMARK) and line not in LEFT_OUT]
ONE_OF_EACH = {line.split()[1]: line for line in reversed(BENCHMARKS)}.values()
"""The first command that is shown of each benchmark."""
READING_DATA = ("extrapolation.py", "laws.py", "scalebench")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Return a fresh copy."""
    return fresh_clone(tmp_path_factory.mktemp("documented"))


def test_many_are_shown_and_few_left_out() -> None:
    assert len(LINES) >= 40
    assert set(LEFT_OUT) <= set(LINES), "what is shown nowhere need not be left out"
    assert len(LEFT_OUT) <= 8


def test_every_kind_of_place_is_read() -> None:
    kinds = (
        "README.md",
        "config/",
        "CONTRIBUTING.md",
        "docs/",
        "lawbook fit --help",
        "Makefile",
        "profiles/",
        "src/",
    )
    sources = [one.source for one in shown()]

    assert [kind for kind in kinds if not any(source.startswith(kind) for source in sources)] == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_what_the_readme_shows_can_be_typed(clone: Clone) -> None:
    assert len(README) >= 25
    assert typed(clone, README) == ""


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(3600)
def test_what_is_shown_can_be_typed(clone: Clone) -> None:
    """In the order of the documents, since lines read what others left."""
    assert typed(clone, LINES) == ""


def typed(clone: Clone, lines: list[str]) -> str:
    """Return what the lines that failed said."""
    failed = [said for line in lines if line not in [*LEFT_OUT, *BENCHMARKS] and (said := clone.type(line))]
    return "\n\n".join(failed)


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [pytest.param(line, marks=[] if line in ONE_OF_EACH else pytest.mark.long) for line in BENCHMARKS],
)
def test_a_benchmark_that_is_shown_starts(clone: Clone, line: str) -> None:
    if any(name in line for name in READING_DATA) and not DATA.is_dir():
        pytest.skip(f"{DATA} is not there: set LAWBOOK_DATA")
    assert clone.type(line) == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        "lawbook fit runs.csv --y loss --x N,D --no-such",
        "lawbook run nosuch",
        "make nosuch",
        "make test-nosuch",
        "pip install nosuch.whl",
        "pytest -m",
        "python benchmarks/coverage.py --no-such",
        "python benchmarks/nosuch.py",
        "snakemake --workflow-profile profiles/nosuch digits",
    ],
)
def test_a_mistake_is_found(clone: Clone, line: str) -> None:
    assert "exit code" in clone.type(line)
