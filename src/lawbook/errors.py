"""Errors that a user can act on: what is wrong, where, and how to mend it."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class LawbookError(Exception):
    """A mistake in what Lawbook was given; printed as one message, without a trace, exit code 2."""

    exit_code = 2


class StudyError(LawbookError):
    """A mistake in a study: names the file, the field, the value and the fix.

    >>> print(StudyError("digits.yaml", "task.name", "digit", "no such task", "did you mean 'digits'?"))
    digits.yaml: task.name = 'digit': no such task; did you mean 'digits'?
    """

    def __init__(self, file: object, field: str, value: object, problem: str, fix: str) -> None:
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
    """Turn a LawbookError into its message on stderr and its exit code, without a trace."""
    try:
        yield
    except LawbookError as error:
        print(f"Error: {printable(str(error))}", file=sys.stderr, flush=True)
        sys.exit(error.exit_code)
