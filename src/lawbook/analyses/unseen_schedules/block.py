"""The block of unseen schedules: which runs, and on which of their schedules laws are fitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from lawbook.errors import suggest
from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.block import Name
from lawbook.studies.identity import Run
from lawbook.studies.plan import Columns, check_selection, check_sweep
from lawbook.studies.study import Study

SCHEDULE = "schedule"
FREE = frozenset({SCHEDULE, "seed"})
"""The axes that may differ between the runs."""


class UnseenSchedulesBlock(AnalysisBlock):
    """Laws of the learning-rate history, fitted to curves under some schedules and judged on those under the others.

    Beside them stand two that know less: a power law with a floor of the steps alone, and one of the sum of the rates.
    """

    sweep: str = Field(description="The sweep over schedules and seeds, all else alike.")
    fitted: list[str] = Field(
        min_length=1, description="Schedules whose curves laws are fitted to; the others are predicted."
    )
    y: str = Field("test_loss", description="A metric along the curves, above 0.")
    first_step: int = Field(1, ge=1, description="The earliest evaluation that counts.")
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    exact: Name | None = Field(
        None, description="Registered exact curve along steps, drawn beside the others."
    )

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, column or selection that is not there, and for runs that differ otherwise."""
        check_sweep(study, field, self.sweep)
        columns.check_axes(study, f"{field}.where", [*self.where])
        columns.check_fittable(study, f"{field}.y", [self.y])
        members = [run for run in runs if self.sweep in run.sweeps]
        check_selection(study, f"{field}.where", self.where, members)
        kept = [run.config for run in members if self._keeps(run)]
        schedules = sorted({config[SCHEDULE] for config in kept})
        for name in self.fitted:
            if name not in schedules:
                problem = "the sweep has no such schedule"
                raise study.error(f"{field}.fitted", name, problem, suggest(name, schedules))
        if len(schedules) == len(set(self.fitted)):
            problem, fix = "no other schedule is left to be predicted", "sweep one more schedule"
            raise study.error(f"{field}.fitted", self.fitted, problem, fix)
        differing = [
            axis for axis in kept[0] if axis not in FREE and len({str(c.get(axis)) for c in kept}) > 1
        ]
        if differing:
            problem = f"its runs differ in {differing[0]} besides the schedule"
            raise study.error(f"{field}.where", self.where, problem, f"name one value of {differing[0]}")

    def _keeps(self, run: Run) -> bool:
        wanted = {axis: value if isinstance(value, list) else [value] for axis, value in self.where.items()}
        return all(run.config.get(axis) in values for axis, values in wanted.items())


TABLES = {
    # How each law predicts each schedule: R² of y, mean |y − ŷ|, the relative error at the last step, and the ratio of
    # the mean error to that of the law of the steps alone: means over seeds with t intervals, in logs of 1 − R², of
    # the error and of the ratio. `fitted` is 1 for a schedule that the laws were fitted to.
    "judged": {
        "schedule": TEXT, "law": TEXT, "fitted": WHOLE, "r2": REAL, "r2_low": REAL, "r2_high": REAL, "mae": REAL,
        "mae_low": REAL, "mae_high": REAL, "last": REAL, "last_low": REAL, "last_high": REAL, "ratio": REAL,
        "ratio_low": REAL, "ratio_high": REAL, "n_points": WHOLE, "n_seeds": WHOLE, "n_lost": WHOLE,
    },
    # The measured curve under each schedule (no law), the learning rate, the exact loss, and each law's estimate, each
    # a mean over seeds with its t interval.
    "curves": {
        "schedule": TEXT, "law": TEXT, "fitted": WHOLE, "step": REAL, "rate": REAL, "y": REAL, "low": REAL,
        "high": REAL, "exact": REAL,
    },
    # The parameters of each law, fitted to the means over seeds; `on_bound` is 1 for one that sits on a bound.
    "parameters": {"law": TEXT, "parameter": TEXT, "value": REAL, "on_bound": WHOLE},
}  # fmt: skip

analysis = Analysis(
    UnseenSchedulesBlock, TABLES, needs=frozenset({"curves"}), downloads=("judged", "parameters")
)
