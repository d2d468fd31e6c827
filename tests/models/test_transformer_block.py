"""The block is PyTorch's own layers put together, read at the last token."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lawbook.axes import AxisError
from lawbook.models.transformer_block import model

T, P = 3, 13
CONFIG = {"width": 12, "heads": 3}


class Plain(nn.Module):
    """The same block of nn.Embedding, nn.MultiheadAttention and nn.Linear."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.token, self.position = nn.Embedding(P + 1, width), nn.Embedding(T, width)
        self.attention = nn.MultiheadAttention(width, heads, bias=False, batch_first=True)
        self.expand, self.contract = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.head = nn.Linear(width, P, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.token(ids) + self.position.weight
        last = x[:, -1:]
        x = last + self.attention(last, x, x, need_weights=False)[0]
        return self.head(x + self.contract(self.expand(x).relu()))[:, 0]


def weights_of(net: Plain) -> dict[str, Tensor]:
    """Return the network's weights under this model's names, (1, …)."""
    found = {
        "token": net.token.weight, "position": net.position.weight,
        "attend": net.attention.in_proj_weight.T, "write": net.attention.out_proj.weight.T,
        "expand": net.expand.weight.T, "expand_bias": net.expand.bias,
        "contract": net.contract.weight.T, "contract_bias": net.contract.bias, "head": net.head.weight.T,
    }  # fmt: skip
    return {name: tensor.detach()[None] for name, tensor in found.items()}


def test_outputs_gradients_and_counts_are_those_of_pytorchs_layers() -> None:
    torch.manual_seed(0)
    net = Plain(CONFIG["width"], CONFIG["heads"]).double()
    for parameter in net.parameters():
        nn.init.normal_(parameter, 0.0, 0.5)
    weights = {name: tensor.clone().requires_grad_() for name, tensor in weights_of(net).items()}
    assert {name: tuple(w.shape[1:]) for name, w in weights.items()} == model.shapes(CONFIG, T, P)
    assert model.n_params(CONFIG, T, P) == sum(p.numel() for p in net.parameters())

    ids = torch.randint(P + 1, (20, T), generator=torch.Generator().manual_seed(0))
    mine, theirs = model.forward(CONFIG, weights, ids[None])[0], net(ids)
    torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-11)
    mine.square().sum().backward()
    theirs.square().sum().backward()
    for name, gradient in (
        ("token", net.token.weight.grad), ("position", net.position.weight.grad),
        ("attend", net.attention.in_proj_weight.grad.T), ("expand_bias", net.expand.bias.grad),
    ):  # fmt: skip
        torch.testing.assert_close(weights[name].grad[0], gradient, rtol=1e-10, atol=1e-8)
    layers = model.activations(CONFIG, weights, ids[None])
    assert [tuple(layer.shape) for layer in layers.values()] == [(1, 20, 48), (1, 20, 12)]


def test_the_size_of_nanda_and_initial_weights() -> None:
    config = {"width": 128, "heads": 4}
    # The published network has an output for the sign too, 128 weights more, which is never trained on.
    assert model.n_params(config, 3, 113) == 226_816 - 128
    assert model.forward_flops(config, 3, 113) == 2 * (9 * 128**2 + 128 * 113) + 4 * 3 * 128
    drawn = model.initial(config, 3, 113, np.random.default_rng(0))
    for name, values in drawn.items():
        assert values.std() == pytest.approx(
            0.0 if "bias" in name else (114 if name == "head" else 128) ** -0.5, rel=0.1
        )


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(AxisError, match="heads = 5: they do not divide the width 12"):
        model.shapes({"width": 12, "heads": 5}, T, P)
