"""Typed warnings: what a reader must know about data and fits besides their numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_SHOWN = 8


@dataclass(frozen=True)
class Notice:
    """A typed warning: `kind` is fixed vocabulary, `rows` are labels of the table's index."""

    kind: str
    message: str
    rows: tuple[object, ...] = ()

    @property
    def count(self) -> int:
        """Return how many rows it is about."""
        return len(self.rows)

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


def listed(values: Iterable[object]) -> str:
    """List values, the first few of them if there are many.

    >>> listed(range(12))
    '0, 1, 2, 3, 4, 5, 6, 7, … (12 in all)'
    """
    shown = [str(v) for v in values]
    more = f", … ({len(shown)} in all)" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more
