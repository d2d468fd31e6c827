"""The block of the statistics of a text: which runs read it, over which lags and contexts, and beside which law."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from lawbook.errors import suggest
from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.block import Name
from lawbook.studies.identity import Run
from lawbook.studies.plan import Columns, check_selection, check_sweep
from lawbook.studies.study import Study
from lawbook.tasks import PoolTask, tasks

Places = tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]


class TextStatisticsBlock(AnalysisBlock):
    """β of the covariance over lags, γ of the conditional entropy over contexts, and α_D = γ/2β, of a sweep's texts."""

    sweep: str = Field(
        description="The sweep whose runs read the text; of each text its first run tells which it is."
    )
    by: list[str] = Field([], description="Axes whose every combination of values is a text of its own.")
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    tokens: int = Field(
        1 << 22,
        ge=1 << 10,
        le=1 << 27,
        description="Tokens of the pool that are read, at most, in parts evenly spaced over it.",
    )
    parts: int = Field(8, ge=2, le=64, description="Pieces of the text, over which intervals are made.")
    norm: Literal["trace", "operator"] = Field(
        "trace",
        description="What is read of a covariance: its trace, a norm where all letters are alike, or its largest "
        "singular value.",
    )
    lags: Places = Field((1, 256), description="First and last lag over which β is read.")
    contexts: Places = Field((1, 8), description="First and last length of context over which γ is read.")
    law: Name | None = Field(
        None,
        description="A law of the study in training data, whose exponent is laid beside; its `by` is this one's.",
    )
    exact: Name | None = Field(
        None, description="A theory that knows the statistics, read over the same places."
    )

    @field_validator("lags", "contexts")
    @classmethod
    def _rising(cls, value: tuple[int, int]) -> tuple[int, int]:
        if value[1] < 2 * value[0]:
            raise ValueError(
                "the last is less than twice the first, too short for an exponent; write a larger one"
            )
        return value

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, a selection or a law that the study lacks, and for runs that read no text."""
        check_sweep(study, field, self.sweep)
        columns.check_axes(study, f"{field}.where", [*self.where])
        columns.check_axes(study, f"{field}.by", self.by)
        members = [run for run in runs if self.sweep in run.sweeps]
        check_selection(study, f"{field}.where", self.where, members)
        for name in {run.config["task"] for run in members}:
            task = tasks[name]
            if task.inputs != "tokens" or not isinstance(task, PoolTask):
                problem = f"the task {name} has no text"
                raise study.error(
                    f"{field}.sweep", self.sweep, problem, "name a sweep of corpus or repeated_blocks"
                )
        if self.law is not None and self.law not in study.content.laws:
            fix = suggest(self.law, study.content.laws)
            raise study.error(f"{field}.law", self.law, "the study has no such law", fix)


TABLES = {
    # The covariance of tokens at each lag with its interval. `used` is 1 where it is above twice the `floor`, that of
    # the same tokens in random order; β is read up to the first that is not.
    "covariance": {
        "case": TEXT, "lag": WHOLE, "value": REAL, "low": REAL, "high": REAL, "floor": REAL, "used": WHOLE,
        "exact": REAL,
    },
    # What one more token of context takes off the conditional entropy, in nats, at `context` tokens; `place` is
    # √(n (n + 1)). `unseen` is the correction for blocks that the text does not show, as a share of the drop; `used` is
    # 1 where it is small.
    "entropy": {
        "case": TEXT, "context": WHOLE, "place": REAL, "drop": REAL, "low": REAL, "high": REAL, "unseen": REAL,
        "used": WHOLE, "exact": REAL,
    },
    # β, γ and γ/2β (`predicted`), each with its jackknife interval over the parts, the ratio of its largest to its
    # smallest local exponent (`variation`; null where one is not above 0), and what the same fit finds on the exact
    # statistics. `measured` is the exponent of training: that of the loss above the least possible one on the same
    # test windows where that is known, else alpha of the law. The prediction is refused, with the reason in `notes`,
    # unless both local exponents vary by less than a factor of 2.
    "exponents": {
        "case": TEXT, "quantity": TEXT, "estimate": REAL, "low": REAL, "high": REAL, "level": REAL, "exact": REAL,
        "variation": REAL, "local": TEXT, "first": REAL, "last": REAL, "n_tokens": WHOLE, "n_parts": WHOLE,
        "n_runs": WHOLE, "status": TEXT, "notes": TEXT,
    },
}  # fmt: skip

analysis = Analysis(
    TextStatisticsBlock, TABLES, needs=frozenset({"fits"}), downloads=("exponents", "covariance", "entropy"),
    memory_mb=4000,
)  # fmt: skip
