"""The server of warm jobs: it imports what the jobs of a study need once, and forks a process for each of them.

    python -m lawbook.workflow.warm.server FOLDER/socket

It removes the folder at its end. Its standard input tells it line by line which study comes next: STUDY, a tab, and the
folder of the studies. It imports at the first job, so that a study with nothing to be done costs nothing. It ends with
whoever holds the other end of its standard input; jobs go on without it. It never starts a thread, for a fork has none
but its own.
"""

from __future__ import annotations

import gc
import marshal
import os
import resource
import runpy
import select
import shutil
import signal
import socket
import struct
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from lawbook.workflow.warm.client import NUMBER
from lawbook.workflow.warm.memory import Memory
from lawbook.workflow.warm.process import become_warm, end, start_cold

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables that libraries read at import, by which a job is given more cores than one."""
LIMITS = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]


def main() -> None:
    """Serve at the socket of the command line until the standard input ends."""
    place = Path(sys.argv[1])
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen(128)
        print("ready", flush=True)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, _reap)
        _serve(listener)
    shutil.rmtree(place.parent, ignore_errors=True)  # whoever began it may have been killed


def _serve(listener: socket.socket) -> None:
    memory, told = None, b""
    while True:
        ready, _, _ = select.select([listener.fileno(), 0], [], [])
        if 0 in ready:
            if not (data := os.read(0, 1 << 16)):
                return
            told += data
            continue
        client, _ = listener.accept()
        with client:
            *lines, told = told.split(b"\n")
            memory = Memory() if memory is None else memory
            for line in lines:
                memory.learn(*line.decode().split("\t"))
            if _is_single_threaded() and _fork() == 0:
                listener.close()
                _become_job(client, memory)


def _reap(*_: object) -> None:
    """Wait for the forks that have ended, whose CPU time counts as this process's from then on."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _fork() -> int:
    """Return 0 in the fork, and another number in the server; there, too, if there is no memory for a fork."""
    gc.freeze()  # else a search for garbage in a fork would copy all that it finds
    try:
        return os.fork()
    except OSError:
        return -1


def _is_single_threaded() -> bool:
    return len([*Path("/proc/self/task").iterdir()]) == 1


def _become_job(client: socket.socket, memory: Memory) -> NoReturn:
    """Run the script that a client asks for, as if this were the process that it has started."""
    become_warm(client)
    try:
        header, files, _, _ = socket.recv_fds(client, NUMBER, 3)
        request = client.recv(int.from_bytes(header), socket.MSG_WAITALL)
        command, folder, environment = marshal.loads(request)
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        client.sendall(os.getpid().to_bytes(NUMBER))
        threading.Thread(target=_die_with, args=(client,), daemon=True).start()
        same = _take_place(client, folder, environment)
        if not same or not memory.is_true():
            start_cold()
        end(_run(command))
    finally:  # whatever happens, no fork goes on as a server
        os._exit(1)


def _take_place(client: socket.socket, folder: str, environment: Mapping[bytes, bytes]) -> bool:
    """Take over a client's environment and limits; tell whether the libraries imported are those it would have."""
    for number in (signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    pid, _, _ = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    for limit in LIMITS:
        resource.setrlimit(limit, resource.prlimit(pid, limit))
    os.environ.clear()
    os.environb.update(environment)
    tempfile.tempdir = None
    return folder == str(Path.cwd()) and all(os.environ.get(name, "1") == "1" for name in ONE_THREAD)


def _die_with(client: socket.socket) -> None:
    """Wait for the end of the client, which says nothing more, and end this process by it."""
    client.recv(1)
    os.kill(os.getpid(), signal.SIGKILL)


def _run(command: list[str]) -> int:
    """Run a script to its end and return its exit code."""
    sys.argv = command
    sys.path.insert(0, str(Path(command[0]).parent))
    try:
        runpy.run_path(command[0], run_name="__main__")
        code: object = 0
    except SystemExit as ending:
        code = ending.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    if not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    main()
