"""The block of a pruning of weights: which networks, by which scores, how many weights stay, and how they retrain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis
from lawbook.studies.identity import Run
from lawbook.studies.kept import KeptRunsBlock
from lawbook.studies.plan import Columns
from lawbook.studies.study import Study
from lawbook.tasks import PoolTask

Score = Literal["magnitude", "gradient", "random"]

Density = Annotated[float, Field(gt=0, le=1)]


class WeightPruningBlock(KeptRunsBlock):
    """Networks of which the weights of least score are removed after training, and that then learn on."""

    scores: list[Score] = Field(
        ["magnitude", "gradient", "random"],
        min_length=1,
        description="What a weight w stays by: |w|, |w ∂L/∂w| on the run's examples, or chance. Networks pruned by the "
        "first one are retrained.",
    )
    densities: list[Density] = Field(
        [1.0, 0.5, 0.2, 0.1, 0.05, 0.02],
        min_length=2,
        description="Shares of the weights that stay, of all matrices together; biases stay.",
    )
    by: list[str] = Field([], description="Axes whose every combination of values is a case of its own.")
    temperature: str = Field("learning_rate", description="The axis that is the temperature of training.")
    steps: int = Field(100, ge=1, description="Steps of retraining, by plain gradient descent at one rate.")
    rate: float = Field(0.1, gt=0, description="Learning rate of retraining.")
    batch: int = Field(32, ge=1, description="Examples in a batch of retraining.")
    connected: float = Field(
        0.05,
        gt=0,
        description="Two retrained copies are connected if the training error half-way between them is no more than "
        "this above their mean.",
    )
    similar: float = Field(
        0.9,
        gt=0,
        lt=1,
        description="They are similar from this centred kernel alignment of their outputs on.",
    )
    law: str = Field(
        "power",
        description="The law of the error after retraining in the parameters that remain, at each temperature.",
    )
    between: tuple[Density, Density] = Field(
        (1e-9, 1.0), description="The least and the largest density that the law is fitted to."
    )

    @model_validator(mode="after")
    def _once(self) -> WeightPruningBlock:
        for name, values in (("scores", self.scores), ("densities", self.densities)):
            if len(set(values)) < len(values):
                raise ValueError(f"a value stands twice in {name}; write each once")
        return self

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a task without a pool of classes, and for axes that the study lacks."""
        super().check(study, field, runs, columns)
        if not isinstance(study.task, PoolTask) or study.task.targets != "classes":
            problem = f"the task {study.base['task']} has no pool of examples with one class each"
            raise study.error(field, None, problem, "delete the block, or write task: {name: digits}")
        columns.check_axes(study, f"{field}.by", [*self.by, self.temperature])


REGIMES = ("I", "II-A", "II-B")
"""Poorly connected; connected and dissimilar; connected and similar (Zhou et al. 2023, arXiv:2305.18383, figure 1)."""

TABLES = {
    # Each network, score and density: what remains (weights and biases) and the test error; and, where it was
    # retrained, the mean of two copies that differ in their batches, how much the training error half-way between them
    # is above their mean, and how alike their outputs are. `repeat` is the fold where it varies, else the seed.
    "pruned": {
        "case": TEXT, "run_id": TEXT, "repeat": WHOLE, "temperature": REAL, "score": TEXT, "density": REAL,
        "remaining": WHOLE, "error": REAL, "n_eval": WHOLE, "retrained_error": REAL, "barrier": REAL,
        "similarity": REAL,
    },
    # Means over networks of each case, temperature and density, with the regime that they are in.
    "regimes": {
        "case": TEXT, "temperature": REAL, "density": REAL, "remaining": WHOLE, "n_runs": WHOLE,
        "retrained_error": REAL, "low": REAL, "high": REAL, "barrier": REAL, "barrier_low": REAL,
        "barrier_high": REAL, "similarity": REAL, "similarity_low": REAL, "similarity_high": REAL, "regime": TEXT,
    },
    # The law of the error after retraining in the parameters that remain: a row per case, temperature and parameter.
    "fits": {
        "case": TEXT, "temperature": REAL, "parameter": TEXT, "estimate": REAL, "low": REAL, "high": REAL,
        "status": TEXT, "reason": TEXT, "remaining_low": WHOLE, "remaining_high": WHOLE, "n_runs": WHOLE,
    },
}  # fmt: skip

analysis = Analysis(
    WeightPruningBlock,
    TABLES,
    frozenset({"weights"}),
    downloads=("pruned", "regimes", "fits"),
    memory_mb=3000,
)
