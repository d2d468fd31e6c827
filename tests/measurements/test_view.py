"""What a view computes of each model: derivatives that are right, and the same in any company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from lawbook.measurements.view import View, flat
from lawbook.models import TrainedModel, Trial, models
from lawbook.training.losses import losses

TRAINED = [name for name, model in models.items() if isinstance(model, TrainedModel)]


def shown(name: str, dtype: torch.dtype = torch.float64) -> View:
    """Return three runs of a model on its first trial, each with weights of its own."""
    model, rng = models[name], np.random.default_rng(5)
    assert isinstance(model, TrainedModel)
    trial: Trial = next(iter(model.trials(rng)))
    shapes = model.shapes(trial.config, trial.n_inputs, trial.n_outputs)
    weights = {
        tensor: torch.from_numpy(rng.normal(0, 0.4, (3, *shape))).to(dtype)
        for tensor, shape in shapes.items()
    }
    inputs, targets = torch.from_numpy(trial.inputs), torch.from_numpy(trial.targets)
    loss = "squared_error" if targets.is_floating_point() else "cross_entropy"
    return View(
        model=model,
        config=trial.config,
        n_inputs=trial.n_inputs,
        weights=weights,
        initial=weights,
        inputs=inputs.to(dtype) if inputs.is_floating_point() else inputs,
        targets=targets.to(dtype) if targets.is_floating_point() else targets,
        losses=losses[loss].descended,
        at_once=inputs.shape[1],
    )


def moved(view: View, along: Tensor, by: float) -> View:
    """Return the view with its weights moved along vectors (R, P)."""
    parts = along.split([tensor[0].numel() for tensor in view.weights.values()], dim=1)
    pairs = zip(view.weights.items(), parts, strict=True)
    return replace(view, weights={name: one + by * part.reshape(one.shape) for (name, one), part in pairs})


def losses_of(view: View) -> Tensor:
    return view.losses(view.outputs(view.weights, view.inputs), view.targets)


@pytest.mark.parametrize("name", TRAINED)
def test_gradient_and_hessian_are_those_of_finite_differences(name: str) -> None:
    view = shown(name)
    along = torch.from_numpy(np.random.default_rng(6).normal(size=flat(view.weights).shape))
    # Tensors that are drawn and stay as they are have no gradient.
    sizes = [tensor[0].numel() for tensor in view.weights.values()]
    learned = [part.abs().max() > 0 for part in view.gradient().split(sizes, 1)]
    along = torch.cat([part * kept for part, kept in zip(along.split(sizes, 1), learned, strict=True)], 1)
    assert any(learned)
    step = 1e-6
    ahead, behind = moved(view, along, step), moved(view, along, -step)

    slope = (losses_of(ahead) - losses_of(behind)) / (2 * step)
    torch.testing.assert_close((view.gradient() * along).sum(1), slope, rtol=1e-6, atol=1e-7)
    curved = (ahead.gradient() - behind.gradient()) / (2 * step)
    torch.testing.assert_close(view.hessian()(along), curved, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", TRAINED)
def test_in_float32_a_run_has_the_same_bits_alone_and_in_a_stack(name: str) -> None:
    view = shown(name, torch.float32)
    gradient = view.gradient()
    for run in range(3):
        one = slice(run, run + 1)
        weights: Mapping[str, Tensor] = {tensor: values[one] for tensor, values in view.weights.items()}
        alone = replace(view, weights=weights, inputs=view.inputs[one], targets=view.targets[one])
        assert torch.equal(alone.gradient(), gradient[one])


def test_examples_may_be_differentiated_in_parts() -> None:
    view = shown("mlp")
    along = torch.ones_like(flat(view.weights))
    in_parts = replace(view, at_once=3)
    torch.testing.assert_close(in_parts.gradient(), view.gradient(), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(in_parts.hessian()(along), view.hessian()(along), rtol=1e-12, atol=1e-14)
