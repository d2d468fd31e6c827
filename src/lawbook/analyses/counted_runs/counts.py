"""What a trained model counts by each rule: parameters, and FLOPs per token."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lawbook.axes import Config
from lawbook.models import TrainedModel, models
from lawbook.studies.identity import step_flops
from lawbook.tasks import tasks

TOTAL, NON_EMBEDDING, MATRICES = SIZES = ("total", "non_embedding", "matrices")
"""What a size counts: all parameters, those outside of the embeddings, or the hidden matrices alone."""

EXACT = "exact"
"""The FLOPs that are carried out, those of attention and of the output layer among them."""

COMPUTES = (*SIZES, EXACT)
"""How compute is counted: 6·N·D with N by one of the rules of sizes, or exactly."""


@dataclass(frozen=True)
class Counts:
    """A model's parameters by each rule, its exact FLOPs per token in training, and the tokens of an example."""

    total: int
    non_embedding: int
    matrices: int
    exact: float
    tokens: int


def counts_of(config: Config) -> Counts:
    """Return what a run's model counts.

    `matrices` are those between hidden units, 12 L d² of a transformer: neither embeddings, output layer, biases nor
    gains count, as in Kaplan et al. 2020, arXiv:2001.08361. `non_embedding` counts all of these but embeddings. An
    example of a text is as many tokens as it has inputs, any other one is one.
    """
    task, model = tasks[config["task"]], models[config["model"]]
    assert isinstance(model, TrainedModel)  # the block's check lets no other pass
    inputs = (task.n_inputs(config), task.n_outputs(config))
    roles = model.roles(config, *inputs)
    shapes = model.shapes(config, *inputs)
    hidden = sum(math.prod(shape) for name, shape in shapes.items() if roles[name] == "hidden")
    tokens = inputs[0] if task.inputs == "tokens" else 1
    return Counts(
        total=model.n_params(config, *inputs),
        non_embedding=model.n_params_non_embedding(config, *inputs),
        matrices=hidden,
        exact=step_flops(config) / (config["batch_size"] * tokens),
        tokens=tokens,
    )
