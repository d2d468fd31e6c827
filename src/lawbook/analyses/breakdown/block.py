"""The block of a breakdown: which sweeps over one size, and their curves of test and training loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from lawbook.storage.columns import Role
from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.identity import Run
from lawbook.studies.plan import Columns, check_selection, check_sweep
from lawbook.studies.study import Study


class BreakdownBlock(AnalysisBlock):
    """Whether a power law in one size holds over a sweep, and if it breaks, why."""

    sweep: str | None = Field(
        None, description="The sweep over the size and seeds; left out where a table is given."
    )
    x: str = Field(description="Column of the size: n_params, n_train, width, …, six values of it at least.")
    y: str = Field(
        "test_loss", description="A column of runs.parquet above 0: the loss that shall follow a law."
    )
    train: str | None = Field(
        "train_loss",
        description="The same loss on the examples trained on; null if it is not known, and then several causes are "
        "not told apart.",
    )
    steps: str | None = Field(
        None,
        description="Of a table: the column of steps, where a run stands in a row for each evaluation. Trained runs "
        "have their curves.",
    )
    by: list[str] = Field([], description="Axes whose every combination of values is a case of its own.")
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    planted: str | None = Field(
        None,
        description="Column with the known cause of each case, null for none, which the one found is held against.",
    )

    def columns_read(self) -> Mapping[str, Role]:
        """Return the losses as metrics, size and steps as sizes, and what groups and selects as axes."""
        axes: dict[str, Role] = dict.fromkeys((*self.by, *self.where), "axis")
        if self.planted is not None:
            axes[self.planted] = "axis"
        metrics: dict[str, Role] = dict.fromkeys(filter(None, (self.y, self.train)), "metric")
        return {**axes, **metrics, **dict.fromkeys(filter(None, (self.x, self.steps)), "size")}

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, a column or a selection that the study lacks."""
        check_sweep(study, field, self.sweep)
        if runs and self.steps is not None:
            problem = "runs that are trained have their curves"
            raise study.error(f"{field}.steps", self.steps, problem, "delete it")
        named = [self.planted] if self.planted else []
        for key, names in (("by", self.by), ("where", [*self.where]), ("planted", named)):
            columns.check_axes(study, f"{field}.{key}", names)
        for key, column in (("x", self.x), ("y", self.y), ("train", self.train), ("steps", self.steps)):
            if column is not None:
                columns.check_fittable(study, f"{field}.{key}", [column])
        if runs:
            members = [run for run in runs if self.sweep in run.sweeps]
            check_selection(study, f"{field}.where", self.where, members)


SIGNALS = ("bend", "rise", "gain", "fall", "share")
"""What is read off the curves with a standard error; see `lawbook.laws.breakdown`."""

TABLES = {
    # What was found of each case: a cause, `none` or `undecided`, with its reason; `planted` is what is known of it.
    # The slopes over the smaller and the larger half of the sizes, their difference `bend`, p of one power law, and
    # what the causes are told by, each with its standard error.
    "cases": {
        "case": TEXT, "planted": TEXT, "found": TEXT, "reason": TEXT, "early": REAL, "late": REAL, "misfit": REAL,
        **{f"{name}{end}": REAL for name in SIGNALS for end in ("", "_error")}, "n_sizes": WHOLE, "n_runs": WHOLE,
    },
    # How many cases of each planted cause were found to be what, zeros included.
    "confusion": {"planted": TEXT, "found": TEXT, "n_cases": WHOLE},
    # The geometric mean over seeds of the losses at each size, with the standard error of its logarithm; `before` is
    # the test loss at half of the steps, `least` the lowest along the training.
    "points": {
        "case": TEXT, "x": REAL, "y": REAL, "error": REAL, "train": REAL, "before": REAL, "least": REAL,
        "n_runs": WHOLE,
    },
}  # fmt: skip

analysis = Analysis(
    BreakdownBlock,
    TABLES,
    needs=frozenset({"curves"}),
    of_table=True,
    downloads=("cases", "confusion", "points"),
)
