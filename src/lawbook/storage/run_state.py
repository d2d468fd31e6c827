"""How runs ended, in the words of the tools that people train with, as one of Lawbook's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, listed
from lawbook.storage.status import RunStatus

COLUMNS = ("status", "state", "run_state", "run_status")
"""Names of the column that says how a run ended, in any case: MLflow's `status`, the `State` of Weights & Biases."""

_WORDS: dict[RunStatus, tuple[str, ...]] = {
    # Of Weights & Biases and MLflow (finished), Optuna (complete), Slurm (completed), and what people write.
    RunStatus.OK: ("ok", "finished", "complete", "completed", "success", "succeeded", "done"),
    RunStatus.DIVERGED: ("diverged",),
    RunStatus.UNCONVERGED: ("unconverged",),
    # Weights & Biases: running, crashed, failed, killed, preempting; MLflow: scheduled; Lightning: interrupted,
    # stopped; Optuna: fail, pruned, waiting; Slurm: cancelled, node_fail, out_of_memory, pending, preempted, timeout.
    RunStatus.FAILED: (
        "failed", "fail", "failure", "error", "crashed", "killed", "running", "preempting", "preempted", "scheduled",
        "pending", "queued", "waiting", "interrupted", "stopped", "aborted", "cancelled", "canceled", "pruned",
        "timeout", "node_fail", "out_of_memory", "unfinished",
    ),
}  # fmt: skip
STATUS_OF = {word: status for status, words in _WORDS.items() for word in words}
"""Each known word, in lower case, and what it comes to; `failed` for whatever did not end by itself, or has not yet."""


@dataclass(frozen=True)
class RunStates:
    """How the run of each row ended, and the word by which the table says so."""

    status: np.ndarray
    words: np.ndarray

    def words_at(self, chosen: np.ndarray) -> str:
        """Return the words of some rows, each once.

        >>> states = run_states(pd.DataFrame({"State": ["finished", "crashed", "running", "crashed"]}))
        >>> states.words_at(states.status == RunStatus.FAILED)
        'crashed, running'
        """
        return ", ".join(sorted(set(self.words[chosen])))


def run_states(table: pd.DataFrame) -> RunStates | None:
    """Return how the runs of a table ended, None for a table that says nothing of it.

    Of several columns that say so, the first that does not say that all is well counts. Raises LawbookError, naming
    rows and the known words, for a word that is not known, and a cell that is empty where others are not.
    """
    named = [i for i, name in enumerate(table.columns) if str(name).lower() in COLUMNS]
    status, words = (
        np.full(len(table), RunStatus.OK.value, dtype=object),
        np.full(len(table), "ok", dtype=object),
    )
    found = [table.iloc[:, i] for i in named if table.iloc[:, i].notna().any()]
    for values in found:
        said = np.array(["" if pd.isna(value) else str(value).strip() for value in values], dtype=object)
        lowered = [word.lower() for word in said]
        unknown = np.array([word not in STATUS_OF for word in lowered], dtype=bool)
        if unknown.any():
            shown = listed(dict.fromkeys(repr(word) for word in said[unknown]))
            known = ", ".join(RunStatus), ", ".join(w for w in STATUS_OF if w not in set(RunStatus))
            raise LawbookError(
                f"column {values.name!r}: this is no status of a run (rows {listed(table.index[unknown])}: {shown});"
                f" write {known[0]}, or one of {known[1]}; or rename the column"
            )
        told = np.array([STATUS_OF[word].value for word in lowered], dtype=object)
        fine = status == RunStatus.OK.value
        status, words = np.where(fine, told, status), np.where(fine, said, words)
    return RunStates(status, words) if found else None
