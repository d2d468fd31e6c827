"""The block of a prediction: y over which inputs of which runs, and where it is to be known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import pandas as pd
from pydantic import Field, WithJsonSchema, field_validator, model_validator

from lawbook.errors import suggest
from lawbook.storage.columns import Role
from lawbook.studies.analysis import FLAG, REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.identity import Run
from lawbook.studies.law_block import LawBlock
from lawbook.studies.plan import Columns, check_selection, check_sweep
from lawbook.studies.study import Study

LEVEL = 0.95

Listed = Annotated[list[str], WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array"}]})]
Targets = Annotated[
    list[dict[str, float]], WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "array"}]})
]


class PredictionBlock(AnalysisBlock):
    """Which of the candidate laws of these inputs predict best, and what they say together at a target."""

    sweep: str | None = Field(
        None, description="The sweep whose runs are fitted; left out where a table is given."
    )
    y: str = Field(description="A column of runs.parquet: test_loss, test_error, …")
    x: Listed = Field(
        min_length=1, description="Columns that y depends on, from which the candidates follow."
    )
    target: Targets = Field(
        [],
        description="Where y is to be predicted, {N: 7.0e10, D: 1.4e12}, or several; by default where every input is "
        "four times its largest.",
    )
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    cluster: Listed = Field(
        [],
        description="Axes whose combinations are independent repeats; by default fold where it varies, else seed.",
    )

    @property
    def points(self) -> LawBlock:
        """Return the block of a law that takes the same runs for its points."""
        return LawBlock(sweep=self.sweep, y=self.y, x=self.x, where=self.where, cluster=self.cluster)

    @property
    def targets(self) -> pd.DataFrame | None:
        """Return a row per target with the inputs as columns, None where none is named."""
        return pd.DataFrame(self.target)[self.x] if self.target else None

    def columns_read(self) -> Mapping[str, Role]:
        """Return y as a metric and the inputs as sizes; what selects and repeats as axes."""
        axes: dict[str, Role] = dict.fromkeys((*self.where, *self.cluster), "axis")
        return {**axes, self.y: "metric", **dict.fromkeys(self.x, "size")}

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, a column or a selection that the study does not have."""
        check_sweep(study, field, self.sweep)
        for key, names in (("where", [*self.where]), ("cluster", self.cluster)):
            columns.check_axes(study, f"{field}.{key}", names)
        columns.check_fittable(study, f"{field}.y", [self.y])
        columns.check_fittable(study, f"{field}.x", self.x)
        if runs:
            check_selection(
                study, f"{field}.where", self.where, [run for run in runs if self.sweep in run.sweeps]
            )

    @field_validator("x", "cluster", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("target", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        listed = [value] if isinstance(value, dict) else value
        if not isinstance(listed, list) or not all(isinstance(place, dict) for place in listed):
            raise ValueError("a target names a value of each input; write {N: 7.0e10, D: 1.4e12}")
        return [{str(name): as_number(number) for name, number in place.items()} for place in listed]

    @model_validator(mode="after")
    def _at_every_input(self) -> PredictionBlock:
        for place in self.target:
            for name in place:
                if name not in self.x:
                    raise ValueError(f"the target names {name}, which is no x; {suggest(name, self.x)}")
            if missing := [name for name in self.x if name not in place]:
                raise ValueError(f"the target gives no {missing[0]}; give all of {', '.join(self.x)}")
        return self


def as_number(value: Any) -> Any:
    """Return a number that is written as text, such as 70B, which YAML takes for none; else the value itself."""
    from lawbook.storage.user_table.numbers import number_in

    number = number_in(value) if isinstance(value, str) else None
    return value if number is None else number


TABLES = {
    # What the laws predict together at each target, numbered from 1: `place` is a JSON object of its inputs; low and
    # high are the ends of the interval of the mixture; least and most those of the single laws. `status` is ok,
    # undecided or refused, with its `reason`.
    "predictions": {
        "target": WHOLE,
        "place": TEXT,
        "estimate": REAL,
        "low": REAL,
        "high": REAL,
        "least": REAL,
        "most": REAL,
        "level": REAL,
        "n_runs": WHOLE,
        "status": TEXT,
        "reason": TEXT,
    },
    # What each law that is used predicts by itself, with the interval of its standard error and its held-out error.
    "members": {
        "target": WHOLE,
        "law": TEXT,
        "loss": TEXT,
        "estimate": REAL,
        "low": REAL,
        "high": REAL,
    },
    # Every candidate by every loss, the best first, with its RMS log errors at the two folds.
    "candidates": {
        "law": TEXT,
        "formula": TEXT,
        "source": TEXT,
        "loss": TEXT,
        "n_parameters": WHOLE,
        "error_inner": REAL,
        "error_outer": REAL,
        "score": REAL,
        "aicc": REAL,
        "used": FLAG,
    },
    # The RMS log error at the outer fold of the laws that the inner one chose, put together by each rule.
    "rules": {"rule": TEXT, "error": REAL, "used": FLAG},
    # The best candidate fitted as a law: its parameters, and whether the data give it.
    "parameters": {
        "law": TEXT,
        "formula": TEXT,
        "parameter": TEXT,
        "estimate": REAL,
        "low": REAL,
        "high": REAL,
        "method": TEXT,
        "status": TEXT,
        "notes": TEXT,
    },
}

analysis = Analysis(
    PredictionBlock, TABLES, of_table=True, downloads=("predictions", "members", "candidates")
)
