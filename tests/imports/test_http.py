"""Asking over HTTP: when it is asked again, how long is waited, and what is said in the end."""

from __future__ import annotations

import socket

import pytest
from tests.imports.tracking_server import Server, playing

from lawbook.errors import LawbookError
from lawbook.imports._http import LONGEST_WAIT_S, ask_json


def test_waits_grow_until_it_gives_up() -> None:
    with socket.socket() as taken:  # bound, and not listening
        taken.bind(("127.0.0.1", 0))
        waited: list[float] = []
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/x"
        with pytest.raises(LawbookError, match="does not answer"):
            ask_json(url, waits_s=(1, 2, 4), sleep=waited.append)

    assert waited == [1, 2, 4]


def test_a_service_that_stays_busy_is_said_to_be(server: Server) -> None:
    server.busy = 10
    waited: list[float] = []
    with pytest.raises(LawbookError, match="is busy \\(503"):
        ask_json(f"{server.url}/x", {}, waits_s=(9, 9), sleep=waited.append)

    assert waited == [0, 0]  # as the service asked, not 9
    assert LONGEST_WAIT_S <= 60


def test_an_account_does_not_follow_to_another_address(server: Server) -> None:
    with playing() as other:
        server.moved_to = other.url
        ask_json(
            f"{server.url}/api/2.0/mlflow/experiments/search", secrets={"Authorization": "Bearer hunter2"}
        )

    assert (server.accounts, other.accounts) == ({"Bearer hunter2"}, {None})


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x", "nonsense"])
def test_only_the_web_is_asked(url: str) -> None:
    with pytest.raises(LawbookError, match="no address of a service"):
        ask_json(url)
