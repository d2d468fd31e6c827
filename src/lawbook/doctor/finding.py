"""What a check of `lawbook doctor` returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What was looked at, whether it is in order, what was found, and, where something is off, how to mend it."""

    name: str
    ok: bool
    text: str
    fix: str = ""
