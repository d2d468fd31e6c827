"""How a process ends otherwise than by an answer or a mistake: unforeseen errors, Ctrl-C, output that nobody reads."""

from __future__ import annotations

import platform
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from lawbook.errors import ExitCode, printable

LOGS, OF_A_WORKFLOW = Path("logs"), Path("config/config.yaml")
LONGEST = 300
"""Characters of an error that are shown; all of it stands in the trace."""


@contextmanager
def unforeseen(*, logged: bool = False) -> Iterator[None]:
    """Turn an error that nobody foresaw into one line on stderr, which names the file with its trace, and a code.

    logged: print the trace, too, since stderr is a log.
    """
    try:
        yield
    except Exception as error:
        trace = "".join(traceback.format_exception(error))
        file = _keep(trace)
        if logged or file is None:
            print(printable(trace), file=sys.stderr)
        message = " ".join(f"{type(error).__name__}: {error}".split())
        message = message if len(message) <= LONGEST else f"{message[:LONGEST]}…"
        where = f"its trace stands in {file}" if file else "its trace stands above and could be kept nowhere"
        print(f"Error: {printable(message)}; nobody foresaw this: {where}", file=sys.stderr, flush=True)
        sys.exit(ExitCode.UNFORESEEN)


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn Ctrl-C into one line and its exit code; what a KeyboardInterrupt carries is printed besides."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        more = f"; {interrupt}" if interrupt.args else ""
        print(f"Stopped: interrupted{more}", file=sys.stderr, flush=True)
        sys.exit(ExitCode.INTERRUPTED)


@contextmanager
def quiet_when_unread() -> Iterator[None]:
    """Let the process end without a word, as other programs do, when whoever reads its output has gone (`| head`)."""
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        yield
    finally:
        sys.stdout.flush()
        signal.signal(signal.SIGPIPE, before)


def _keep(trace: str) -> Path | None:
    """Write a trace into the logs of the workflow in this folder, else below the temporary folder; None if neither."""
    from lawbook import __version__

    about = f"lawbook {__version__}, Python {platform.python_version()}, {platform.platform()}"
    name = f"lawbook-trace-{datetime.now():%Y%m%d-%H%M%S-%f}.txt"
    temporary = Path(tempfile.gettempdir())
    for folder in [LOGS, temporary] if OF_A_WORKFLOW.exists() else [temporary]:
        try:
            folder.mkdir(exist_ok=True)
            with (folder / name).open("x", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{about}\n{' '.join(sys.argv)}\n\n{trace}")
        except OSError:
            continue
        return folder / name
    return None
