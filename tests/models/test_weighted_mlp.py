"""The weighted perceptron: PyTorch's own layers under a weighted squared error have its outputs and its gradients."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from lawbook.models.weighted_mlp import model
from lawbook.training.losses import losses

CONFIG = {"width": 7}


def test_outputs_and_gradients_are_those_of_linear_layers_under_a_weighted_loss() -> None:
    torch.manual_seed(0)
    first, second = nn.Linear(9, 7).double(), nn.Linear(7, 2).double()
    x, y, w = torch.randn(5, 9).double(), torch.randn(5, 2).double(), torch.rand(5, 2).double()
    tensors = {
        "weight_0": first.weight,
        "bias_0": first.bias,
        "weight_1": second.weight,
        "bias_1": second.bias,
    }
    assert model.n_params(CONFIG, 11, 2) == sum(tensor.numel() for tensor in tensors.values())
    weights = {name: tensor.detach().clone()[None].requires_grad_() for name, tensor in tensors.items()}
    outputs = model.outputs(CONFIG, weights, torch.cat([x, w.sqrt()], 1)[None])
    plain = second(first(x).relu())
    torch.testing.assert_close(outputs[0], w.sqrt() * plain, rtol=0, atol=1e-14)
    expected = 0.5 * (w * (plain - y).square()).sum(1).mean()
    found = losses["squared_error"].descended(outputs, (w.sqrt() * y)[None])
    torch.testing.assert_close(found[0], expected, rtol=0, atol=1e-14)
    expected.backward()
    found.sum().backward()
    for name, tensor in tensors.items():
        torch.testing.assert_close(weights[name].grad[0], tensor.grad, rtol=0, atol=1e-14)


def test_it_begins_as_linear_layers_do() -> None:
    drawn = model.initial({"width": 400}, 102, 2, np.random.default_rng(0))
    for layer, net in enumerate((nn.Linear(100, 400), nn.Linear(400, 2))):
        for name, tensor in (("weight", net.weight), ("bias", net.bias)):
            values, bound = drawn[f"{name}_{layer}"], net.in_features**-0.5
            assert values.shape == tuple(tensor.shape)
            assert np.abs(values).max() <= bound
            assert float(tensor.detach().abs().max()) <= bound
            assert np.isclose(values.std(), bound / 3**0.5, rtol=3 / values.size**0.5)
