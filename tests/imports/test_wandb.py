"""Weights & Biases: its package is played by one with the same calls (`Api().runs`, `run.scan_history`)."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest


@dataclass
class Run:
    """A run as the package gives it, with its history."""

    id: str
    state: str = "finished"
    name: str = "happy-sweep-1"
    config: dict[str, Any] = field(default_factory=lambda: {"n_params": 1000, "_wandb": {"version": 1}})
    summary_metrics: dict[str, Any] = field(
        default_factory=lambda: {"eval": {"loss": 2.5}, "tokens": 4e6, "_step": 4}
    )
    history: list[dict[str, Any]] = field(default_factory=list)
    tags: tuple[str, ...] = ("scaling",)
    group: str | None = None

    def scan_history(self, keys: list[str], page_size: int) -> Iterator[dict[str, Any]]:
        """Yield the rows that hold all of these keys, as the service does."""
        assert page_size > 0
        for row in self.history:
            if all(key in row for key in keys):
                yield {key: row[key] for key in keys}


@dataclass
class Service:
    """A project with runs, and what it was asked."""

    runs: list[Run]
    asked: list[str] = field(default_factory=list)
    error: Exception | None = None


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    """Return a service whose package is installed."""
    played = Service([])

    class Api:
        def __init__(self, timeout: int) -> None:
            assert timeout > 0

        def runs(self, path: str, per_page: int = 50, lazy: bool = True) -> list[Run]:
            assert not lazy, "each configuration would be asked for alone"
            played.asked.append(f"runs of {path}")
            if played.error:
                raise played.error
            return played.runs

        def run(self, path: str) -> Run:
            played.asked.append(f"run {path}")
            return next(run for run in played.runs if path == f"team/laws/{run.id}")

    module = ModuleType("wandb")
    module.Api = Api  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wandb", module)
    return played


MAPPING = "columns: {N: config.n_params, D: summary.tokens, loss: summary.loss}\n"


def logged(run_id: str) -> Run:
    """Return a run that logs tokens at each step and the loss at every other one, best at step 2."""
    loss = {0: 5.0, 2: 2.0, 4: 3.0}
    history = [{"_step": s, "tokens": 100.0 * s} | ({"loss": loss[s]} if s in loss else {}) for s in range(6)]
    return Run(run_id, summary_metrics={"loss": 3.0, "tokens": 500.0}, history=history)


def test_a_project_becomes_a_table(service: Service, type_import) -> None:
    service.runs += [Run("a"), Run("b", config={"n_params": "2e3"}), Run("c", "crashed"), Run("d", "running")]
    done = type_import("wandb", "team/laws")

    assert done.code == 0, done.err
    assert done.table.drop(columns="run").to_dict("list") == {
        "N": [1000.0, 2000.0], "D": [4e6, 4e6], "loss": [2.5, 2.5],
    }  # fmt: skip
    assert list(done.rejected["reason"]) == ["its state is crashed", "its state is running"]
    assert "D is summary.tokens, loss is summary.eval.loss" in done.out
    assert "lawbook fit runs.parquet --y loss --x N,D --law chinchilla" in done.out


def test_what_was_answered_needs_neither_package_nor_network(
    service: Service, type_import, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.runs += [logged("a"), logged("b")]
    first = type_import("wandb", "team/laws", mapping=MAPPING + "at: every\n").table
    assert service.asked == ["runs of team/laws"] + ["run team/laws/a"] * 2 + ["run team/laws/b"] * 2

    monkeypatch.setitem(sys.modules, "wandb", None)
    again = type_import("wandb", "https://wandb.ai/team/laws", mapping=MAPPING + "at: every\n")
    assert again.table.equals(first)
    absent = type_import("wandb", "team/laws", "--refresh", mapping=MAPPING)
    assert (absent.code, absent.err) == (
        2, "Error: wandb is not installed, and this needs it; pip install wandb\n",
    )  # fmt: skip


def test_a_kept_answer_that_is_damaged_is_asked_for_anew(service: Service, type_import) -> None:
    service.runs += [Run("a")]
    type_import("wandb", "team/laws")
    (kept,) = (type_import("wandb", "team/laws").folder / "runs.cache").iterdir()
    assert len(service.asked) == 1
    kept.write_text(kept.read_text()[:-20])

    assert type_import("wandb", "team/laws").code == 0
    assert len(service.asked) == 2


@pytest.mark.parametrize(
    ("at", "rows"),
    [
        ("last", [(500.0, 3.0)]),
        ("min", [(200.0, 2.0)]),
        ("every", [(0.0, 5.0), (200.0, 2.0), (400.0, 3.0)]),
    ],
)
def test_a_row_is_of_the_moment_that_is_asked_for(
    service: Service, type_import, at: str, rows: list[tuple[float, float]]
) -> None:
    service.runs.append(logged("a"))
    done = type_import("wandb", "team/laws", mapping=f"{MAPPING}at: {at}\n")

    assert list(done.table[["D", "loss"]].itertuples(index=False, name=None)) == rows
    assert ("--cluster run" in done.out) == (at == "every")


def test_a_metric_between_its_steps_is_as_it_was_last(service: Service, type_import) -> None:
    history = [{"_step": 0, "tokens": 10.0}, {"_step": 3, "loss": 2.0}, {"_step": 4, "tokens": 99.0}]
    service.runs.append(Run("a", summary_metrics={"loss": 2.0, "tokens": 99.0}, history=history))
    done = type_import("wandb", "team/laws", mapping=MAPPING + "at: min\n")

    assert done.table["D"].to_list() == [10.0]


def test_what_the_package_raises_is_one_message(service: Service, type_import) -> None:
    service.error = ValueError("Could not find project\x1b[2J laws")
    done = type_import("wandb", "team/laws")

    assert done.code == 2
    assert "Could not find project\\x1b[2J laws; mend the name of the project" in done.err


@pytest.mark.parametrize("source", ["laws", "a/b/c", "../../etc", "https://elsewhere/a/b", ""])
def test_what_names_no_project_is_not_asked(service: Service, type_import, source: str) -> None:
    done = type_import("wandb", source)

    assert (done.code, service.asked) == (2, [])
    assert "write ENTITY/PROJECT" in done.err


def test_hostile_runs_are_rows_or_rejected(service: Service, type_import) -> None:
    deep: dict[str, Any] = {}
    for _ in range(40):
        deep = {"deeper": deep}
    service.runs += [
        Run("../../../etc/passwd", name="../x"),
        Run("twice"), Run("twice"),
        Run("nan", summary_metrics={"eval": {"loss": math.nan}, "tokens": 1}),
        Run("word", summary_metrics={"eval": {"loss": "NaN"}, "tokens": 1}),
        Run("none", config={}, summary_metrics={}),
        Run("list", config={"n_params": [1, [2]]}),
        Run("huge", config={"n_params": 10**400}),
        Run("deep", config=deep),
        Run("many", config={str(i): i for i in range(20_001)}),
        Run("\x1b[31mred\n=1+1", name="\x00"),
        Run("big", config={"n_params": 10**25}),
    ]  # fmt: skip
    done = type_import("wandb", "team/laws", mapping=MAPPING.replace("summary.loss", "summary.eval.loss"))

    assert list(done.table["run"]) == ["../../../etc/passwd", "twice", "\\x1b[31mred\\n=1+1", "big"]
    assert done.table["N"].to_list() == [1000.0, 1000.0, 1000.0, 1e25]
    assert dict(zip(done.rejected["run"], done.rejected["reason"], strict=True)) == {
        "deep": "its configuration is nested deeper than 20 levels",
        "many": "its configuration holds more than 20,000 values",
        "twice": "another run has the same id",
        "nan": "summary.eval.loss = nan is no finite number",
        "word": "summary.eval.loss = 'NaN' is no finite number",
        "none": "no config.n_params",
        "list": "config.n_params = '[1, [2]]' is no finite number",
        "huge": "config.n_params = inf is no finite number",
    }
    assert sorted(path.name for path in done.folder.iterdir()) == [
        "map.yaml", "runs.cache", "runs.import.json", "runs.parquet", "runs.rejected.csv",
    ]  # fmt: skip
