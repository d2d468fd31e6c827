"""How runs ended, in the words of their services, and which of these words mean that a run counts."""

from __future__ import annotations

from lawbook.storage.run_state import STATUS_OF
from lawbook.storage.status import RunStatus

NOT_TOLD = "unknown"
"""The word, in a mapping and in the table of rejected runs, for a run whose source says nothing of it."""

WORDS = (*STATUS_OF, NOT_TOLD)
"""The words that a mapping may name, and such others as the runs themselves are told by."""

COUNTED = (*(word for word, status in STATUS_OF.items() if status is RunStatus.OK), NOT_TOLD)
"""The states of runs that give rows where a mapping names none."""


def told(state: str) -> str:
    """Return the word for a state, which is '' where the source says nothing of it."""
    return state.strip().lower() or NOT_TOLD
