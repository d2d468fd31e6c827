"""How runs ended is understood in the words of every usual tool, and an unknown word is one message."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.storage.run_state import run_states

TOOLS = {
    "Weights & Biases": {
        "finished": "ok", **dict.fromkeys(("running", "crashed", "failed", "killed", "preempting"), "failed"),
    },
    "MLflow": {"FINISHED": "ok", **dict.fromkeys(("RUNNING", "SCHEDULED", "FAILED", "KILLED"), "failed")},
    "Lightning": {"finished": "ok", "interrupted": "failed", "running": "failed"},
    "Optuna": {"COMPLETE": "ok", **dict.fromkeys(("RUNNING", "PRUNED", "FAIL", "WAITING"), "failed")},
    "Slurm": {"COMPLETED": "ok", **dict.fromkeys(("CANCELLED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL"), "failed")},
    "Lawbook": {"ok": "ok", "diverged": "diverged", "unconverged": "unconverged", "failed": "failed"},
}  # fmt: skip


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("column", ["status", "State", "run_state", "STATUS"])
def test_the_words_of_every_tool_are_understood(tool: str, column: str) -> None:
    words = TOOLS[tool]
    states = run_states(pd.DataFrame({column: list(words), "loss": 1.0}))

    assert states is not None
    assert states.status.tolist() == list(words.values())
    assert states.words_at(states.status == "failed") == ", ".join(
        sorted(w for w in words if words[w] == "failed")
    )


def test_a_table_that_says_nothing_has_no_states() -> None:
    assert run_states(pd.DataFrame({"loss": [1.0], "estate": ["x"]})) is None
    assert run_states(pd.DataFrame({"loss": [1.0], "status": [None]})) is None


def test_of_two_columns_the_worse_counts() -> None:
    table = pd.DataFrame({"state": ["finished", "crashed", "finished"], "status": ["ok", "ok", "diverged"]})
    states = run_states(table)

    assert states is not None
    assert states.status.tolist() == ["ok", "failed", "diverged"]
    assert states.words.tolist()[1:] == ["crashed", "diverged"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["finished", "fine", "dandy"], r"is no status of a run \(rows 3, 4: 'fine', 'dandy'\); write ok"),
        (["finished", None, "ok"], r"rows 3: ''"),
        ([0, 1, 1], r"rows 2, 3, 4: '0', '1'"),
        ([np.nan, np.nan, "CA"], r"rows 2, 3, 4: '', 'CA'.*or rename the column"),
    ],
)  # fmt: skip
def test_an_unknown_word_is_named_with_its_rows_and_the_known_ones(words: list[object], said: str) -> None:
    with pytest.raises(LawbookError, match=said) as raised:
        run_states(pd.DataFrame({"State": words}, index=[2, 3, 4]))

    assert "finished" in str(raised.value)
