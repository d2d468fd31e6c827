"""In place of `python SCRIPT …`: let a warm process run the script, and end as it does; else become that Python.

    client.py SOCKET SCRIPT [ARGUMENT …]

It imports nothing of Lawbook, since it is to start in a few milliseconds. The job is a fork of the server: it has
this process's arguments, environment, folder, files and limits, gets the signals that come here, and dies when this
process does. What is sent: the length of the request, with the three standard files; the request; back come the number
of the job's process and how it ended.
"""

import marshal
import os
import signal
import socket
import sys
from contextlib import suppress
from types import FrameType

NUMBER = 8
"""Bytes of a number."""
COLD = 1 << 32
"""In place of an exit code: the server's memory is of no use to this job."""
KILLED = 137
"""Exit code of a job that said no word of its end: that of one that was killed."""
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


def main() -> None:
    """Run the command line."""
    place, *command = sys.argv[1:]
    code = _run_warm(place, command)
    if code == COLD:
        os.execv(sys.executable, [sys.executable, *command])
    sys.exit(code)


def _run_warm(place: str, command: list[str]) -> int:
    here = os.getcwd()  # noqa: PTH109 (pathlib takes longer to import than all else)
    request = marshal.dumps((command, here, dict(os.environb)))
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.connect(place)
            socket.send_fds(server, [len(request).to_bytes(NUMBER)], [0, 1, 2])
            server.sendall(request)
            pid = _number(server)
        except OSError:
            return COLD
        if pid is None:
            return COLD
        _forward_signals(pid)
        code = _number(server)
    return KILLED if code is None else code


def _forward_signals(pid: int) -> None:
    """Let the signals that come here go to the job."""

    def forward(number: int, _: FrameType | None) -> None:
        with suppress(ProcessLookupError):  # it has ended, and so will this
            os.kill(pid, number)

    for number in FORWARDED:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, forward)


def _number(server: socket.socket) -> int | None:
    """Return the next number that comes; None if the other side has gone."""
    data = b""
    with suppress(ConnectionResetError):
        data = server.recv(NUMBER, socket.MSG_WAITALL)
    return int.from_bytes(data) if len(data) == NUMBER else None


if __name__ == "__main__":
    main()
