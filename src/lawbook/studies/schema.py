"""A study as its author writes it: the typed form of one YAML file in `config/studies/`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from lawbook.axes import Axes, Neutral
from lawbook.pruning.selection import Keep
from lawbook.studies.block import Block, Name
from lawbook.studies.quanta_block import KnownQuantaBlock, QuantaBlock


class TrainingAxes(Axes):
    """How a run is trained."""

    optimizer: Literal["adamw", "sgd"] = Field("adamw", description="AdamW (β = .9, .999) or SGD.")
    learning_rate: float = Field(3e-3, gt=0, description="Peak learning rate.")
    weight_decay: Annotated[float, Neutral(0.0)] = Field(
        0.0, ge=0, description="Decoupled decay for AdamW, an L2 term for SGD."
    )
    momentum: Annotated[float, Neutral(0.0)] = Field(0.0, ge=0, lt=1, description="Momentum of SGD.")
    schedule: Annotated[Literal["constant", "cosine", "linear", "wsd"], Neutral("constant")] = Field(
        "constant",
        description="Learning rate over the steps; `wsd` is constant, then linear over the last fifth.",
    )
    warmup: Annotated[float, Neutral(0.0)] = Field(
        0.0, ge=0, lt=1, description="Share of the steps over which the learning rate rises linearly."
    )
    batch_size: int = Field(64, ge=1, description="Examples B in one step.")
    steps: int = Field(500, ge=1, description="Optimiser steps: the protocol of equal steps.")
    epochs: float | None = Field(
        None,
        gt=0,
        description="Passes over the examples that are kept, which set the steps: the protocol of equal epochs.",
    )
    gradient_clip: Annotated[float | None, Neutral(None)] = Field(
        None, gt=0, description="Largest gradient norm of a run; empty for none."
    )
    evaluations: Annotated[int, Neutral(10)] = Field(
        10,
        ge=1,
        description="Number of log-spaced steps at which a run is evaluated, the last step included.",
    )
    converged_within: Annotated[float | None, Neutral(None)] = Field(
        None,
        gt=0,
        lt=1,
        description="Largest relative fall of the validation loss over the last half of the steps for which a run "
        "counts as converged; empty judges none.",
    )
    dtype: Annotated[Literal["float32", "float64"], Neutral("float32")] = Field(
        "float32", description="Number format of weights and data."
    )
    precision: Annotated[Literal["full", "bf16-mixed"], Neutral("full")] = Field(
        "full",
        description="`full`: all is computed in dtype; `bf16-mixed`: matrix products of training in bfloat16.",
    )
    device: Annotated[Literal["cpu", "cuda"], Neutral("cpu")] = Field(
        "cpu", description="Where to train; not part of a run's identity."
    )
    devices: Annotated[int, Neutral(1)] = Field(
        1,
        ge=1,
        le=64,
        description="Devices of one machine, or CPU processes, among which each batch of a run is divided; not part of "
        "a run's identity.",
    )
    strategy: Annotated[Literal["auto", "ddp"], Neutral("auto")] = Field(
        "auto",
        description="Lightning's strategy for several devices: weights on each, gradients averaged (`auto` is `ddp`); "
        "not part of a run's identity.",
    )


HOW_TRAINED = ("device", "devices", "strategy")
"""Training fields that say on what a run is trained, not what it is: they can change its last bits alone."""


class PruningAxes(Axes):
    """Which part of its pool a run is trained on."""

    keep_fraction: Annotated[float, Neutral(1.0)] = Field(
        1.0, gt=0, le=1, description="Share of the pool that is kept."
    )
    kept: int | None = Field(
        None,
        ge=1,
        description="Examples kept, instead of their share; a grid leaves out pools with fewer samples.",
    )
    metric: str = Field("random", description="Score by which examples are kept; `random` needs no probes.")
    keep: Keep = Field(
        "hard",
        description="Which scores are kept: the highest, the lowest, those in the middle, or some of all strata.",
    )
    drop_hardest: Annotated[float, Neutral(0.0)] = Field(
        0.0, ge=0, lt=1, description="Share of each class, its highest scores, that is kept last of all."
    )
    probes: int = Field(6, ge=1, description="Models trained to score a pool; the score is their mean.")
    probe_steps: int = Field(75, ge=1, description="Steps after which early probes score.")
    trajectory_steps: int = Field(
        500, ge=1, description="Steps of the probes of metrics that follow the whole of training."
    )
    probe_data: Annotated[Literal["same", "heldout"], Neutral("same")] = Field(
        "same", description="What the probes learn: the pool that they score, or another one as large."
    )


class SeedAxes(Axes):
    """The axis from which all randomness of a run derives."""

    seed: int = Field(0, ge=0, description="Seed of the pool, the initial weights and the order.")


class Named(BaseModel):
    """A task or a model: its name, and its own axes beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str

    @property
    def settings(self) -> dict[str, Any]:
        """Return the keys beside the name."""
        return dict(self.model_extra or {})


