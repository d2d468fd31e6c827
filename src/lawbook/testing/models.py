"""The check of a model: shapes, initial weights, roles, outputs and hidden layers, and gradients on this processor."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lawbook.models import SolvedModel, TrainedModel, Trial, models
from lawbook.seeds import generator

if TYPE_CHECKING:
    from torch import Tensor


def check_model(name: str) -> None:
    """Hold a model to its contract, on the problems that its `trials` yield. Raises AssertionError.

    Its gradients are compared, in a process of their own, with those in float64, alone and in a stack.
    """
    model = models[name]
    assert model.reads, "a model names the kinds of inputs that it reads"
    if isinstance(model, SolvedModel):
        return
    assert isinstance(model, TrainedModel), "a model is a TrainedModel or a SolvedModel"
    for trial in model.trials(generator(0, "check of a model")):
        _check_trial(model, trial)
    from lawbook.models.exactness import TOLERANCE, check_models

    (outcome,) = check_models([name])
    assert not outcome.problem, outcome.problem
    assert outcome.error <= TOLERANCE, f"the gradient of {outcome.where} is off by {outcome.error:.2g}"
    assert outcome.same_bits, "a run's gradients have the same bits alone and in a stack"


def _check_trial(model: TrainedModel, trial: Trial) -> None:
    import torch

    sizes = (trial.config, trial.n_inputs, trial.n_outputs)
    shapes = model.shapes(*sizes)
    rows = [model.initial(*sizes, generator(seed, "init")) for seed in (0, 1, 0)]
    assert {name: values.shape for name, values in rows[0].items()} == dict(shapes), (
        "initial weights have their shapes"
    )
    assert all(np.array_equal(rows[0][name], rows[2][name]) for name in shapes), (
        "they follow from the generator"
    )
    assert set(model.roles(*sizes)) == set(shapes), "each tensor has a role"
    assert set(model.roles(*sizes).values()) <= {"input", "hidden", "output", "vector"}, (
        "roles are the known ones"
    )
    assert all(model.fan_in(*sizes)[name] >= 1 for name in shapes), "each tensor has a fan-in"
    assert model.forward_flops(*sizes) > 0, "a forward pass takes FLOPs"
    weights = {name: torch.from_numpy(np.stack([row[name] for row in rows])).float() for name in shapes}
    inputs = torch.from_numpy(trial.inputs)
    outputs = model.outputs(trial.config, weights, inputs)
    assert outputs.shape[:2] == inputs.shape[:2], "outputs have a row for each run and example"
    assert outputs.shape[-1] == trial.n_outputs, "outputs have a number for each output"
    assert torch.isfinite(outputs).all(), "outputs are finite"
    trained = _trained(model, trial, weights)
    assert model.n_params(*sizes) == sum(math.prod(shapes[name]) for name in trained), (
        "n_params counts the weights that are trained"
    )
    for layer, values in model.activations(trial.config, weights, inputs).items():
        assert values.shape[:2] == inputs.shape[:2], f"{layer} has a row for each run and example"
    alone = model.outputs(trial.config, {name: values[1:2] for name, values in weights.items()}, inputs[1:2])
    assert torch.equal(alone[0], outputs[1]), "a run's outputs have the same bits alone and in a stack"


def _trained(model: TrainedModel, trial: Trial, weights: Mapping[str, Tensor]) -> list[str]:
    """Return the tensors on which the outputs depend, as gradients see it: others stay as they are drawn."""
    import torch

    free = {name: tensor.clone().requires_grad_() for name, tensor in weights.items()}
    outputs = model.outputs(trial.config, free, torch.from_numpy(trial.inputs))
    gradients = torch.autograd.grad(outputs.sum(), list(free.values()), allow_unused=True)
    return [name for name, gradient in zip(free, gradients, strict=True) if gradient is not None]
