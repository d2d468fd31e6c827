"""Where the laws of two groups of a table cross: one falls below the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lawbook.errors import ExitCode, LawbookError
from lawbook.fitting.table import Answer
from lawbook.laws.crossing import Crossing, crossing
from lawbook.results.words import enumerate_words
from lawbook.storage.status import FitStatus


@dataclass(frozen=True)
class GroupsCrossed:
    """The crossing of two groups, by the names of their values, beyond which `below` is the lower one.

    `found` is None where a law is refused, as `why` says.
    """

    below: str
    above: str
    found: Crossing | None
    why: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """Return OK where the crossing is resolved, else UNDECIDED."""
        return ExitCode.OK if self.found is not None and self.found.resolved else ExitCode.UNDECIDED


def groups_crossed(answers: Sequence[Answer]) -> GroupsCrossed:
    """Return where the laws of two groups cross. Raises LawbookError unless there are two, with power laws."""
    names = [", ".join(answer.group.values()) for answer in answers]
    if len(answers) != 2:
        by = ", ".join(answers[0].question.by)
        raise LawbookError(
            f"--cross is of two groups, and {by} has {len(answers)}: {enumerate_words(names)}; choose two with"
            f" --where '{by} in {','.join(names[:2])}'"
        )
    first, second = names
    for name, answer in zip(names, answers, strict=True):
        if answer.fit.status == FitStatus.REFUSED:
            return GroupsCrossed(first, second, None, f"the law of {name} is refused")
    found = crossing(answers[0].fit, answers[1].fit)
    return GroupsCrossed(*((first, second) if found.first_below else (second, first)), found)