AxisSpec = Annotated[Any, WithJsonSchema({"anyOf": [{"type": "array"}, {"type": "object"}]})]
"""The values of an axis, as `lawbook.studies.values` expands them."""


class Grid(Block):
    """A grid over axes: every combination (`product`), or the values side by side (`zip`)."""

    axes: dict[str, AxisSpec] = Field(
        min_length=1,
        description="Axis: a list, {log2: [lo, hi]}, {log10: [lo, hi, n]}, {count: n} or {union: [...]}.",
    )
    set: dict[str, Any] = Field({}, description="Fields that this grid fixes at other values than the study.")
    combine: Literal["product", "zip"] = Field("product", description="How the axes combine.")


class Union(Block):
    """Several grids, together one sweep."""

    union: list[Grid] = Field(min_length=1)

    @property
    def grids(self) -> list[Grid]:
        """Return the grids."""
        return self.union


def _sweep_kind(sweep: Any) -> str:
    """Tell by its key `union` what a sweep is meant as, so that its mistakes are those of that kind alone."""
    return "Union" if isinstance(sweep, Union) or (isinstance(sweep, dict) and "union" in sweep) else "Grid"


Sweep = Annotated[Annotated[Grid, Tag("Grid")] | Annotated[Union, Tag("Union")], Discriminator(_sweep_kind)]


class TableBlock(Block):
    """A table of runs that are fitted as they stand, instead of being trained."""

    path: str = Field(
        min_length=1,
        description="A CSV or Parquet file with a row per run; a relative path begins at the study's own folder.",
    )
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of the file; the study stops where the file is another.",
    )
    rename: dict[str, Annotated[str, Field(min_length=1)]] = Field(
        {}, description="{column of the file: what the study calls it}."
    )

    @field_validator("path")
    @classmethod
    def _whole(cls, value: str) -> str:
        if value.startswith("~"):
            raise ValueError("~ is not expanded; write the path from the study's folder, or a whole one")
        return value


LossName = Literal[
    "log_least_squares", "log_huber", "log_absolute",
    "log1p_least_squares", "log1p_huber", "log1p_absolute",
    "least_squares", "huber", "absolute",
]  # fmt: skip


