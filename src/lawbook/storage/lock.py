"""One writer: whoever writes into a results folder holds an operating-system lock on it.

The lock (`flock`) is released when its holder dies, however it dies. So with it in hand any lock file that
Snakemake left behind is stale.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from lawbook.errors import LawbookError

LOCK = ".writer"
HANDED_DOWN = "LAWBOOK_WRITER_FD"
"""Environment variable: the open lock file that `lawbook run` hands down to its Snakemake."""


@contextmanager
def writing(results: str | Path) -> Iterator[int]:
    """Hold the lock on a results folder; yield its file descriptor, for a child to inherit.

    Raises LawbookError if the folder cannot be written, or if another process holds the lock.
    """
    handle = take_lock(results)
    try:
        yield handle
    finally:
        os.close(handle)


def take_lock(results: str | Path) -> int:
    """Take the lock on a results folder until this process and every heir of the descriptor has ended."""
    results = Path(results)
    try:
        results.mkdir(parents=True, exist_ok=True)
        handle = os.open(results / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        fix = "set `results:` in config/config.yaml to a folder that can"
        raise LawbookError(f"results = '{results}' cannot be written ({error.strerror}); {fix}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _describe_holder(handle)
        os.close(handle)
        raise LawbookError(f"'{results}' is being written by {holder}; wait for it, or stop it") from None
    name_holder(handle, os.getpid())
    return handle


def inherit_lock(results: str | Path) -> int:
    """Return the lock that `lawbook run` handed down to this process, or take it; jobs do not inherit it."""
    handed = os.environ.pop(HANDED_DOWN, "")
    if not handed:
        return take_lock(results)
    os.set_inheritable(int(handed), False)
    return int(handed)


def name_holder(handle: int, pid: int) -> None:
    """Write into the lock file who holds it and since when, for the message that others get."""
    holder = {"pid": pid, "host": socket.gethostname(), "since": datetime.now().isoformat(" ", "seconds")}
    with suppress(OSError):  # on a full disk the lock holds all the same
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(holder).encode(), 0)


def _describe_holder(handle: int) -> str:
    try:
        holder = json.loads(os.pread(handle, 4096, 0))
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (ValueError, KeyError):
        return "another process that has only just begun"
