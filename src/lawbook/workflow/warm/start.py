"""Starting the server of warm jobs, for as long as studies are run."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

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
        """Say which study's jobs come next."""
        for file in self.held:
            with suppress(BrokenPipeError):
                os.write(file, f"{study}\t{studies}\n".encode())


@contextmanager
def warm_jobs() -> Iterator[WarmJobs]:
    """Start a server that ends with this process and the heirs of `held`; where none can be, jobs start cold."""
    if not sys.platform.startswith("linux"):
        yield WarmJobs({}, ())
        return
    with tempfile.TemporaryDirectory(prefix="lawbook-", ignore_cleanup_errors=True) as folder:
        place, python = Path(folder, "socket"), Path(folder, "python")
        call = shlex.join([sys.executable, "-I", "-S", client.__file__, str(place)])
        python.write_text(f'#!/bin/sh\nexec {call} "$@"\n', encoding="utf-8")
        python.chmod(0o700)
        with subprocess.Popen(
            [sys.executable, "-m", "lawbook.workflow.warm.server", str(place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | SINGLE_THREADED,
            start_new_session=True,
        ) as server:
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdout.readline()
            yield WarmJobs({PYTHON: str(python)}, (server.stdin.fileno(),))
            server.stdin.close()
