"""How runs ended, in the words of their services, and which of these words mean that a run counts."""

from __future__ import annotations

ENDED_WELL = ("finished", "complete", "completed", "success", "succeeded", "done", "ok")
"""Words of a run that came to its end: those of Weights & Biases and MLflow, and what people write."""

NOT_ENDED = (
    "running", "scheduled", "pending", "queued", "preempting", "preempted",
    "failed", "failure", "crashed", "killed", "error", "interrupted", "stopped", "cancelled", "aborted",
)  # fmt: skip
"""Words of a run that did not, or has not yet."""

NOT_TOLD = "unknown"
"""The word, in a mapping and in the table of rejected runs, for a run whose source says nothing of it."""

COUNTED = (*ENDED_WELL, NOT_TOLD)
"""The states of runs that give rows where a mapping names none."""

WORDS = (*ENDED_WELL, *NOT_ENDED, NOT_TOLD)


def told(state: str) -> str:
    """Return the word for a state, which is '' where the source says nothing of it."""
    return state.strip().lower() or NOT_TOLD
