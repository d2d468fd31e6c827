"""When a job has to stop before its end: a signal asks for it, or nobody waits for the result any more."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType

from lawbook.errors import AbandonedError

ASKING = (signal.SIGTERM, signal.SIGUSR1)
"""What Slurm sends at a time limit, and what `--signal=USR1@SECONDS` sends before it."""

_received: list[signal.Signals] = []
_heeding = False


def heed_signals() -> None:
    """Let these signals no longer end the process, but be found by `why_unwanted`; only in the main thread."""
    global _heeding
    _heeding = True
    for number in ASKING:
        signal.signal(number, _remember)


def heed_signals_again() -> None:
    """Take the signals back from a library that has put its own handlers in place; nothing if none were heeded."""
    if _heeding:
        heed_signals()


def ignore_signals() -> None:
    """Give the signals back their usual effect, and forget those that came."""
    global _heeding
    _heeding = False
    _received.clear()
    for number in ASKING:
        signal.signal(number, signal.SIG_DFL)


def why_unwanted() -> str | None:
    """Return why this job should stop now, if it should: a signal, or the death of process LAWBOOK_OWNER_PID."""
    if _received:
        return f"{_received[0].name} came; run again to resume"
    owner = os.environ.get("LAWBOOK_OWNER_PID")
    if owner is not None:
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            return f"Snakemake (process {owner}) is gone; run again to resume"
        except PermissionError:
            pass
    return None


def check_wanted() -> None:
    """Raise AbandonedError if this job should stop now."""
    reason = why_unwanted()
    if reason is not None:
        raise AbandonedError(reason)


def end_when_unwanted() -> None:
    """Let this process end within a second of the death of process LAWBOOK_OWNER_PID.

    Else a job whose Snakemake was killed would write late, over what a later job has made.
    """
    if "LAWBOOK_OWNER_PID" in os.environ:
        threading.Thread(target=_wait_for_the_end, daemon=True).start()


def _wait_for_the_end() -> None:
    while (reason := why_unwanted()) is None:
        time.sleep(1)
    print(f"Stopped: {reason}", file=sys.stderr, flush=True)
    os._exit(1)


def _remember(number: int, _: FrameType | None) -> None:
    _received.append(signal.Signals(number))
