"""The block of a ladder of exponents: the runs of each rung, and how a frontier is read from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.block import Name
from lawbook.studies.identity import Run
from lawbook.studies.plan import Columns, check_selection, check_sweep
from lawbook.studies.study import Study


class ExponentLadderBlock(AnalysisBlock):
    """The exponent of the best size in compute of several kinds of runs, each a change of the one before."""

    sweep: str | None = Field(None, description="The sweep of the runs; left out where a table is given.")
    y: str = Field("test_loss", description="A column of the runs above 0 that falls.")
    n: str = Field("n_params", description="Column of the size N.")
    compute: str = Field("flops", description="Column of the compute C that a run was meant for.")
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values, in every rung.")
    rungs: dict[Name, dict[str, Any]] = Field(
        min_length=2, description="By name, in order, the values that mark the runs of each rung."
    )
    method: Literal["akima", "parabola", "envelope"] = Field(
        "akima", description="How the best size at a budget is read."
    )
    noise: float | None = Field(
        None, gt=0, description="Standard deviation of y between seeds, where the runs have one seed."
    )

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, a column or a selection that the study does not have."""
        check_sweep(study, field, self.sweep)
        columns.check_fittable(study, f"{field}.y", [self.y])
        columns.check_fittable(study, f"{field}.n", [self.n])
        columns.check_fittable(study, f"{field}.compute", [self.compute])
        members = [run for run in runs if self.sweep in run.sweeps]
        for name, values in self.rungs.items():
            columns.check_axes(study, f"{field}.rungs.{name}", [*self.where, *values])
            if members:
                check_selection(study, f"{field}.rungs.{name}", {**self.where, **values}, members)


TABLES = {
    # The exponent of N* in C on each rung, in the ladder's order, over the budgets whose best size lies on no edge of
    # the sampled ones (`n_edges` are those that do). `interval` says how low and high were made; `notes` are a JSON
    # list, with any refusal.
    "rungs": {
        "rung": TEXT,
        "exponent": REAL,
        "low": REAL,
        "high": REAL,
        "level": REAL,
        "interval": TEXT,
        "compute_low": REAL,
        "compute_high": REAL,
        "n_budgets": WHOLE,
        "n_edges": WHOLE,
        "n_runs": WHOLE,
        "status": TEXT,
        "notes": TEXT,
    },
}

analysis = Analysis(ExponentLadderBlock, TABLES, of_table=True, downloads=("rungs",))
