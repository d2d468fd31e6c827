"""The block of a limit of small rates: which runs, which column, and case by case."""

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


class RateLimitBlock(AnalysisBlock):
    """How a column of runs comes to that of the gradient flow as the rate η falls, at equal times T = η · steps."""

    sweep: str = Field(
        description="The sweep over learning rates, with steps so that η · steps are the same times for several rates."
    )
    y: str = Field("test_loss", description="A column of runs.parquet.")
    by: list[str] = Field([], description="Axes whose every combination of values is a case of its own.")
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    exact: Name | None = Field(
        None, description="Registered exact curve that tells y at each rate, taken beside the runs."
    )
    flow: Name | None = Field(
        None,
        description="Registered exact curve with a method first_order: y of the flow, and what each unit of η adds.",
    )

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, a column or a selection that the study lacks, and for two rates or fewer."""
        check_sweep(study, field, self.sweep)
        columns.check_axes(study, f"{field}.where", [*self.where])
        columns.check_axes(study, f"{field}.by", self.by)
        columns.check_fittable(study, f"{field}.y", [self.y])
        members = [run for run in runs if self.sweep in run.sweeps]
        check_selection(study, f"{field}.where", self.where, members)
        if len({run.config[RATE] for run in members}) < 3:
            problem = "the sweep has fewer than three learning rates, of which a limit is made"
            raise study.error(f"{field}.sweep", self.sweep, problem, f"sweep {RATE}")


TABLES = {
    # y at each rate, at each time of each case, with its interval over seeds; `gap` is (y - y of the flow) / (η c₁),
    # which is 1 in the limit, and `exact`, `exact_gap` are those of the exact curve. `step` is the difference of y from
    # that at the next smaller rate, a mean over seeds.
    "rates": {
        "case": TEXT, "time": REAL, "rate": REAL, "y": REAL, "low": REAL, "high": REAL, "gap": REAL, "gap_low": REAL,
        "gap_high": REAL, "exact": REAL, "exact_gap": REAL, "step": REAL, "step_low": REAL, "step_high": REAL,
    },
    # The limit at each time of each case. `flow` and `first_order` are y of the flow and c₁, from theory; `richardson`
    # the gap extrapolated linearly to η = 0 from the two smallest rates, `exact_richardson` that of the exact curve;
    # `halving` how many times smaller the difference of y becomes between the three smallest rates, for rates that
    # halve: 2 where y is linear in η.
    "limits": {
        "case": TEXT, "time": REAL, "n_rates": WHOLE, "n_runs": WHOLE, "flow": REAL, "first_order": REAL,
        "richardson": REAL, "richardson_low": REAL, "richardson_high": REAL, "exact_richardson": REAL, "halving": REAL,
        "halving_low": REAL, "halving_high": REAL,
    },
}  # fmt: skip

analysis = Analysis(RateLimitBlock, TABLES, downloads=("rates", "limits"))
