"""Errors that a user can act on: what is wrong, where, and how to mend it."""

from __future__ import annotations

import difflib
import errno
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from importlib.util import find_spec
from typing import NoReturn

_DISK = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EISDIR}
)
"""Errors that are the disk's, or its owner's, and not this program's."""

_LISTED = 8
"""So many values of a longer list are written out."""

EXTRAS = {"train": ("torch", "pytorch_lightning", "tokenizers"), "workflow": ("snakemake",)}
"""Modules by the extra of the package that brings them."""

INSTALL = f"pip install 'lawbook[{','.join(EXTRAS)}]'"


class ExitCode(IntEnum):
    """What every command and every job leaves with; `meaning` says what a code stands for."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> ExitCode:
        """Return the code with its meaning."""
        code = int.__new__(cls, value)
        code._value_, code.meaning = value, meaning
        return code

    OK = 0, "done; the law fits, no claim fails, nothing differs, nothing is wrong"
    FAILED = 1, "the answer is no: a law is refused, a claim fails, a bundle differs, a job failed"
    MISTAKE = 2, "a mistake in what was given, or a disk that cannot be written: one message with the fix"
    UNDECIDED = 3, "the data leave it open: no law is preferred, a claim is undecided"
    UNFORESEEN = 70, "an error that nobody foresaw: one line that names the file with the trace"
    INTERRUPTED = 130, "interrupted by Ctrl-C"


class LawbookError(Exception):
    """A mistake in what Lawbook was given; printed as one message, without a trace."""

    exit_code = ExitCode.MISTAKE


class StudyError(LawbookError):
    """A mistake in a study: names the file, the field, the value and the fix.

    >>> print(StudyError("digits.yaml", "task.name", "digit", "no such task", "did you mean 'digits'?"))
    digits.yaml: task.name = 'digit': no such task; did you mean 'digits'?
    """

    def __init__(self, file: object, field: str, value: object, problem: str, fix: str) -> None:
        self.file, self.field, self.value, self.problem, self.fix = file, field, value, problem, fix
        where = f"{file}: {field}" if field else str(file)
        shown = "" if value is None else f" = {value!r}"
        super().__init__(f"{where}{shown}: {problem}; {fix}")


def suggest(name: object, valid: Iterable[str]) -> str:
    """Say which valid name was probably meant, or list them all.

    >>> suggest("widht", ["width", "depth"])
    "did you mean 'width'?"
    >>> suggest("zebra", ["width", "depth"])
    'valid names: depth, width'
    """
    names = sorted(set(valid))
    close = difflib.get_close_matches(str(name), names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"valid names: {', '.join(names)}"


def listed(values: Iterable[object]) -> str:
    """List values, the first few of them if there are many.

    >>> listed(range(12))
    '0, 1, 2, 3, 4, 5, 6, 7, … (12 in all)'
    """
    shown = [str(v) for v in values]
    more = f", … ({len(shown)} in all)" if len(shown) > _LISTED else ""
    return ", ".join(shown[:_LISTED]) + more


def printable(text: str) -> str:
    r"""Return a text with every character that could steer a terminal written out.

    >>> printable("a" + chr(27) + "[2Jb")
    'a\\x1b[2Jb'
    """
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


class AbandonedError(Exception):
    """The job has stopped at a checkpoint, before its end, since a signal came or nobody waits for it."""


@contextmanager
def one_message() -> Iterator[None]:
    """Turn a LawbookError into its message on stderr and its exit code, without a trace.

    A module that an optional part of Lawbook would have brought, and a disk that fails, are such mistakes, too.
    """
    try:
        yield
    except LawbookError as error:
        _leave(str(error), error.exit_code)
    except ModuleNotFoundError as error:
        message = lacking(error.name or "")
        if message is None:
            raise
        _leave(message, ExitCode.MISTAKE)
    except OSError as error:
        if error.errno not in _DISK:
            raise
        where = error.filename or "what this writes"
        problem = f"cannot be written or read ({os.strerror(error.errno)})"
        _leave(f"{where} {problem}; mend that and run again", ExitCode.MISTAKE)


def _leave(message: str, code: ExitCode) -> NoReturn:
    print(f"Error: {printable(message)}", file=sys.stderr, flush=True)
    sys.exit(code)


def lacking(module: str) -> str | None:
    """Say what to install for a module that was not found; None if it belongs to no extra.

    >>> lacking("torch.nn")
    "torch is not installed, and this needs it; pip install 'lawbook[train,workflow]'"
    """
    name = module.partition(".")[0]
    if not any(name in modules for modules in EXTRAS.values()):
        return None
    return f"{name} is not installed, and this needs it; {INSTALL}"


def need(module: str) -> None:
    """Raise ModuleNotFoundError if a module is missing that another process will import."""
    if find_spec(module) is None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)
