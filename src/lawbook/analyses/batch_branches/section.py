"""What the report says of branches with larger batches: the critical batch size at each step, and every branch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lawbook.analyses.batch_branches.answer import critical_text
from lawbook.analyses.batch_branches.block import BatchBranchesBlock
from lawbook.report.sections import Section
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import measured, number, plain


@dataclass(frozen=True)
class BranchTables:
    """One set of branches: a sentence, and two tables as texts."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    branch_columns: tuple[str, ...]
    branch_rows: tuple[tuple[str, ...], ...]


def branch_texts(name: str, asked: BatchBranchesBlock, found: Results) -> BranchTables:
    """Return what the report shows of one set of branches."""
    critical, branches = found.table("critical"), found.table("branches")
    about = (
        f"From a step on batches are several times as large; after as many examples the {plain(asked.y)} of the branch "
        "is compared with that of the run that goes on as it was. The critical batch size is the largest with which it "
        f"lies {number(asked.tolerance)} above, between two branches in logs (Merrill et al. 2025, arXiv:2505.23971); "
        f"intervals are 95 % of a bootstrap over {number(critical['n_seeds'].min())} seeds."
    )
    return BranchTables(
        name, about,
        ("case", "branches off at step", "examples seen", f"{plain(asked.y)} at the end", "critical batch"),
        tuple(
            (
                case_name(row["case"]) or "all runs", number(row["growth_step"]), number(row["samples"]),
                number(row["y"], 4), critical_text(row),
            )
            for row in critical.to_dict("records")
        ),
        ("case", "branches off at step", "batch size", f"{plain(asked.y)} above"),
        tuple(
            (
                case_name(row["case"]) or "all runs", number(row["growth_step"]), number(row["batch_size"]),
                measured(row["rise"], row["low"], row["high"]) if np.isfinite(row["rise"]) else "diverged",
            )
            for row in branches[branches["growth"] > 1].to_dict("records")
        ),
    )  # fmt: skip


def _values(blocks: Mapping[str, BatchBranchesBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("batch_branches", name) for name in blocks}
    return {"branches": [branch_texts(name, block, found[name]) for name, block in blocks.items()]}


section = Section("Branches with larger batches", _values)
