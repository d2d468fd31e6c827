"""MLflow's tracking server, by version 2.0 of its REST API: experiments, runs and curves, page by page."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from lawbook.errors import LawbookError, printable
from lawbook.imports import Curve, Rejected, Run, UnreadableError, Value
from lawbook.imports._answers import Answers
from lawbook.imports._http import ask_json
from lawbook.imports._values import merged, one_line, plain

RUNS_A_PAGE, POINTS_A_PAGE, EXPERIMENTS_A_PAGE = 1000, 25_000, 1000
MOST_PAGES = 10_000


def read_server(source: str, answers: Answers) -> Iterator[Run | Rejected]:
    """Yield the runs of a server's experiments, or of the one that its address names."""
    server = _Server(source, answers)
    one = re.search(r"experiments/(\w+)", urlsplit(source).fragment)
    experiments = server.pages("experiments/search", {"max_results": EXPERIMENTS_A_PAGE}, "experiments")
    names = {str(found.get("experiment_id")): str(found.get("name")) for found in experiments}
    wanted = [one[1]] if one else sorted(names)
    if not wanted:
        raise LawbookError(f"{server.url}: has no experiments; give another address")
    query = {"experiment_ids": wanted, "max_results": RUNS_A_PAGE, "run_view_type": "ALL"}
    for found in server.pages("runs/search", query, "runs"):
        yield _run(found, names, server)


class _Server:
    """A server at an address; an account in the address is used, and written down nowhere."""

    def __init__(self, source: str, answers: Answers) -> None:
        try:
            parts = urlsplit(source)
            host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
        except ValueError as error:
            raise LawbookError(f"{printable(source)}: is no address ({error}); mend it") from None
        self.url = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self.answers = answers
        user = parts.username or os.environ.get("MLFLOW_TRACKING_USERNAME")
        password = parts.password or os.environ.get("MLFLOW_TRACKING_PASSWORD", "")
        token = os.environ.get("MLFLOW_TRACKING_TOKEN")
        self.secrets: dict[str, str] = {}
        if user:
            pair = base64.b64encode(f"{user}:{password}".encode()).decode()
            self.secrets["Authorization"] = f"Basic {pair}"
        elif token:
            self.secrets["Authorization"] = f"Bearer {token}"

    def pages(
        self, path: str, query: Mapping[str, Any], key: str, get: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Yield what stands under a key of each page. Raises LawbookError for an answer of another form."""
        token = ""
        for _ in range(MOST_PAGES):
            asked = {**query, "page_token": token} if token else dict(query)
            answer = self._ask(path, asked, get)
            found = answer.get(key, []) if isinstance(answer, dict) else None
            if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
                raise LawbookError(
                    f"{self.url}: does not answer as MLflow does; give the address of a tracking server"
                )
            yield from found
            before, token = token, str(answer.get("next_page_token") or "")
            if not token or token == before:
                return

    def _ask(self, path: str, asked: Mapping[str, Any], get: bool) -> Any:
        url = f"{self.url}/api/2.0/mlflow/{path}" + (f"?{urlencode(asked)}" if get else "")
        body = None if get else asked
        return self.answers.ask({"url": url, "body": body}, lambda: ask_json(url, body, self.secrets))


def _run(found: Mapping[str, Any], names: Mapping[str, str], server: _Server) -> Run | Rejected:
    try:
        info, data = found["info"], found.get("data") or {}
        run_id, state = str(info.get("run_id") or info["run_uuid"]), str(info.get("status", "")).lower()
        params, metrics, tags = (_pairs(data.get(key, [])) for key in ("params", "metrics", "tags"))
    except (KeyError, TypeError, AttributeError):
        return Rejected("", "", "", "the server does not say what run it is")
    name = str(info.get("run_name") or tags.get("mlflow.runName") or run_id)
    if info.get("lifecycle_stage") == "deleted":
        return Rejected(run_id, name, state, "deleted in MLflow")
    experiment = str(info.get("experiment_id", ""))
    about: dict[str, Value] = {"experiment": names.get(experiment, experiment)}
    about |= {f"tags.{key}": value for key, value in tags.items() if not key.startswith("mlflow.")}

    def curve(wanted: Sequence[str]) -> Curve:
        return _curve(server, run_id, [metric for metric in wanted if metric in metrics])

    return Run(run_id, name, state, params, metrics, about, curve)


def _pairs(told: Sequence[Mapping[str, Any]]) -> dict[str, Value]:
    return {one_line(str(pair["key"])): plain(pair.get("value")) for pair in told}


def _curve(server: _Server, run_id: str, metrics: Sequence[str]) -> Curve:
    points: list[tuple[int, dict[str, Value]]] = []
    for metric in metrics:
        query = {"run_id": run_id, "metric_key": metric, "max_results": POINTS_A_PAGE}
        for point in server.pages("metrics/get-history", query, "metrics", get=True):
            try:
                points.append((int(point.get("step", 0)), {metric: plain(point["value"])}))
            except (KeyError, TypeError, ValueError, OverflowError):
                raise UnreadableError(f"the server's curve of {metric} is none") from None
    return merged(points)
