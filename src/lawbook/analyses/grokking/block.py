"""The block of phases of learning: which runs, by which columns they have learned, and what counts as late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from lawbook.errors import suggest
from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.block import Name
from lawbook.studies.identity import Run
from lawbook.studies.plan import Columns, check_selection, check_sweep
from lawbook.studies.study import Study

Phase = Literal["comprehension", "grokking", "memorisation", "confusion"]
PHASES: tuple[Phase, ...] = ("comprehension", "grokking", "memorisation", "confusion")


class GrokkingBlock(AnalysisBlock):
    """In which phase each run ends: whether it learns its examples and the others, and how late.

    Source of the phases: Liu et al. 2022, "Towards understanding grokking", arXiv:2205.10343, section 4.
    """

    sweep: str = Field(description="The sweep whose runs are told apart.")
    by: list[str] = Field(
        min_length=1,
        description="Axes whose combinations are the cases; the figure has the first one along x, the second along y.",
    )
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    train: Name = Field(
        "memorised",
        description="Derived column: the step at which the training examples are learned first.",
    )
    test: Name = Field("understood", description="The same of the test examples.")
    late: float = Field(
        0.01,
        gt=0,
        lt=1,
        description="Share of the steps by which the test follows the training at least in grokking; below it is "
        "comprehension.",
    )

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, axes or a selection that the study lacks, and columns that are no steps."""
        check_sweep(study, field, self.sweep)
        columns.check_axes(study, f"{field}.where", [*self.where])
        columns.check_axes(study, f"{field}.by", self.by)
        steps = [name for name, block in study.content.columns.items() if block.first == "step"]
        for key in ("train", "test"):
            if (column := getattr(self, key)) not in steps:
                problem = "the study derives no such first step"
                fix = (
                    suggest(column, steps) if steps else "add it under columns: {first: step, test_error: …}"
                )
                raise study.error(f"{field}.{key}", column, problem, fix)
        check_selection(
            study, f"{field}.where", self.where, [run for run in runs if self.sweep in run.sweeps]
        )


TABLES = {
    # A row per run: the steps at which training and test examples were learned, null where they never were, the lag
    # between them, and the phase; null of a run of which nothing is known, since it failed.
    "runs": {"run_id": TEXT, "case": TEXT, "train": REAL, "test": REAL, "lag": REAL, "phase": TEXT},
    # A row per case: how many runs are in each phase; `phase` that of most, of equally many the earlier one in this
    # order of columns; `lag` the median lag of the runs that learned both.
    "cases": {
        "case": TEXT, "n_runs": WHOLE, **dict.fromkeys(PHASES, WHOLE), "phase": TEXT, "lag": REAL,
    },
}  # fmt: skip

analysis = Analysis(GrokkingBlock, TABLES, downloads=("runs", "cases"))
