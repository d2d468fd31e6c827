"""Weights & Biases: the runs of a project, by its own package `wandb`, which also knows the account, waits and retries.

What was answered is kept, so that neither package nor network is needed to read it again.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lawbook.errors import LawbookError, printable
from lawbook.imports import Curve, Kind, Rejected, Run, UnreadableError, Value
from lawbook.imports._answers import Answers
from lawbook.imports._values import flatten, merged

SITE = "https://wandb.ai/"
PROJECT = re.compile(r"[\w.-]+/[\w.-]+")
TIMEOUT_S, RUNS_A_PAGE, POINTS_A_PAGE = 60, 100, 1000


def read(source: str, answers: Answers) -> Iterator[Run | Rejected]:
    """Yield the runs of a project. Raises LawbookError for what is no project, and for what the package says."""
    project = source.removeprefix(SITE).strip("/")
    if not PROJECT.fullmatch(project):
        raise LawbookError(f"{printable(source)}: names no project; write {kind.source}")
    query = {"service": "wandb", "project": project, "asked": "runs"}
    for told in answers.ask(query, lambda: _asked(project, _runs)):
        yield _run(project, told, answers)


def _asked(project: str, ask: Callable[..., Any], *more: str) -> Any:
    """Return what the package answers, as JSON can hold it; what it raises is one message."""
    try:
        wandb = importlib.import_module("wandb")
    except ImportError:
        raise LawbookError("wandb is not installed, and this needs it; pip install wandb") from None
    try:
        api = wandb.Api(timeout=TIMEOUT_S)
        return json.loads(json.dumps(ask(api, project, *more), default=str))
    except Exception as error:  # those of its own, of requests, of GraphQL
        told = " ".join(str(error).split())[:300].rstrip(".") or type(error).__name__
        fix = "mend the name of the project, or log in with `wandb login`"
        raise LawbookError(f"wandb {project}: {told}; {fix}") from None


def _runs(api: Any, project: str) -> list[dict[str, Any]]:
    whole = {"lazy": False} if "lazy" in inspect.signature(api.runs).parameters else {}
    return [
        {
            "id": run.id,
            "name": run.name,
            "state": run.state,
            "config": dict(run.config),
            "summary": dict(run.summary_metrics),
            "about": {
                key: getattr(run, key, None)
                for key in ("group", "job_type", "tags", "created_at", "sweep_name")
            },
        }
        for run in api.runs(project, per_page=RUNS_A_PAGE, **whole)
    ]


def _history(api: Any, project: str, run_id: str, metric: str) -> list[dict[str, Any]]:
    """Return the rows in which a metric was logged: asked for several at once, the service leaves out the others."""
    rows = api.run(f"{project}/{run_id}").scan_history(keys=["_step", metric], page_size=POINTS_A_PAGE)
    return [dict(row) for row in rows]


def _run(project: str, told: Mapping[str, Any], answers: Answers) -> Run | Rejected:
    run_id, state = str(told["id"]), str(told["state"] or "").lower()
    name = str(told["name"] or run_id)

    def curve(metrics: Sequence[str]) -> Curve:
        return merged(point for metric in metrics for point in _points(project, run_id, metric, answers))

    try:
        config = flatten(
            {key: value for key, value in told["config"].items() if not str(key).startswith("_wandb")}
        )
        summary = flatten(told["summary"], "summary")
        about = flatten(told["about"], "description")
    except UnreadableError as error:
        return Rejected(run_id, name, state, str(error))
    return Run(run_id, name, state, config, summary, about, curve)


def _points(
    project: str, run_id: str, metric: str, answers: Answers
) -> Iterator[tuple[int, dict[str, Value]]]:
    query = {"service": "wandb", "project": project, "asked": "history", "run": run_id, "metric": metric}
    for row in answers.ask(query, lambda: _asked(project, _history, run_id, metric)):
        value, step = flatten(row, "curve").get(metric), row.get("_step")
        if isinstance(step, int) and value is not None:
            yield step, {metric: value}


kind = Kind("ENTITY/PROJECT", read)
