"""What every trained model tells of itself: the roles of its tensors, and its hidden layers by name."""

from __future__ import annotations

from itertools import islice
from typing import cast

import numpy as np
import pytest
import torch
from torch.nn.functional import layer_norm

from lawbook.models import TrainedModel, Trial, models
from lawbook.models.exactness import trained_models
from lawbook.seeds import generator


def trials(name: str) -> list[tuple[TrainedModel, Trial, dict[str, torch.Tensor]]]:
    """Return a model's first two trials, each with the weights of its runs in float64."""
    model = cast(TrainedModel, models[name])
    found = []
    for trial in islice(model.trials(generator(0, "trials")), 2):
        runs = [
            model.initial(trial.config, trial.n_inputs, trial.n_outputs, generator(run, "init"))
            for run in range(len(trial.inputs))
        ]
        weights = {tensor: torch.from_numpy(np.stack([run[tensor] for run in runs])) for tensor in runs[0]}
        found.append((model, trial, weights))
    return found


def inputs_of(trial: Trial) -> torch.Tensor:
    inputs = torch.from_numpy(trial.inputs)
    return inputs.double() if inputs.is_floating_point() else inputs


@pytest.mark.parametrize("name", trained_models())
def test_every_tensor_has_a_role_and_a_fan_in(name: str) -> None:
    for model, trial, weights in trials(name):
        sizes = (trial.n_inputs, trial.n_outputs)
        shapes, roles = model.shapes(trial.config, *sizes), model.roles(trial.config, *sizes)
        fan_in = model.fan_in(trial.config, *sizes)
        assert list(weights) == list(shapes)
        assert set(roles) == set(shapes) == set(fan_in)
        for tensor, shape in shapes.items():
            assert (roles[tensor] == "vector") == (len(shape) == 1)
            assert fan_in[tensor] == 1 or len(shape) > 1
        # Of a model that gives its inputs back by the same weights, these read the inputs.
        assert "output" in roles.values() or set(roles.values()) == {"input", "vector"}


@pytest.mark.parametrize(
    "name", [name for name in trained_models() if "width" in models[name].axes.model_fields]
)
def test_only_widths_of_hidden_and_output_tensors_are_summed_over(name: str) -> None:
    """At twice the width, matrices of units are sums over twice as many; those of inputs over as many as before."""
    for model, trial, _ in trials(name):
        sizes = (trial.n_inputs, trial.n_outputs)
        wide = {**trial.config, "width": 2 * trial.config["width"]}
        roles, narrow = model.roles(trial.config, *sizes), model.fan_in(trial.config, *sizes)
        for tensor, fan_in in model.fan_in(wide, *sizes).items():
            assert fan_in == narrow[tensor] * (2 if roles[tensor] in ("hidden", "output") else 1), tensor


@pytest.mark.parametrize("name", trained_models())
def test_activations_are_hidden_layers_in_order_the_same_alone_and_in_a_stack(name: str) -> None:
    for model, trial, weights in trials(name):
        inputs = inputs_of(trial)
        together = model.activations(trial.config, weights, inputs)
        assert list(together) == [f"hidden_{layer}" for layer in range(1, len(together) + 1)]
        for run in range(len(inputs)):
            alone = {tensor: values[run : run + 1] for tensor, values in weights.items()}
            for layer, values in model.activations(trial.config, alone, inputs[run : run + 1]).items():
                assert together[layer].shape[:2] == inputs.shape[:2]
                torch.testing.assert_close(values[0], together[layer][run], rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("name", "last_layer_reads"),
    [
        ("mlp", lambda last: last),
        ("parity_mlp", lambda last: last),
        ("residual_mlp", lambda last: layer_norm(last, last.shape[-1:])),
        ("resnet18", lambda last: last.mean((2, 3))),
        ("transformer", lambda last: layer_norm(last, last.shape[-1:])),  # its gains begin as 1, shifts as 0
    ],
)
def test_the_last_layer_reads_the_last_activation(name: str, last_layer_reads: object) -> None:
    for model, trial, weights in trials(name):
        inputs = inputs_of(trial)
        last = [*model.activations(trial.config, weights, inputs).values()][-1]
        expected = last_layer_reads(last)  # type: ignore[operator]
        torch.testing.assert_close(model.features(trial.config, weights, inputs), expected)
