"""The transformer is PyTorch's own layers put together, and looks back only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from lawbook.axes import AxisError
from lawbook.models import ALIGNMENT
from lawbook.models._attention import attention, attention_and_backward
from lawbook.models._transformer_gradients import CHUNK, cross_entropy, losses_and_gradients
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


Drawn = tuple[dict[str, Tensor], Tensor, Tensor]


def drawn(config: dict[str, Any], n_runs: int, n_batch: int, length: int, dtype: torch.dtype) -> Drawn:
    """Return weights (R, ...) away from their initial values, inputs and targets; each run's from its number alone."""
    rows: dict[str, list[np.ndarray]] = {}
    tokens = []
    for run in range(n_runs):
        rng = np.random.default_rng(run)
        for name, values in model.initial(config, T, V, rng).items():
            rows.setdefault(name, []).append(values + rng.normal(0.0, 0.1, values.shape))
        tokens.append(rng.integers(V, size=(n_batch, length + 1)))
    found = torch.from_numpy(np.stack(tokens))
    weights = {name: torch.from_numpy(np.stack(values)).to(dtype) for name, values in rows.items()}
    return weights, found[..., :-1], found[..., 1:]


def aligned(values: Tensor) -> Tensor:
    """Return values (R, ...) whose rows lie in memory as those of a stack: each at a multiple of ALIGNMENT."""
    size = values[0].numel()
    rows = values.new_zeros(len(values), 3 * ALIGNMENT - size % ALIGNMENT + size)
    return rows[:, :size].unflatten(1, values.shape[1:]).copy_(values)


@settings(max_examples=30, deadline=None)
@given(
    heads=st.integers(1, 3),
    head_width=st.integers(1, 5),
    depth=st.integers(1, 3),
    n_runs=st.integers(1, 3),
    n_batch=st.integers(1, 4),
    length=st.integers(1, T),
    chunk=st.sampled_from([1, CHUNK]),
)
def test_losses_and_gradients_are_autograd_s(
    heads: int, head_width: int, depth: int, n_runs: int, n_batch: int, length: int, chunk: int
) -> None:
    config = {"width": heads * head_width, "depth": depth, "heads": heads, "precision": "full"}
    weights, inputs, targets = drawn(config, n_runs, n_batch, length, torch.float64)
    for tensor in weights.values():
        tensor.requires_grad_()
    gradients = {name: torch.full_like(tensor, math.nan) for name, tensor in weights.items()}
    found = losses_and_gradients(weights, inputs, targets, gradients, heads, head_width**-0.5, chunk)
    outputs = model.forward(config, weights, inputs).flatten(1, 2)
    exact = torch.stack(
        [functional.cross_entropy(o, t) for o, t in zip(outputs, targets.flatten(1), strict=True)]
    )
    torch.testing.assert_close(found, exact, rtol=0, atol=1e-12)
    for name, expected in zip(weights, torch.autograd.grad(exact.sum(), weights.values()), strict=True):
        torch.testing.assert_close(gradients[name], expected, rtol=1e-12, atol=1e-12, msg=name)


@pytest.mark.parametrize("chunk", [1, 3 * 8 * T * 96, CHUNK])
@pytest.mark.parametrize(("width", "heads", "n_batch"), [(16, 2, 8), (24, 3, 8), (7, 1, 3), (1, 1, 1)])
def test_gradients_have_the_same_bits_alone_and_in_any_stack(
    width: int, heads: int, n_batch: int, chunk: int
) -> None:
    config = {"width": width, "depth": 2, "heads": heads, "precision": "full"}
    weights, inputs, targets = drawn(config, 11, n_batch, T, torch.float32)

    def of(runs: list[int], chunk: int) -> tuple[Tensor, dict[str, Tensor]]:
        rows = {name: aligned(tensor[runs]) for name, tensor in weights.items()}
        found = {name: aligned(torch.full_like(tensor, math.nan)) for name, tensor in rows.items()}
        return losses_and_gradients(rows, inputs[runs], targets[runs], found, heads, 0.5, chunk), found

    losses, gradients = of(list(range(11)), chunk)
    for runs in ([0], [10], [3, 7], [9, 1, 4, 2, 8]):
        losses_of_some, gradients_of_some = of(runs, CHUNK)
        assert torch.equal(losses_of_some, losses[runs])
        for name, tensor in gradients_of_some.items():
            assert torch.equal(tensor, gradients[name][runs]), name


@pytest.mark.parametrize("spread", [1.0, 300.0])
def test_cross_entropy_is_pytorchs_however_unlikely_a_target(spread: float) -> None:
    logits = spread * torch.randn(3, 20, V, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    exact = logits.clone().requires_grad_()
    expected = torch.stack([functional.cross_entropy(o, t) for o, t in zip(exact, ids(3, 20), strict=True)])
    losses, gradient = cross_entropy(logits.float(), ids(3, 20))
    torch.testing.assert_close(losses.double(), expected, rtol=1e-6, atol=0)
    torch.testing.assert_close(
        gradient.double(), torch.autograd.grad(expected.sum(), exact)[0], rtol=1e-4, atol=1e-7
    )


def test_mixed_precision_is_left_to_autograd() -> None:
    config = {"width": 8, "depth": 1, "heads": 2, "precision": "bf16-mixed"}
    weights, inputs, targets = drawn(config, 2, 3, T, torch.float32)
    gradients = {name: torch.full_like(tensor, math.nan) for name, tensor in weights.items()}
    assert model.losses_and_gradients(config, weights, inputs, targets, gradients) is None
    assert all(tensor.isnan().all() for tensor in gradients.values())


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(1, 3),
    length=st.integers(1, 9),
    heads=st.integers(1, 3),
    head_width=st.integers(1, 4),
    short=st.sampled_from([0, 9]),
)
def test_attention_and_its_gradient_are_pytorchs(
    n: int, length: int, heads: int, head_width: int, short: int
) -> None:
    draw = torch.Generator().manual_seed(0)
    mixed = torch.randn(n, length, 3 * heads * head_width, generator=draw, dtype=torch.float64)
    gradient = torch.randn(n, length, heads * head_width, generator=draw, dtype=torch.float64)
    leaf = mixed.clone().requires_grad_()
    expected = attention(leaf, heads, 0.7)
    seen, backward = attention_and_backward(mixed, heads, 0.7, short)
    torch.testing.assert_close(seen, expected.detach(), rtol=0, atol=1e-12)
    (exact,) = torch.autograd.grad(expected, leaf, gradient)
    torch.testing.assert_close(backward(gradient), exact, rtol=1e-12, atol=1e-12)
