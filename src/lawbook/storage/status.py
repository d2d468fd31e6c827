"""How runs, fits and claims came out: the words that stand in the tables."""

from __future__ import annotations

from enum import StrEnum


class RunStatus(StrEnum):
    """How a run ended."""

    OK = "ok"
    DIVERGED = "diverged"
    UNCONVERGED = "unconverged"
    FAILED = "failed"


class FitStatus(StrEnum):
    """Whether data give a law: they do, they do not, or they do not fix its parameters."""

    OK = "ok"
    REFUSED = "refused"
    NOT_IDENTIFIED = "not_identified"


class Verdict(StrEnum):
    """What a measured interval says of a claim."""

    HOLDS = "holds"
    FAILS = "fails"
    UNDECIDED = "undecided"


UNDECIDED = Verdict.UNDECIDED.value
"""What stands for the preferred form where the data do not choose between forms."""
