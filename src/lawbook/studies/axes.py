"""The axes that every run has: how it is trained, which part of its pool it reads, and its seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from lawbook.axes import Axes, Neutral
from lawbook.errors import suggest
from lawbook.pruning.metrics import metrics
from lawbook.pruning.selection import Keep
from lawbook.schedules import SCHEDULES, check_schedule
from lawbook.storage.columns import SPLITS
from lawbook.training.losses import losses
from lawbook.training.optimizers import optimizers
from lawbook.training.parametrizations import parametrizations


def _one_of(registry: Mapping[str, object], kind: str) -> AfterValidator:
    """Return the validator of a name that is looked up in a registry."""

    def check(name: str | None) -> str | None:
        if name is not None and name not in registry:
            raise ValueError(f"there is no such {kind}; {suggest(name, registry)}")
        return name

    return AfterValidator(check)


class TrainingAxes(Axes):
    """How a run is trained."""

    loss: Annotated[str | None, Neutral(None), _one_of(losses, "loss")] = Field(
        None,
        examples=list(losses),
        description="What a run descends, a file in training/losses; none: the task's own. Of `squared_error` half the "
        "mean over examples of the sum over outputs is descended, and without the half it is recorded; classes become "
        "vectors of 0 and one 1.",
    )
    optimizer: Annotated[str, _one_of(optimizers, "optimizer")] = Field(
        "adamw",
        examples=list(optimizers),
        description="How weights follow the gradient, a file in training/optimizers; `signum` steps by signs.",
    )
    learning_rate: float = Field(
        3e-3, gt=0, description="Peak learning rate; sweep it at several sizes before believing an exponent."
    )
    weight_decay: Annotated[float, Neutral(0.0)] = Field(
        0.0, ge=0, description="Decoupled decay for AdamW and signum, an L2 term for SGD."
    )
    momentum: Annotated[float, Neutral(0.0)] = Field(
        0.0, ge=0, lt=1, description="Momentum of SGD and signum."
    )
    beta1: Annotated[float, Neutral(0.9)] = Field(
        0.9, ge=0, lt=1, description="Weight of the past in AdamW's mean gradient."
    )
    beta2: Annotated[float, Neutral(0.999)] = Field(
        0.999, ge=0, lt=1, description="Weight of the past in AdamW's mean square of the gradient."
    )
    epsilon: Annotated[float, Neutral(1e-8)] = Field(
        1e-8, gt=0, description="What AdamW adds to the root of that mean."
    )
    parametrization: Annotated[str, Neutral("standard"), _one_of(parametrizations, "parametrization")] = (
        Field(
            "standard",
            examples=list(parametrizations),
            description="How each tensor's initial scale and rate follow from its size. `mup`: one rate serves all "
            "widths, and outputs begin at 0; `ntk`: wide networks keep their features. All tensors decay alike.",
        )
    )
    base_width: Annotated[int, Neutral(64)] = Field(
        64,
        ge=1,
        le=1 << 20,
        description="Width at which the rates of `mup` are those of `standard`: that of the model whose rate was "
        "tuned. Keep `heads` the same at all widths.",
    )
    init_scale: Annotated[float, Neutral(1.0)] = Field(
        1.0, gt=0, description="Factor on the initial matrices; biases and gains stay as they are."
    )
    output_multiplier: Annotated[float, Neutral(1.0)] = Field(
        1.0,
        gt=0,
        description="Factor on the outputs: large ones make a model learn without new features. Runs of one stack "
        "share it.",
    )
    schedule: Annotated[str, Neutral("constant"), AfterValidator(check_schedule)] = Field(
        "constant",
        examples=list(SCHEDULES),
        description="Learning rate over the steps: `wsd` is constant, then linear over the last fifth; `step` falls to "
        "√0.1 and to 0.1 of it after 0.8 and 0.9 of them. Or a table of shares of the steps and factors, with straight "
        "lines between: `0:1, 0.5:1, 0.5:0.1, 1:0`.",
    )
    warmup: Annotated[float, Neutral(0.0)] = Field(
        0.0, ge=0, lt=1, description="Share of the steps over which the learning rate rises linearly."
    )
    warmup_steps: Annotated[int, Neutral(0)] = Field(
        0, ge=0, description="The same as a number of steps, instead of their share."
    )
    warmup_samples: int | None = Field(
        None, ge=1, description="The same as a number of examples, which set the steps."
    )
    batch_size: Annotated[int, Field(ge=1)] | Literal["full"] = Field(
        64,
        description="Examples B in one step, which runs of one stack share; `full`: all that are kept, at every step "
        "in the same order.",
    )
    batch_growth: Annotated[int, Neutral(1)] = Field(
        1,
        ge=1,
        description="Factor on the batch size from step `growth_step` on, over the examples that would have come next: "
        "a branch of the run without it.",
    )
    growth_step: Annotated[int, Neutral(0)] = Field(
        0,
        ge=0,
        description="Step from which batches are `batch_growth` times as large; a multiple of it.",
    )
    growth_rate: Annotated[Literal["none", "sqrt", "linear"], Neutral("none")] = Field(
        "none",
        description="What the learning rate is multiplied by where batches grow: 1, the root of the factor, or the "
        "factor itself.",
    )
    order: Annotated[Literal["shuffled", "fixed"], Neutral("shuffled")] = Field(
        "shuffled",
        description="Order in which batches pass over the examples: drawn for each pass, or one for all.",
    )
    steps: int = Field(
        500, ge=1, description="Optimiser steps, by which pruned and whole pools are compared at equal steps."
    )
    epochs: float | None = Field(
        None,
        gt=0,
        description="Passes over the examples that are kept, which set the steps: pools are compared at equal epochs.",
    )
    compute: float | None = Field(
        None,
        gt=0,
        description="FLOPs C, which set the steps to the nearest whole number: models are compared at equal compute; a "
        "grid leaves out those of which one step takes more.",
    )
    gradient_clip: Annotated[float | None, Neutral(None)] = Field(
        None, gt=0, description="Largest gradient norm of a run; none: any."
    )
    evaluations: Annotated[int, Neutral(10)] = Field(
        10,
        ge=1,
        description="Log-spaced steps at which a run is evaluated, the last one included; in curves step 0, too.",
    )
    first_evaluation: Annotated[int, Neutral(1)] = Field(
        1,
        ge=1,
        description="The first of these steps: after 1, nothing before it is evaluated, not even step 0.",
    )
    evaluated_splits: Annotated[Literal["all", "held_out", "validation", "test"], Neutral("all")] = Field(
        "all",
        description="On what a run of a pool is evaluated: the examples it learns, those for validation and for test; "
        "`held_out`: validation and test. What is not evaluated costs nothing, and has no column.",
    )
    converged_within: Annotated[float | None, Neutral(None)] = Field(
        None,
        gt=0,
        lt=1,
        description="Largest relative fall of the validation loss over the last half of the steps for which a run "
        "counts as converged; none: all do.",
    )
    dtype: Annotated[Literal["float32", "float64"], Neutral("float32")] = Field(
        "float32", description="Number format of weights and data; `float64` to compare with exact theory."
    )
    precision: Annotated[Literal["full", "bf16-mixed"], Neutral("full")] = Field(
        "full",
        description="`full`: all is computed in dtype. `bf16-mixed`, where wide models train on a GPU: matrix products "
        "of training in bfloat16, weights, losses and evaluations in float32; other numbers, so another run.",
    )
    device: Annotated[Literal["cpu", "cuda"], Neutral("cpu")] = Field(
        "cpu", description="Where to train; not part of a run's identity."
    )
    devices: Annotated[int, Neutral(1)] = Field(
        1,
        ge=1,
        le=64,
        description="Devices of one machine, or CPU processes, among which each batch of a run is divided: for a model "
        "that trains for hours on one. Not part of a run's identity.",
    )
    strategy: Annotated[Literal["auto", "ddp"], Neutral("auto")] = Field(
        "auto",
        description="Lightning's strategy for several devices: weights on each, gradients averaged (`auto` is `ddp`); "
        "not part of a run's identity.",
    )


EVALUATED: Mapping[str, tuple[str, ...]] = {
    "all": SPLITS,
    "held_out": ("validation", "test"),
    "validation": ("validation",),
    "test": ("test",),
}
"""The splits that a run is evaluated on, by the value of `evaluated_splits`."""

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
        description="Examples kept, instead of their share; over `samples` they make a triangle, as a frontier needs, "
        "since a grid leaves out pools with fewer samples.",
    )
    metric: str = Field(
        "random",
        examples=list(metrics),
        description="Score by which examples are kept, a file in pruning/metrics: high for hard ones.",
    )
    keep: Keep = Field(
        "hard",
        description="Which scores are kept: the highest, the lowest, those in the middle, or some of all strata.",
    )
    drop_hardest: Annotated[float, Neutral(0.0)] = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share of each class, its highest scores, that is kept last of all: a guard against wrong labels.",
    )
    probes: int = Field(
        6,
        ge=1,
        description="Models trained to score a pool; the score is their mean, less noisy the more there are.",
    )
    probe_steps: int = Field(
        75, ge=1, description="Steps after which early probes score; about 15 % of a run's."
    )
    trajectory_steps: int = Field(
        500,
        ge=1,
        description="Steps of the probes of `aum` and `forgetting`, which follow a whole training; as many as a run's.",
    )
    probe_data: Annotated[Literal["same", "heldout"], Neutral("same")] = Field(
        "same",
        description="What the probes learn: the pool that they score, or another one as large, as theory assumes.",
    )


class SeedAxes(Axes):
    """The axis from which all randomness of a run derives."""

    seed: int = Field(0, ge=0, description="Seed of the pool, the initial weights and the order.")
