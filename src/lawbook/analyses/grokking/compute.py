"""Tell the phases of learning apart, run by run and case by case."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lawbook.analyses import Inputs
from lawbook.analyses.grokking.block import PHASES, TABLES, GrokkingBlock
from lawbook.errors import LawbookError
from lawbook.results.cases import cases
from lawbook.results.selection import of_sweep, where
from lawbook.storage.status import RunStatus


def compute(block: GrokkingBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'runs' and 'cases'."""
    return phase_tables(block, inputs.results.runs)


def phase_tables(block: GrokkingBlock, runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the tables of a table of runs. Raises LawbookError for columns that the runs lack, or no runs."""
    chosen = where(of_sweep(runs, block.sweep), block.where)
    for name in (block.train, block.test, *block.by):
        if name not in chosen:
            raise LawbookError(f"the runs have no column {name!r}; name another")
    if chosen.empty:
        raise LawbookError("no run is left; change where")
    each, counted = [], []
    for case, part in cases(chosen, block.by):
        train, test = (part[column].to_numpy(dtype=float) for column in (block.train, block.test))
        rows = pd.DataFrame(
            {
                "run_id": part["run_id"],
                "case": case,
                "train": train,
                "test": test,
                "lag": test - train,
                "phase": _phases(part, train, test, block.late),
            }
        )
        each.append(rows)
        counted.append({"case": case, **_counts(rows)})
    return {
        "runs": pd.concat(each, ignore_index=True),
        "cases": pd.DataFrame(counted, columns=list(TABLES["cases"])),
    }


def _phases(runs: pd.DataFrame, train: np.ndarray, test: np.ndarray, late: float) -> list[str | None]:
    """Return the phase of each run, None of one that failed; one that diverged has learned what it had by then."""
    least = late * runs["steps"].to_numpy(dtype=float)
    phase = np.where(test - train >= least, "grokking", "comprehension").astype(object)
    phase[np.isnan(test)] = "memorisation"
    phase[np.isnan(train)] = "confusion"
    phase[(runs["status"] == RunStatus.FAILED).to_numpy()] = None
    return list(phase)


def _counts(rows: pd.DataFrame) -> dict[str, Any]:
    counts = {phase: int((rows["phase"] == phase).sum()) for phase in PHASES}
    most = max(PHASES, key=lambda phase: counts[phase])  # of equally many the first
    found: dict[str, Any] = {"n_runs": len(rows), "lag": rows["lag"].median()}
    return found | counts | {"phase": most if sum(counts.values()) else None}