class LawBlock(Block):
    """Which law to fit to which runs."""

    sweep: str | None = Field(
        None, description="The sweep whose runs are fitted; left out where a table is given."
    )
    y: str = Field(description="A column of runs.parquet: test_loss, test_error, validation_loss, …")
    x: str | list[str] = Field(
        min_length=1,
        description="A column of runs.parquet: samples, width, n_params, n_train, steps, flops, …; several for a "
        "law of several inputs, in the order of the law's own: [N, D].",
    )
    compare: list[str] = Field(["power"], min_length=1, description="Forms; the first is the headline.")
    by: list[str] = Field([], description="Axes whose every value gets a fit of its own.")
    cluster: list[str] = Field(
        [],
        description="Axes whose combinations are independent repeats; by default fold where it varies, else seed, "
        "else each run.",
    )
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    range: tuple[float, float] | None = Field(None, description="Fit only between these values of x.")
    choose: str | None = Field(None, description="Axis chosen at each x by the lowest validation metric.")
    at: Literal["last", "best", "every"] = Field(
        "last",
        description="Evaluations of a run that are its points: the last one; the best, with the lowest validation "
        "loss; or every one, with x step or samples_seen.",
    )
    loss: LossName = Field(
        "log_least_squares",
        description="Penalty of the residuals (least_squares, huber, absolute) of log y; of log(1 + y) with log1p_, "
        "of y itself with neither.",
    )
    delta: float | None = Field(
        None, gt=0, description="Threshold δ of a Huber loss, in units of the residuals."
    )
    role: Literal["headline", "detail", "null"] = Field(
        "detail", description="`headline` stands on page one; `null` must come out as no law."
    )
    exact: Annotated[list[Name], WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array"}]})] = Field(
        [], description="Registered exact curves, one or several, fitted over the same range beside it."
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return the columns of x, one or several."""
        return (self.x,) if isinstance(self.x, str) else tuple(self.x)

    @field_validator("cluster", "exact", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("range")
    @classmethod
    def _ordered(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not value[0] < value[1]:
            raise ValueError("the range is empty or inverted; write the smaller end first")
        return value

    @model_validator(mode="after")
    def _has_delta(self) -> LawBlock:
        if self.loss.endswith("huber") != (self.delta is not None):
            raise ValueError("delta goes with a huber loss; give both or neither")
        if len(self.inputs) > 1 and (self.range is not None or self.choose is not None):
            raise ValueError("range and choose are for one x; leave them out, or select with where")
        return self


class FrontierBlock(Block):
    """The best of several pool sizes at each number of kept examples, held against a control."""

    sweep: str = Field(description="The sweep over kept examples and pool sizes.")
    y: str = Field("test_error", description="A column of runs.parquet that falls.")
    kept: str = Field("n_train", description="Column of the examples kept.")
    pool: str = Field("samples", description="Axis of the pool sizes among which the best is chosen.")
    where: dict[str, Any] = Field(
        {}, description="The runs of the frontier: {metric: el2n}; unpruned runs of the sweep join them."
    )
    control: dict[str, Any] = Field(
        {"metric": "random"}, description="The runs of the control; unpruned runs of the sweep join them."
    )
    cluster: list[str] = Field(
        [],
        description="Axes whose combinations are independent pools; by default fold if it varies, else seed.",
    )
    exact: Name | None = Field(None, description="Registered exact curve, drawn where it applies.")

    @field_validator("cluster", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class FigureBlock(Block):
    """One figure: its kind (a file in report/figures) and what it shows."""

    kind: str
    of: str | None = None
    options: dict[str, Any] = Field({})

    @property
    def name(self) -> str:
        """Return the figure's file name without its ending."""
        return f"{self.kind}_{self.of}" if self.of else self.kind

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        """Accept `loss_curves`, `{law: error_by_data}` and `{law: {of: error_by_data, …}}`."""
        if isinstance(value, str):
            return {"kind": value}
        if isinstance(value, dict) and len(value) == 1 and "kind" not in value:
            ((kind, inner),) = value.items()
            if isinstance(inner, dict):
                options = {key: item for key, item in inner.items() if key != "of"}
                return {"kind": kind, "of": inner.get("of"), "options": options}
            return {"kind": kind, "of": inner}
        return value


class Claim(Block):
    """An expected value with its source, to be held against the measured interval."""

    value: str | None = Field(None, description="law.form.parameter")
    difference: str | None = Field(None, description="Column whose paired difference is meant.")
    quantity: Name | None = Field(None, description="A registered named quantity.")
    exact: Name | None = Field(
        None, description="Exact curve whose fit over the same points is subtracted from the value."
    )
    of: dict[str, Any] = Field({}, description="Runs that the difference is of.")
    minus: dict[str, Any] = Field({}, description="Runs that are subtracted.")
    where: dict[str, Any] = Field({}, description="The group of a fit, or runs that both sides share.")
    paired_by: list[str] = Field([], description="Axes by which the two sides are paired.")
    expected: float | None = None
    within: float | None = Field(None, gt=0)
    at_least: float | None = None
    at_most: float | None = None
    origin: Literal["exact", "published", "preregistered", "exploratory"]
    source: str = ""

    @field_validator("paired_by", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _complete(self) -> Claim:
        if sum(item is not None for item in (self.value, self.difference, self.quantity)) != 1:
            raise ValueError("a claim is about exactly one of value, difference, quantity; keep one")
        if self.exact is not None and self.value is None:
            raise ValueError("an exact curve is subtracted from a value; name law.form.parameter as value")
        if self.difference is not None and not (self.of and self.minus and self.paired_by):
            raise ValueError(
                "a difference is of runs minus other runs, pair by pair; add of, minus and paired_by"
            )
        if (self.expected is None) != (self.within is None):
            raise ValueError("expected and within go together; give both or neither")
        if sum(item is not None for item in (self.expected, self.at_least, self.at_most)) != 1:
            raise ValueError(
                "a claim has one expectation; give one of expected (with within), at_least, at_most"
            )
        if self.origin in ("exact", "published") and not self.source:
            raise ValueError(f"a claim of origin {self.origin} names its source; add source")
        return self


TRAINED = ("task", "model", "sweeps")
"""Keys that a study which trains its runs cannot do without."""


class StudyFile(Block):
    """A study: a question, the sweeps or the table that answer it, laws, figures and claims."""

    title: str = Field(min_length=1, description="Heading of the report.")
    question: str = Field(min_length=1, description="What the study asks, in one sentence.")
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
    laws: dict[Name, LawBlock] = Field({}, description="Laws to fit, by name.")
    frontiers: dict[Name, FrontierBlock] = Field({}, description="Pareto frontiers of pruning, by name.")
    quanta: QuantaBlock | None = Field(None, description="Quanta to find in a text; none if left out.")
    known_quanta: KnownQuantaBlock | None = Field(
        None, description="Quanta to find where the task knows them; none if left out."
    )
    figures: list[FigureBlock] = Field([], description="Figures: a kind, or {kind: what it shows}.")
    claims: list[Claim] = Field([], description="Expected values, written down before the run.")
    limits: str = Field("", description="One sentence on what these data cannot say.")
    shard_flops: float = Field(
        4e12,
        gt=0,
        description="Above these FLOPs a shard splits by samples, then by seed; the same everywhere.",
    )

    @property
    def discovery(self) -> QuantaBlock | KnownQuantaBlock | None:
        """Return the block that tells what quanta to find, None if none are asked for."""
        return self.quanta or self.known_quanta
