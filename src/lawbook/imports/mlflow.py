"""MLflow: a folder `mlruns`, read as the file store lays it out, or a tracking server, asked by its REST API.

A server's address may be that which the browser shows of an experiment, `http://HOST/#/experiments/ID`: then its runs
alone are asked for. A server that wants an account gets it from MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and
MLFLOW_TRACKING_PASSWORD, as from MLflow itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.errors import LawbookError
from lawbook.imports import Kind, Rejected, Run
from lawbook.imports._answers import Answers


def read(source: str, answers: Answers) -> Iterator[Run | Rejected]:
    """Yield the runs of a store. Raises LawbookError for an address that is neither a folder nor of a server."""
    scheme, separator, rest = source.partition("://")
    if separator and scheme in ("http", "https"):
        from lawbook.imports._mlflow_server import read_server

        yield from read_server(source, answers)
    elif separator and scheme != "file":
        started = f"mlflow server --backend-store-uri {scheme}://…"
        raise LawbookError(
            f"{scheme}://…: a data base is not read; start a server over it ({started}), and give its address"
        )
    else:
        from lawbook.imports._mlflow_folder import read_folder

        yield from read_folder(rest if separator else source, kind.source, answers)


kind = Kind("a folder mlruns, or the address of a tracking server", read)
