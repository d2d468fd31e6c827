"""The block of a comparison at one level: which metric has to reach what, and what is read there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, model_validator

from lawbook.errors import suggest
from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.identity import Run
from lawbook.studies.plan import Columns, check_selection, check_sweep
from lawbook.studies.roles import curve_columns
from lawbook.studies.study import Study

Given = Literal["value", "growth", "change_after"]


class AtLevelBlock(AnalysisBlock):
    """What a metric or measurement is where another one first crosses a level: runs at equal loss, not equal steps."""

    sweep: str = Field(description="The sweep whose runs are compared.")
    metric: str = Field(description="The metric or measurement that has to reach the level: train_loss.")
    at_most: float | None = Field(None, description="The level that it falls to; this, or at_least.")
    at_least: float | None = Field(None, description="The level that it rises to.")
    read: list[str] = Field(
        min_length=1,
        description="Metrics or measurements that are read there, linearly in the step between two of their own "
        "evaluations: take measurements `at: every`, or at steps before and after the level.",
    )
    give: Given = Field(
        "value",
        description="What is told of each: `value`, what it is there; `growth`, that over what it was before the first "
        "step; `change_after`, what it is after the last step less what it is there.",
    )
    x: str | None = Field(
        None, description="The axis of numbers along which runs are compared; none: all alike."
    )
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")

    @model_validator(mode="after")
    def _one_level(self) -> AtLevelBlock:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("a level is at_most or at_least; write one of the two")
        return self

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, axis, metric or selection that the study lacks, and for an x of words."""
        check_sweep(study, field, self.sweep)
        columns.check_axes(study, f"{field}.where", [*self.where])
        columns.check_axes(study, f"{field}.x", [self.x] if self.x else [])
        members = [run for run in runs if self.sweep in run.sweeps]
        check_selection(study, f"{field}.where", self.where, members)
        if any(isinstance(run.config.get(self.x), str) for run in members if self.x):
            raise study.error(f"{field}.x", self.x, "this axis has words, not numbers", "name another axis")
        known = curve_columns(study)
        for key, name in (("metric", self.metric), *(("read", name) for name in self.read)):
            if name not in known:
                problem = "the curves have no such column"
                raise study.error(f"{field}.{key}", name, problem, suggest(name, known))


TABLES = {
    # Of each run and each metric that is read: the step at which the level is reached, the metric there, before the
    # first step and after the last one, and `y`, what the block gives of them; null where the level is not reached.
    "values": {
        "run_id": TEXT, "metric": TEXT, "x": REAL, "step": REAL, "value": REAL, "first": REAL, "last": REAL, "y": REAL,
    },
    # The mean of `y` at each x over the independent repeats that reach the level, with its interval; of how many runs.
    "means": {
        "metric": TEXT, "x": REAL, "y": REAL, "low": REAL, "high": REAL, "step": REAL, "n_runs": WHOLE,
        "n_reached": WHOLE,
    },
}  # fmt: skip

analysis = Analysis(AtLevelBlock, TABLES, needs=frozenset({"curves"}), downloads=("values", "means"))
