"""Measurements: what is measured of a run besides loss and error. One file each; `measurement` is found by its name.

A measurement is a pure function of a run's weights, its initial weights, its configuration and some of its examples.
So it never changes a run, and its value is the same whether the run is measured alone or in a stack, while it is
trained or later from saved weights. The file's `measurement` is a class whose fields are what a study may write
beside its name: `measure: [weight_norm, {sharpness: {at: every, examples: 256}}]`.

Planning reads columns and options alone, so that a measurement imports torch only where it computes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from lawbook.axes import AxisError, Config
from lawbook.models import TrainedModel
from lawbook.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View

Need = Literal["weights", "activations", "gradients", "curvature"]
"""What a measurement reads of a view: the weights, the hidden layers, first or second derivatives."""

At = Literal["every", "last"] | list[Annotated[int, Field(ge=0)]]

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Column:
    """A column that a measurement fills. A vector's entries have an index, counted from 0, and stand in the curves.

    unit: as it is printed, empty for a pure number.
    """

    name: str
    label: str
    unit: str = ""
    vector: bool = False


class Measurement(BaseModel, ABC):
    """What is measured of each run of a stack, and at which steps."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    needs: ClassVar[frozenset[Need]]
    columns: ClassVar[tuple[Column, ...]]

    at: At = Field(
        "every",
        description="Steps at which it is taken: every evaluation, the last step, or the steps of a list.",
    )

    @abstractmethod
    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return each column by name, (R,), or (R, k) of a vector; not a number where there is no value.

        Nothing may be taken over the run axis: a run's values are the same in any company. All numbers of the weights
        are finite.
        """

    def steps(self, last: int, evaluations: Iterable[int]) -> frozenset[int]:
        """Return the steps at which a run is measured that is evaluated at some steps and ends with the step `last`."""
        if self.at == "last":
            return frozenset([last])
        return frozenset(evaluations if self.at == "every" else [step for step in self.at if step <= last])

    def check(self, config: Config, model: TrainedModel, n_inputs: int, n_outputs: int) -> None:
        """Raise AxisError if runs of this shape have nothing to measure."""
        roles = set(model.roles(config, n_inputs, n_outputs).values())
        if "activations" in self.needs and not roles & {"input", "hidden"}:
            raise AxisError("model", config["model"], "it has no hidden layer", "delete this measurement")


class OfExamples(Measurement):
    """A measurement that looks at some examples."""

    split: Split = Field("train", description="Examples to look at: train, validation or test.")
    examples: int = Field(512, ge=2, description="How many of them, the first ones of the split.")


measurements: Registry[type[Measurement]] = Registry(
    "lawbook.measurements", "measurement", "measurement", without=("view",)
)
