"""A tracking server of MLflow, played on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Server:
    """A tracking server with 25 runs in two experiments, three runs a page; what it was asked, and by whom."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    accounts: set[str | None] = field(default_factory=set)
    busy: int = 0
    moved_to: str = ""
    experiments: object = (
        {"experiment_id": "1", "name": "sizes"},
        {"experiment_id": "2", "name": "others"},
    )

    def answer(self, path: str, query: dict[str, Any]) -> dict[str, Any]:
        """Return what the server of MLflow answers."""
        at = int(query.get("page_token") or 0)
        more = {"next_page_token": str(at + 3)}
        if path.endswith("experiments/search"):
            return {"experiments": self.experiments}
        if path.endswith("runs/search"):
            runs = [self.run(i) for i in range(25) if str(1 + i % 2) in query["experiment_ids"]]
            return {"runs": runs[at : at + 3]} | (more if at + 3 < len(runs) else {})
        loss = [
            {"key": query["metric_key"], "value": 3 - step, "timestamp": 1, "step": step} for step in range(4)
        ]
        return {"metrics": loss[at : at + 3]} | (more if at + 3 < len(loss) else {})

    def run(self, number: int) -> dict[str, Any]:
        """Return a run, as the server tells it."""
        info = {"run_id": f"r{number:02d}", "run_name": "same name", "experiment_id": str(1 + number % 2),
                "status": "FAILED" if number == 24 else "FINISHED", "lifecycle_stage": "active"}  # fmt: skip
        data = {
            "params": [{"key": "n_params", "value": str(1000 + number)}],
            "metrics": [{"key": "val/loss", "value": float("nan") if number == 22 else 0.0, "step": 3}],
            "tags": [{"key": "mlflow.user", "value": "x"}],
        }
        return {"info": info, "data": data if number else {}}


@contextmanager
def playing() -> Iterator[Server]:
    """Play a server on this machine."""
    played = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.reply(urlsplit(self.path).path, json.loads(body))

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self.reply(parts.path, {key: values[0] for key, values in parse_qs(parts.query).items()})

        def reply(self, path: str, query: dict[str, Any]) -> None:
            played.asked.append(path.rpartition("2.0/mlflow/")[2])
            played.accounts.add(self.headers.get("Authorization"))
            busy = played.busy > 0
            played.busy -= busy
            if played.moved_to:
                self.send_response(302)
                self.send_header("Location", f"{played.moved_to}{path}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            content = b"" if busy else json.dumps(played.answer(path, query)).encode()
            self.send_response(503 if busy else 200)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    played.url = f"http://127.0.0.1:{http.server_port}"
    yield played
    http.shutdown()
    thread.join()
    http.server_close()
