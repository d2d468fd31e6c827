"""What a warm job knows of how it came to be: its client, and how to hand the job back to a process of its own."""

from __future__ import annotations

import os
import socket
from typing import NoReturn

from lawbook.workflow.warm.client import COLD, NUMBER

_client: list[socket.socket] = []


def become_warm(client: socket.socket) -> None:
    """Take this process for a warm job of a client."""
    _client.append(client)


def is_warm() -> bool:
    """Tell whether this process was forked with its modules imported."""
    return bool(_client)


def start_cold() -> NoReturn:
    """End this warm job, and let its client start it anew as a process of its own."""
    end(COLD)


def end(code: int) -> NoReturn:
    """End this warm job; its client ends with the same exit code."""
    try:
        _client[0].sendall(code.to_bytes(NUMBER))
    finally:
        os._exit(0)
