"""Find the exponent of the best size on each rung of a ladder."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.analyses import Inputs
from lawbook.analyses.exponent_ladder.block import ExponentLadderBlock
from lawbook.errors import LawbookError
from lawbook.laws.frontier import Frontier, frontier
from lawbook.laws.frontier.result import refused
from lawbook.laws.note import notes_to_json, refusal
from lawbook.laws.repeats import independent
from lawbook.results.selection import of_sweep, where
from lawbook.storage.status import RunStatus

_DRAWS, _LEVEL = 1000, 0.95


def compute(block: ExponentLadderBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the table 'rungs' of one ladder."""
    return ladder_table(block, inputs.results.runs)


def ladder_table(
    block: ExponentLadderBlock, runs: pd.DataFrame, draws: int = _DRAWS
) -> dict[str, pd.DataFrame]:
    """Return the table 'rungs': a row per rung, refused with its reason where its runs give no exponent."""
    rows = runs if block.sweep is None else of_sweep(runs, block.sweep)
    rows = rows[rows["status"] == RunStatus.OK]
    found = []
    for name, values in block.rungs.items():
        chosen = where(rows, {**block.where, **values})
        try:
            made = frontier(
                chosen, method=block.method, y=block.y, size=block.n, compute=block.compute,
                cluster=independent(chosen) or None, noise=block.noise, draws=draws, level=_LEVEL,
            )  # fmt: skip
        except LawbookError as error:
            made = refused(block.method, refusal("not_found", str(error)))
        found.append(_row(name, made, len(chosen)))
    return {"rungs": pd.DataFrame(found)}


def _row(name: str, made: Frontier, runs: int) -> dict[str, object]:
    estimate, compute = made.exponents["size"], made.table["compute"].to_numpy(dtype=float)
    return {
        "rung": name, "exponent": estimate.value, "low": estimate.low, "high": estimate.high, "level": _LEVEL,
        "interval": estimate.method, "compute_low": compute.min() if len(compute) else np.nan,
        "compute_high": compute.max() if len(compute) else np.nan, "n_budgets": len(compute),
        "n_edges": len(made.edges), "n_runs": runs, "status": made.status, "notes": notes_to_json(made.notes),
    }  # fmt: skip
