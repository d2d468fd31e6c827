"""The block of an optimal learning rate: which runs, along which column, and case by case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.block import Name
from lawbook.studies.identity import Run
from lawbook.studies.plan import Columns, check_selection, check_sweep
from lawbook.studies.study import Study

RATE = "learning_rate"


class OptimalRateBlock(AnalysisBlock):
    """The learning rate η* with the least loss at each value of a column, and the exponent of η* in it."""

    sweep: str = Field(description="The sweep over learning rates, seeds and x.")
    y: str = Field("test_loss", description="A column of runs.parquet above 0, the less the better.")
    x: str = Field("steps", description="Column along which η* is followed: steps, n_params, batch_size.")
    by: list[str] = Field(
        [], description="Axes whose every combination of values has an exponent of its own."
    )
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    exact: Name | None = Field(
        None, description="Registered exact curve along steps, whose best rate is found."
    )

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, a column or a selection that the study lacks, and for two rates or fewer."""
        check_sweep(study, field, self.sweep)
        columns.check_axes(study, f"{field}.where", [*self.where])
        columns.check_axes(study, f"{field}.by", self.by)
        columns.check_fittable(study, f"{field}.y", [self.y])
        columns.check_fittable(study, f"{field}.x", [self.x])
        members = [run for run in runs if self.sweep in run.sweeps]
        check_selection(study, f"{field}.where", self.where, members)
        rates = {run.config[RATE] for run in members}
        if len(rates) < 3:
            problem = f"the sweep has {len(rates)} learning rates, and a best one lies between two others"
            raise study.error(f"{field}.sweep", self.sweep, problem, f"sweep {RATE}")


TABLES = {
    # The best rate at each x of each case, with its interval. `edge` says on which end of the rates the lowest loss
    # lies (smallest, largest; null for none): such a row is in no exponent. `exact` is the rate of the least exact
    # loss, and `on_exact_losses` what the method finds where each run has its exact loss, which less `exact` is its
    # bias.
    "optima": {
        "case": TEXT, "x": REAL, "rate": REAL, "low": REAL, "high": REAL, "edge": TEXT, "loss": REAL, "exact": REAL,
        "on_exact_losses": REAL,
    },
    # The exponent of the best rate in x over the optima that lie on no edge, and that of the exact ones at the same x.
    # `shift` is log2 of the best rate at the largest x over that at the smallest, null where one of them is on an edge.
    "exponents": {
        "case": TEXT, "exponent": REAL, "low": REAL, "high": REAL, "level": REAL, "exact": REAL, "x_low": REAL,
        "x_high": REAL, "shift": REAL, "shift_low": REAL, "shift_high": REAL, "n_optima": WHOLE, "n_edges": WHOLE,
        "n_runs": WHOLE, "status": TEXT, "notes": TEXT,
    },
    # The mean loss at each rate, with its interval over seeds, how many runs diverged, and the exact loss.
    "valleys": {
        "case": TEXT, "x": REAL, "rate": REAL, "loss": REAL, "low": REAL, "high": REAL, "n_diverged": WHOLE,
        "exact": REAL,
    },
}  # fmt: skip

analysis = Analysis(OptimalRateBlock, TABLES, downloads=("optima", "exponents", "valleys"))
