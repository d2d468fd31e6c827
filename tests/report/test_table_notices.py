"""What there is to know of how a study's table was read stands among the warnings of its page."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from lawbook.laws.note import info, notes_to_json, warning
from lawbook.report.notices import WEIGHTS, warnings_of
from lawbook.results.reader import Results
from lawbook.storage.columns import COLUMNS
from lawbook.storage.tables import empty, write_table
from lawbook.studies.schema import StudyFile

NOTES = [
    info("numbers_as_written", "column 'N': '1M' is read as 1e+06"),
    warning("failed", "2 runs did not end"),
]


@pytest.mark.parametrize("noted", [True, False])
def test_how_a_table_was_read_is_told_and_an_earlier_table_says_nothing(tmp_path: Path, noted: bool) -> None:
    source: dict[str, Any] = {"file": "runs.csv", "sha256": "0", "rows": 9, "rename": "{}"}
    kinds = None if noted else {name: kind for name, kind in COLUMNS["source"].items() if name != "notes"}
    notes = {"notes": notes_to_json(NOTES)} if noted else {}
    write_table(pd.DataFrame([source | notes]), tmp_path / "source.parquet", kinds)
    runs = pd.DataFrame({"run_id": ["row_1"], "status": ["ok"], "reason": [None], "diverged_step": [None]})
    write_table(runs, tmp_path / "runs.parquet", roles=dict.fromkeys(runs, "identity"))
    for name in ("fits", "claims"):
        write_table(empty(name), tmp_path / f"{name}.parquet", name)
    content = cast(
        StudyFile, SimpleNamespace(laws={}, analyses=SimpleNamespace(of=lambda _: {}, each=lambda: []))
    )

    found = {
        group.kind: (group.cases, WEIGHTS[group.weight]) for group in warnings_of(content, Results(tmp_path))
    }

    assert found == (
        {
            "failed": (("the table of runs: 2 runs did not end",), "A number is less sure than it looks"),
            "numbers_as_written": (
                ("the table of runs: column 'N': '1M' is read as 1e+06",),
                "How it was done",
            ),
        }
        if noted
        else {}
    )
