"""The block `measure`: what is measured of the runs besides loss and error, and what that needs of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from pydantic import Field, ValidationError, model_validator

from lawbook.axes import AxisError
from lawbook.errors import suggest
from lawbook.measurements import Column, Measurement, measurements
from lawbook.models import SolvedModel, TrainedModel, models
from lawbook.studies.block import Block
from lawbook.tasks import tasks

if TYPE_CHECKING:
    from lawbook.studies.identity import Run
    from lawbook.studies.study import Study


class MeasureBlock(Block):
    """One measurement: its name (a file in measurements/) and its options, `at` which steps among them."""

    name: str = Field(description="A file in measurements/.")
    options: dict[str, Any] = Field({}, description="The measurement's own keys.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        """Accept `weight_norm` and `{sharpness: {at: last}}`."""
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, dict) and len(value) == 1 and "name" not in value:
            ((name, options),) = value.items()
            return {"name": name, "options": {} if options is None else options}
        return value

    @model_validator(mode="after")
    def _known(self) -> MeasureBlock:
        if self.name not in measurements:
            raise ValueError(f"there is no measurement {self.name!r}; {suggest(self.name, measurements)}")
        try:
            _ = self.measurement
        except ValidationError as invalid:
            error = invalid.errors()[0]
            key, keys = str(error["loc"][0]), measurements[self.name].model_fields
            if error["type"] == "extra_forbidden":
                raise ValueError(f"{self.name} has no key {key!r}; {suggest(key, keys)}") from None
            fix = keys[key].description or "see config/README.md"
            raise ValueError(f"{self.name}.{key} = {error['input']!r}: {error['msg']}; {fix}") from None
        return self

    @property
    def measurement(self) -> Measurement:
        """Return the measurement with its options."""
        return measurements[self.name].model_validate(self.options)


def measured_columns(blocks: Iterable[MeasureBlock]) -> list[Column]:
    """Return the columns that some measurements fill."""
    return [column for block in blocks for column in block.measurement.columns]


def check_measurements(study: Study, runs: Iterable[Run], taken: Iterable[str]) -> None:
    """Raise StudyError for a measurement that stands there twice, or that runs cannot be measured by.

    runs: one of each shape; taken: names of columns that the runs have besides.
    """
    names, shapes = [block.name for block in study.content.measure], list(runs)
    others = set(taken)
    for i, block in enumerate(study.content.measure):
        field = f"measure.{i}"
        if block.name in names[:i]:
            raise study.error(field, block.name, "this is measured already", "delete one of the two")
        measurement = block.measurement
        for column in measurement.columns:
            if column.name in others:
                problem = f"the runs have a column {column.name!r} already"
                raise study.error(field, block.name, problem, "rename the measurement's column")
        longest = max(run.config["steps"] for run in shapes)
        if isinstance(measurement.at, list) and max(measurement.at, default=0) > longest:
            problem = f"no run takes more than {longest} steps"
            raise study.error(
                f"{field}.{block.name}.at", measurement.at, problem, "write earlier steps, or last"
            )
        for run in shapes:
            _check_run(study, field, block, run)


def _check_run(study: Study, field: str, block: MeasureBlock, run: Run) -> None:
    config = run.config
    task, model = tasks[config["task"]], models[config["model"]]
    if isinstance(model, SolvedModel):
        problem = f"the model {config['model']} is solved at once, and nothing is measured of it"
        raise study.error(
            field, block.name, problem, "delete it, or choose a model that is trained step by step"
        )
    sizes = (task.n_inputs(config), task.n_outputs(config))
    try:
        block.measurement.check(config, cast(TrainedModel, model), *sizes)
    except AxisError as error:
        raise study.error(f"{field}.{block.name}", error.value, error.problem, error.fix) from None
