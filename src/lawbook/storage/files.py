"""Files that are either whole or absent: written beside their place, then renamed into it."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TEMPORARY = re.compile(r"\..*-[a-z0-9_]{8}(\.\w+)?|.*\.[0-9]+\.partial")
"""How a file is called while it is being written: a table or a text; a checkpoint."""


@contextmanager
def written_atomically(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed to it if the block succeeds, removed if it fails.

    The temporary file keeps the suffix, since writers choose their format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem[:40]}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        if error.filename in (None, name):
            error.filename = str(path)  # what a disk that is full does not say
        raise
    finally:
        temporary.unlink(missing_ok=True)


def left_over(folder: Path, before: float) -> Iterator[Path]:
    """Yield the files under a folder that were being written, and were last touched before a time (in s)."""
    for file in list(folder.rglob("*")):
        try:
            if _TEMPORARY.fullmatch(file.name) and file.is_file() and file.stat().st_mtime < before:
                yield file
        except FileNotFoundError:
            continue  # its writer has just finished


def write_text(path: str | Path, text: str) -> None:
    """Write a text file atomically, as UTF-8."""
    with written_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
