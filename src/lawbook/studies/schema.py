"""A study as its author writes it: the typed form of one YAML file in `config/studies/`."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, create_model, field_validator

from lawbook.errors import suggest
from lawbook.studies.analysis import Analyses, analyses
from lawbook.studies.axes import PruningAxes, TrainingAxes
from lawbook.studies.block import Block, Name
from lawbook.studies.claim_block import Claim
from lawbook.studies.columns_block import ColumnBlock
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.law_block import LawBlock
from lawbook.studies.measure_block import MeasureBlock
from lawbook.studies.sweeps import Sweep
from lawbook.studies.table_block import TableBlock


class Named(BaseModel):
    """A task or a model: its name, and its own axes beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str

    @property
    def settings(self) -> dict[str, Any]:
        """Return the keys beside the name."""
        return dict(self.model_extra or {})


TRAINED = ("task", "model", "sweeps")
"""Keys that a study which trains its runs cannot do without."""


class StudyFile(Block):
    """A study: a question, the sweeps or the table that answer it, laws, figures and claims."""

    title: str = Field(min_length=1, description="Heading of the report.")
    question: str = Field(min_length=1, description="What the study asks, in one sentence.")
    topic: str = Field("", description="What the gallery puts the study under, such as data pruning.")
    table: TableBlock | None = Field(
        None, description="A table of runs, instead of task, model, training, pruning and sweeps."
    )
    task: Named | None = Field(None, description="{name: a file in tasks/, and that task's axes}")
    model: Named | None = Field(None, description="{name: a file in models/, and that model's axes}")
    training: TrainingAxes = Field(
        TrainingAxes(), description="How runs are trained unless a sweep says otherwise."
    )
    pruning: PruningAxes = Field(PruningAxes(), description="Which part of the pool is kept.")
    sweeps: dict[Name, Sweep] = Field({}, min_length=1, description="Named grids over axes.")
    measure: list[MeasureBlock] = Field(
        [], description="What is measured of the runs besides loss and error: a name, or {name: options}."
    )
    columns: dict[Name, ColumnBlock] = Field(
        {}, description="Columns of the runs that are derived from others, or from a run's curve."
    )
    laws: dict[Name, LawBlock] = Field({}, description="Laws to fit, by name.")
    analyses: Analyses = Field(
        Analyses(),
        description="What looks across runs: {kind, a folder in analyses/: {name: that kind's keys}}.",
    )
    figures: list[FigureBlock] = Field([], description="Figures: a kind, or {kind: what it shows}.")
    hero: str = Field(
        "",
        description="The figure that shows the answer, by its file's name: law_error_by_data; by default that of the "
        "first headline law, else the first.",
    )
    claims: list[Claim] = Field([], description="Expected values, written down before the run.")
    presets: dict[Name, dict[str, Any]] = Field(
        {}, description="The study at other sizes: by name, what is laid over the keys above."
    )
    limits: str = Field("", description="One sentence on what these data cannot say.")
    shard_flops: float = Field(
        4e12,
        gt=0,
        description="Above these FLOPs a shard splits by samples, then by seed; the same everywhere.",
    )

    @field_validator("hero")
    @classmethod
    def _drawn(cls, value: str, info: ValidationInfo) -> str:
        names = [figure.name for figure in info.data.get("figures", [])]
        if value and value not in names:
            raise ValueError(
                f"no figure is called so; {suggest(value, names) if names else 'the study has none'}"
            )
        return value


def study_model(kinds: Collection[str]) -> type[StudyFile]:
    """Return the typed form of a study that uses these kinds of analysis, each with keys of its own."""
    return _study_model(frozenset(kinds))


@cache
def _study_model(kinds: frozenset[str]) -> type[StudyFile]:
    blocks = {kind: analyses[kind].block for kind in sorted(kinds)}
    fields: dict[str, Any] = {kind: (dict[Name, block], Field({})) for kind, block in blocks.items()}  # type: ignore[valid-type]
    model = create_model("Analyses", __base__=Analyses, **fields)
    about = StudyFile.model_fields["analyses"].description
    return create_model("StudyFile", __base__=StudyFile, analyses=(model, Field(model(), description=about)))
