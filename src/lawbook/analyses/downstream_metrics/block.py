"""The block of the downstream view: which runs, along which column, and which metrics of them over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.identity import Run
from lawbook.studies.plan import Columns, check_selection, check_sweep
from lawbook.studies.study import Study

MEASUREMENT = "answers"


class DownstreamMetricsBlock(AnalysisBlock):
    """The same runs under several metrics: means over seeds, what is not resolved, and two groups of seeds."""

    sweep: str = Field(description="The sweep over x and seeds.")
    x: str = Field(
        "n_params", description="Column along which the metrics are followed: n_params, width, steps."
    )
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    columns: list[str] = Field(
        ["token_accuracy", "token_brier"],
        min_length=1,
        description="Columns of runs.parquet that are followed.",
    )
    answers: bool = Field(
        True,
        description="Whether exact matches and PassUntil are followed, too, which the measurement answers has.",
    )
    passes: int = Field(
        8, ge=3, le=1000, description="Passes r of an answer, after which PassUntil stops sampling it."
    )

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, a column or a selection that the study lacks, and for answers not measured."""
        check_sweep(study, field, self.sweep)
        columns.check_axes(study, f"{field}.where", [*self.where])
        columns.check_fittable(study, f"{field}.x", [self.x])
        columns.check_fittable(study, f"{field}.columns", self.columns)
        members = [run for run in runs if self.sweep in run.sweeps]
        check_selection(study, f"{field}.where", self.where, members)
        if self.answers and MEASUREMENT not in [block.name for block in study.content.measure]:
            problem, fix = (
                "the study does not measure them",
                f"add {MEASUREMENT} to measure, or write answers: false",
            )
            raise study.error(f"{field}.answers", True, problem, fix)


OF_SEEDS = {
    "mean": REAL, "low": REAL, "high": REAL, "median": REAL, "least": REAL, "most": REAL, "n_seeds": WHOLE,
    "n_zero": WHOLE, "bound": REAL, "independent": REAL, "truth": REAL, "samples": REAL, "share_between": REAL,
    "probability": REAL, "lower_group": REAL, "upper_group": REAL, "n_upper": WHOLE, "bimodal": WHOLE,
}  # fmt: skip

TABLES = {
    # Each metric of each run; `length` is K, null of a metric of single tokens. `trials` are the answers of an exact
    # match.
    "values": {
        "x": REAL, "metric": TEXT, "length": WHOLE, "run_id": TEXT, "seed": WHOLE, "value": REAL, "trials": WHOLE,
    },
    # Each metric at each x over seeds: the mean with its t interval, median and range, how many seeds have 0. Where all
    # have, mean and interval are null and `bound` is the share that so many answers do not exclude. `independent` is
    # the mean of p^K, p the accuracy per token; `truth` the mean probability to pass, which PassUntil estimates from
    # `samples` of an answer, their median. The best cut into two groups of seeds leaves `share_between` of their
    # variance between the groups, as uniform seeds do with this `probability`.
    "metrics": {"x": REAL, "metric": TEXT, "length": WHOLE, **OF_SEEDS},
    # The slope of log(-log q) in log x of each share q, with its bootstrap interval over seeds, over the x at which it
    # is resolved, and less that of the accuracy per token over the same x.
    "slopes": {
        "metric": TEXT, "length": WHOLE, "slope": REAL, "low": REAL, "high": REAL, "less_token": REAL,
        "less_low": REAL, "less_high": REAL, "level": REAL, "n_x": WHOLE, "n_left_out": WHOLE, "n_runs": WHOLE,
    },
    # What PassUntil and the plain r/n say of planted shares: means over so many draws as ratios to the share, with the
    # 95 % interval of the mean, and exactly.
    "estimators": {
        "share": REAL, "passes": WHOLE, "estimator": TEXT, "ratio": REAL, "low": REAL, "high": REAL, "exact": REAL,
        "n_draws": WHOLE,
    },
}  # fmt: skip

analysis = Analysis(
    DownstreamMetricsBlock,
    TABLES,
    needs=frozenset({"curves"}),
    downloads=("metrics", "slopes", "estimators", "values"),
)
