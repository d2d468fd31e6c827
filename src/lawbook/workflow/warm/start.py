"""Starting the server of warm jobs, for as long as studies are run."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import lawbook
from lawbook.workflow.warm import client

PYTHON = "LAWBOOK_WARM_PYTHON"
"""Environment variable: the program that the workflow is to call in place of Python, where it runs jobs itself."""

SINGLE_THREADED = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""Variables under which no library starts a thread at import."""


@dataclass(frozen=True)
class WarmJobs:
    """A server: `environment` and `held`, file descriptors, are for the Snakemake whose jobs are to start warm."""

    environment: Mapping[str, str]
    held: tuple[int, ...]

    def announce(self, study: str, studies: str) -> None:
        """Say which study's jobs come next; where the server has died, nobody hears it."""
        # A command line leaves SIGPIPE as it is, which would end this process without a word.
        before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        try:
            for file in self.held:
                with suppress(BrokenPipeError):
                    os.write(file, f"{study}\t{studies}\n".encode())
        finally:
            signal.signal(signal.SIGPIPE, before)


COLD = WarmJobs({}, ())


@contextmanager
def warm_jobs() -> Iterator[WarmJobs]:
    """Start a server that ends with this process and the heirs of `held`; where none can be, jobs start cold."""
    with ExitStack() as held:
        try:
            folder = held.enter_context(TemporaryDirectory(prefix="lawbook-", ignore_cleanup_errors=True))
            python = _stand_in(Path(folder))
        except OSError:
            python = None
        if python is None:
            yield COLD
            return
        source = str(Path(lawbook.__file__).parents[1])
        path = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
        server = subprocess.Popen(
            [sys.executable, "-P", "-m", "lawbook.workflow.warm.server", str(python.with_name("socket"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | SINGLE_THREADED | {"PYTHONPATH": path},
            start_new_session=True,
        )
        held.enter_context(server)  # which closes its standard input and waits for it
        assert server.stdin is not None
        assert server.stdout is not None
        # It dies at once where, for one, the path of its socket is longer than the system allows.
        if not server.stdout.readline():
            yield COLD
            return
        yield WarmJobs({PYTHON: str(python)}, (server.stdin.fileno(),))


def _stand_in(folder: Path) -> Path | None:
    """Write into a folder the program that stands in for Python; None where it could not be executed."""
    python = folder / "python"
    call = shlex.join([sys.executable, "-I", "-S", client.__file__, str(folder / "socket")])
    python.write_text(f'#!/bin/sh\nexec {call} "$@"\n', encoding="utf-8")
    python.chmod(0o700)
    return python if sys.platform.startswith("linux") and os.access(python, os.X_OK) else None
