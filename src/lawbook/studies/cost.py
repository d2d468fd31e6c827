"""What a run costs: parameters, FLOPs, memory and predicted seconds, from its configuration alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any, Literal

from lawbook.axes import Config
from lawbook.models import SolvedModel, TrainedModel, models
from lawbook.studies.identity import examples_seen, n_kept, step_flops
from lawbook.tasks import tasks

TRAINED_RULE = "3 x matrix products of a forward pass x examples seen"
SOLVED_RULE = "matrix products that the exact solution is predicted to take"

# Fitted to the shards of a whole study on one core of a 2023 server, evaluation included: what one step costs a
# stack however many runs it holds, what it costs each run besides its arithmetic, and the arithmetic's speed.
# benchmarks/sweep_throughput.py prints those of training steps alone.
STEP_S, RUN_STEP_S, FLOPS_PER_S = 1.2e-3, 6e-5, 3.0e10

RUN_S = 5e-3
"""Seconds that a solved run costs besides its arithmetic."""

START_S, MEETING_S = 7.0, 5e-3
"""Seconds in which the processes of one run start, and which they spend on meeting at each step: two on two cores."""

STACK_PARAMETERS = 1 << 22
"""Parameters in one stack: above these the weights leave the caches and stacking stops paying."""

LARGEST_STACK = 128
"""Runs in one stack: beyond these a step's fixed cost is paid often enough (measured: flat from 64 to 256)."""


STACK_BYTES = 1 << 29
"""Memory of one stack: weights, gradients, moments and one step's activations of all its runs."""


@dataclass(frozen=True)
class Cost:
    """Cost of one run: N with and without embeddings, training FLOPs, bytes and predicted seconds.

    bytes: on each of its devices; seconds: on as many cores as it has devices; rule: how the FLOPs are counted.
    """

    n_params: int
    n_params_non_embedding: int
    flops: float
    bytes: int
    seconds: float
    rule: str


NO_COST = frozenset(
    {"seed", "learning_rate", "weight_decay", "momentum", "beta1", "beta2", "epsilon", "parametrization", "base_width",
     "init_scale", "output_multiplier", "schedule", "warmup", "warmup_steps", "warmup_samples", "order",
     "gradient_clip", "label_noise", "fold", "metric", "keep", "drop_hardest"}
)  # fmt: skip
"""Axes that change no cost."""

_known: dict[tuple[Any, ...], Cost] = {}


def run_cost(config: Config) -> Cost:
    """Return the cost of a run, `predict_cost`, computed once for all runs that differ in `NO_COST` alone."""
    key = _costly(tuple(config))(config)
    if key not in _known:
        _known[key] = predict_cost(config)
    return _known[key]


@cache
def _costly(axes: tuple[str, ...]) -> Callable[[Config], tuple[Any, ...]]:
    """Return what takes the values of those axes out of a configuration that change its cost."""
    return itemgetter(*(axis for axis in axes if axis not in NO_COST))


def predict_cost(config: Config) -> Cost:
    """Return the cost of a run: FLOPs = those of an example, `step_flops` / B, times the examples seen.

    Bytes are the run's share of a stack: weights, gradients, two moments, and a step's activations. The FLOPs of
    a solved model are its own prediction for the examples that are kept, its bytes those of its pool.
    """
    task, model = tasks[config["task"]], models[config["model"]]
    sizes = (task.n_inputs(config), task.n_outputs(config))
    counts = (model.n_params(config, *sizes), model.n_params_non_embedding(config, *sizes))
    if isinstance(model, SolvedModel):
        flops = model.solve_flops(config, n_kept(config), *sizes)
        return Cost(*counts, flops, _bytes(config), RUN_S + flops / FLOPS_PER_S, SOLVED_RULE)
    assert isinstance(model, TrainedModel)
    flops = step_flops(config) / config["batch_size"] * examples_seen(config, config["steps"])
    per_step = STEP_S / stack_size(config) + RUN_STEP_S
    start = 0.0
    if config["devices"] > 1:
        start, per_step = START_S, per_step + MEETING_S
    seconds = start + per_step * config["steps"] + flops / FLOPS_PER_S / config["devices"]
    return Cost(*counts, flops, _bytes(config), seconds, TRAINED_RULE)


def engine(config: Config) -> Literal["stack", "loop", "distributed", "solve"]:
    """Return how runs of this shape are trained: many as one, one by one, by several processes, or solved."""
    if isinstance(models[config["model"]], SolvedModel):
        return "solve"
    if config["devices"] > 1:
        return "distributed"
    return "loop" if stack_size(config) == 1 else "stack"


def stack_size(config: Config) -> int:
    """Return how many runs of this shape are trained as one stack; 1 is the engine `loop`, or `distributed`.

    A rule on the shape, so that the same study trains the same stacks on every machine. Runs that are solved,
    one after another, are kept in the cache together.
    """
    task, model = tasks[config["task"]], models[config["model"]]
    if isinstance(model, SolvedModel):
        return LARGEST_STACK
    if config["devices"] > 1:
        return 1
    n_params = model.n_params(config, task.n_inputs(config), task.n_outputs(config))
    return max(1, min(LARGEST_STACK, STACK_PARAMETERS // n_params, STACK_BYTES // _bytes(config)))


def placement(config: Config) -> str:
    """Return on what a run is trained: cpu, cuda, or several of these, such as `4 cuda`."""
    return str(config["device"]) if config["devices"] == 1 else f"{config['devices']} {config['device']}"


def _bytes(config: Config) -> int:
    task, model = tasks[config["task"]], models[config["model"]]
    sizes = (task.n_inputs(config), task.n_outputs(config))
    if isinstance(model, SolvedModel):
        return 2 * 8 * int(config["samples"]) * sizes[0]
    assert isinstance(model, TrainedModel)
    width = 8 if config["dtype"] == "float64" else 4
    examples = config["batch_size"] * config["batch_growth"] // config["devices"]
    activations: int = width // 4 * model.activation_bytes(config, *sizes) * examples
    return 4 * width * model.n_params(config, *sizes) + activations
