"""Imports: runs that others have tracked, as one table; one kind of source a file.

`NAME.py` defines `kind`, the source that `lawbook import NAME SOURCE` reads. It yields runs in one common shape; which
of their values become columns, a mapping says (`_mapping.py`), which is guessed where none is given (`_guess.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lawbook.errors import LawbookError
from lawbook.imports._answers import Answers
from lawbook.registry import Registry

Value = str | int | float | bool | None
"""What a run says of one thing. Nested values are flattened to dotted keys; a list is its JSON."""

Curve = Mapping[int, Mapping[str, Value]]
"""The metrics of a run by step; a metric that was not logged at a step has no key there."""


def no_curve(metrics: Sequence[str]) -> Curve:
    """Return the curve of a run of which only its end is known."""
    return {}


@dataclass(frozen=True)
class Run:
    """A tracked run.

    state: how it ended, in the words of its service in lower case, '' where nothing says so. config: what it was asked
    to do; summary: each metric as it was last; about: what else its service knows of it, such as tags. curve: returns
    the curves of some metrics, those of others or not; a service is asked only then.
    """

    run_id: str
    name: str
    state: str
    config: Mapping[str, Value]
    summary: Mapping[str, Value]
    about: Mapping[str, Value] = field(default_factory=dict)
    curve: Callable[[Sequence[str]], Curve] = no_curve


@dataclass(frozen=True)
class Rejected:
    """A run that gives no row, and why."""

    run_id: str
    name: str
    state: str
    reason: str


class UnreadableError(LawbookError):
    """What is told of one run cannot be read; the others can."""


@dataclass(frozen=True)
class Kind:
    """A kind of source. source: what SOURCE is, for the help; read: yields the runs of a source.

    `read` gets its files and asks its service through the answers alone, which are kept and counted in the digest. It
    raises LawbookError for a source that is not there, or is of another kind.
    """

    source: str
    read: Callable[[str, Answers], Iterator[Run | Rejected]]


imports: Registry[Kind] = Registry("lawbook.imports", "kind", "kind of import")
