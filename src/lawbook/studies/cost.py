"""What a run costs: parameters, FLOPs, memory and predicted seconds, from its configuration alone."""

from __future__ import annotations

from dataclasses import dataclass

from lawbook.axes import Config
from lawbook.models import models
from lawbook.tasks import tasks

FLOPS_RULE = "3 x matrix products of a forward pass x batch_size x steps"

# Fitted to the shards of a whole study on one core of a 2023 server, evaluation included: what one step costs a
# stack however many runs it holds, what it costs each run besides its arithmetic, and the arithmetic's speed.
# benchmarks/sweep_throughput.py prints those of training steps alone.
STEP_S, RUN_STEP_S, FLOPS_PER_S = 1.2e-3, 6e-5, 3.0e10

STACK_PARAMETERS = 1 << 22
"""Parameters in one stack: above these the weights leave the caches and stacking stops paying."""

LARGEST_STACK = 128
"""Runs in one stack: beyond these a step's fixed cost is paid often enough (measured: flat from 64 to 256)."""


STACK_BYTES = 1 << 29
"""Memory of one stack: weights, gradients, moments and one step's activations of all its runs."""


@dataclass(frozen=True)
class Cost:
    """Cost of one run: N with and without embeddings, training FLOPs, bytes and predicted seconds on one core."""

    n_params: int
    n_params_non_embedding: int
    flops: float
    bytes: int
    seconds: float


def run_cost(config: Config) -> Cost:
    """Return the cost of a run: FLOPs = 3 · forward · B · steps (forward once, backward twice).

    Bytes are the run's share of a stack: weights, gradients, two moments, and a step's activations.
    """
    task, model = tasks[config["task"]], models[config["model"]]
    sizes = (task.n_inputs(config), task.n_outputs(config))
    n_params = model.n_params(config, *sizes)
    flops = 3.0 * model.forward_flops(config, *sizes) * config["batch_size"] * config["steps"]
    per_step = STEP_S / stack_size(config) + RUN_STEP_S
    return Cost(
        n_params,
        model.n_params_non_embedding(config, *sizes),
        flops,
        _bytes(config),
        per_step * config["steps"] + flops / FLOPS_PER_S,
    )


def stack_size(config: Config) -> int:
    """Return how many runs of this shape are trained as one stack; 1 is the engine `loop`.

    A rule on the shape, so that the same study trains the same stacks on every machine.
    """
    task, model = tasks[config["task"]], models[config["model"]]
    n_params = model.n_params(config, task.n_inputs(config), task.n_outputs(config))
    return max(1, min(LARGEST_STACK, STACK_PARAMETERS // n_params, STACK_BYTES // _bytes(config)))


def _bytes(config: Config) -> int:
    task, model = tasks[config["task"]], models[config["model"]]
    sizes = (task.n_inputs(config), task.n_outputs(config))
    width = 8 if config["dtype"] == "float64" else 4
    activations: int = width // 4 * model.activation_bytes(config, *sizes) * config["batch_size"]
    return 4 * width * model.n_params(config, *sizes) + activations
