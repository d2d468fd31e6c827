"""The block of a critical batch size: which runs, and the loss that they are to reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from lawbook.studies.analysis import REAL, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.block import Name
from lawbook.studies.identity import Run
from lawbook.studies.plan import Columns, check_selection, check_sweep
from lawbook.studies.study import Study

RATE, BATCH = "learning_rate", "batch_size"


class CriticalBatchBlock(AnalysisBlock):
    """Steps S and examples E = B S to a loss over batch sizes B, at the best rate of each, and their trade-off."""

    sweep: str = Field(description="The sweep over batch sizes, learning rates and seeds.")
    y: str = Field("test_loss", description="A metric along the curves that falls.")
    level: float = Field(gt=0, description="What y has to come down to.")
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    exact: Name | None = Field(None, description="Registered exact curve, put through the same estimator.")

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, a column or a selection that the study lacks, and for few batches or rates."""
        check_sweep(study, field, self.sweep)
        columns.check_axes(study, f"{field}.where", [*self.where])
        columns.check_fittable(study, f"{field}.y", [self.y])
        members = [run for run in runs if self.sweep in run.sweeps]
        check_selection(study, f"{field}.where", self.where, members)
        for axis in (BATCH, RATE):
            values = {run.config[axis] for run in members}
            if len(values) < 3:
                problem = f"the sweep has {len(values)} values of {axis}, and a trade-off needs three"
                raise study.error(f"{field}.sweep", self.sweep, problem, f"sweep {axis}")


TABLES = {
    # The fewest steps to the level at each batch size, at its best rate, with their interval, and on the exact losses.
    # `edge` is true where the best rate lies on an end of the rates, or beside one that never comes down to the level:
    # such a batch size is in no trade-off. `fitted` is S_min (1 + B_c / B).
    "steps": {
        "batch_size": REAL, "rate": REAL, "steps": REAL, "low": REAL, "high": REAL, "examples": REAL, "exact": REAL,
        "edge": WHOLE, "fitted": REAL,
    },
    # The critical batch size B_c, S_min and E_min = B_c S_min, with their intervals, and on the exact losses.
    "trade_off": {
        "level": REAL, "critical_batch": REAL, "low": REAL, "high": REAL, "exact": REAL, "steps_min": REAL,
        "examples_min": REAL, "exact_steps_min": REAL, "exact_examples_min": REAL, "n_batch_sizes": WHOLE,
        "n_seeds": WHOLE, "n_runs": WHOLE,
    },
}  # fmt: skip

analysis = Analysis(CriticalBatchBlock, TABLES, needs=frozenset({"curves"}), downloads=("steps", "trade_off"))
