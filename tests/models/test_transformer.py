"""The transformer is PyTorch's own layers put together, and looks back only."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from lawbook.axes import AxisError
from lawbook.models.transformer import model

T, V = 12, 30


class Plain(nn.Module):
    """The same network of nn.Embedding, nn.TransformerEncoderLayer, nn.LayerNorm and nn.Linear."""

    def __init__(self, width: int, depth: int, heads: int) -> None:
        super().__init__()
        self.token, self.position = nn.Embedding(V, width), nn.Embedding(T, width)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(depth)
        )
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, V, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.token(ids) + self.position.weight[: ids.shape[1]]
        mask = nn.Transformer.generate_square_subsequent_mask(ids.shape[1], dtype=x.dtype)
        for block in self.blocks:
            x = block(x, src_mask=mask, is_causal=True)
        return self.head(self.norm(x))


def weights_of(net: Plain) -> dict[str, Tensor]:
    """Return the network's weights under this model's names, (1, …)."""
    found = {"token": net.token.weight, "position": net.position.weight}
    for i, block in enumerate(net.blocks):
        found |= {
            f"attend_gain_{i}": block.norm1.weight, f"attend_shift_{i}": block.norm1.bias,
            f"attend_weight_{i}": block.self_attn.in_proj_weight.T, f"attend_bias_{i}": block.self_attn.in_proj_bias,
            f"write_weight_{i}": block.self_attn.out_proj.weight.T, f"write_bias_{i}": block.self_attn.out_proj.bias,
            f"expand_gain_{i}": block.norm2.weight, f"expand_shift_{i}": block.norm2.bias,
            f"expand_weight_{i}": block.linear1.weight.T, f"expand_bias_{i}": block.linear1.bias,
            f"contract_weight_{i}": block.linear2.weight.T, f"contract_bias_{i}": block.linear2.bias,
        }  # fmt: skip
    found |= {"head_gain": net.norm.weight, "head_shift": net.norm.bias, "head": net.head.weight.T}
    return {name: tensor.detach()[None] for name, tensor in found.items()}


def ids(*shape: int) -> Tensor:
    return torch.randint(V, shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("width", "depth", "heads"), [(8, 1, 1), (24, 2, 4), (12, 3, 3)])
def test_outputs_gradients_and_counts_are_those_of_pytorchs_layers(
    width: int, depth: int, heads: int
) -> None:
    torch.manual_seed(1)
    net, config = Plain(width, depth, heads).double(), {"width": width, "depth": depth, "heads": heads}
    for parameter in net.parameters():
        nn.init.normal_(parameter, 0.0, 0.3)
    weights = {name: tensor.clone().requires_grad_() for name, tensor in weights_of(net).items()}
    assert {name: tuple(w.shape[1:]) for name, w in weights.items()} == model.shapes(config, T, V)
    assert model.n_params(config, T, V) == sum(p.numel() for p in net.parameters())

    mine, theirs = model.forward(config, weights, ids(1, 5, T))[0], net(ids(5, T))
    torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-12)
    mine.square().sum().backward()
    theirs.square().sum().backward()
    grads = {name: p.grad for name, p in net.named_parameters()}
    torch.testing.assert_close(weights["token"].grad[0], grads["token.weight"], rtol=1e-12, atol=1e-10)
    torch.testing.assert_close(
        weights["expand_weight_0"].grad[0], grads["blocks.0.linear1.weight"].T, rtol=1e-12, atol=1e-10
    )


def test_a_run_gives_the_same_alone_and_in_a_stack() -> None:
    config = {"width": 16, "depth": 2, "heads": 2}
    drawn = [model.initial(config, T, V, np.random.default_rng(seed)) for seed in range(3)]
    stacked = {name: torch.from_numpy(np.stack([one[name] for one in drawn])) for name in drawn[0]}
    together = model.forward(config, stacked, ids(3, 4, T))
    for run, inputs in enumerate(ids(3, 4, T)):
        alone = {name: tensor[run : run + 1] for name, tensor in stacked.items()}
        torch.testing.assert_close(
            model.forward(config, alone, inputs[None])[0], together[run], rtol=0, atol=1e-12
        )


def test_no_output_sees_a_later_token() -> None:
    config = {"width": 16, "depth": 2, "heads": 2}
    weights = {
        name: torch.from_numpy(values)[None]
        for name, values in model.initial(config, T, V, np.random.default_rng(0)).items()
    }
    before = ids(1, 1, T)
    after = before.clone()
    after[..., 7] = (after[..., 7] + 1) % V
    one, other = (model.forward(config, weights, inputs)[0, 0] for inputs in (before, after))
    torch.testing.assert_close(one[:7], other[:7], rtol=0, atol=0)
    assert (one[7:] != other[7:]).any(-1).all()


@pytest.mark.parametrize(("width", "depth", "heads"), [(16, 1, 2), (24, 3, 4)])
def test_flops_are_those_that_pytorch_counts(width: int, depth: int, heads: int) -> None:
    config = {"width": width, "depth": depth, "heads": heads}
    shapes = model.shapes(config, T, V)
    weights = {name: torch.zeros(1, *shape) for name, shape in shapes.items()}
    # Fused attention is not counted on a CPU.
    with FlopCounterMode(display=False) as counted, sdpa_kernel(SDPBackend.MATH):
        model.forward(config, weights, ids(1, 1, T))
    assert model.forward_flops(config, T, V) == counted.get_total_flops()


def test_initial_weights_have_the_variance_of_the_docstring() -> None:
    drawn = model.initial({"width": 64, "depth": 2, "heads": 4}, 64, 512, np.random.default_rng(0))
    assert drawn["token"].std() == pytest.approx(0.02, rel=0.03)
    assert drawn["attend_weight_1"].var() == pytest.approx(1 / 64, rel=0.05)
    assert drawn["contract_weight_0"].var() == pytest.approx(1 / (256 * 4), rel=0.05)
    assert drawn["head"].var() == pytest.approx(1 / 64, rel=0.05)
    assert (drawn["expand_gain_0"] == 1).all()
    assert not drawn["expand_shift_0"].any()
    assert not drawn["write_bias_1"].any()


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(AxisError, match="heads = 3: they do not divide the width 16"):
        model.shapes({"width": 16, "depth": 1, "heads": 3}, T, V)
