"""How causes are written for readers."""

from __future__ import annotations

from lawbook.laws.breakdown import NONE
from lawbook.results.words import plain


def cause_name(cause: str) -> str:
    """Return a cause in words.

    >>> cause_name("label_noise"), cause_name("none")
    ('label noise', 'no break')
    """
    return "no break" if cause == NONE else plain(cause)
