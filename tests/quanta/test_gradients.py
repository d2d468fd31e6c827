"""Gradients of single samples are those of a loop over samples; their sketch keeps the cosines."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from lawbook.quanta.affinity import cosines
from lawbook.quanta.gradients import sample_gradients, sketched_gradients


def attention_net() -> nn.Module:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mix, self.out = nn.Linear(8, 24), nn.Linear(8, 5)

        def forward(self, x: Tensor) -> Tensor:
            q, k, v = self.mix(x).chunk(3, -1)
            return self.out(scaled_dot_product_attention(q, k, v, is_causal=True))

    torch.manual_seed(0)
    return Net()


NET = attention_net()
WEIGHTS = {name: parameter.detach() for name, parameter in NET.named_parameters()}


def loss(weights: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
    outputs = torch.func.functional_call(NET, weights, (x[None],))[0]
    return nn.functional.cross_entropy(outputs, y)


@pytest.fixture(scope="module")
def samples() -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(1)
    return torch.randn(11, 6, 8, generator=rng), torch.randint(5, (11, 6), generator=rng)


@pytest.mark.parametrize("layers", [None, ("out.weight", "mix.weight")])
def test_each_gradient_is_that_of_its_sample_alone(
    samples: tuple[Tensor, Tensor], layers: tuple[str, ...] | None
) -> None:
    wanted = [name for name in WEIGHTS if layers is None or name in layers]
    found = torch.cat(list(sample_gradients(loss, WEIGHTS, samples, layers, chunk=4)))

    for row, x, y in zip(found, *samples, strict=True):
        NET.zero_grad()
        nn.functional.cross_entropy(NET(x[None])[0], y).backward()
        alone = torch.cat([dict(NET.named_parameters())[name].grad.flatten() for name in wanted])
        torch.testing.assert_close(row, alone, rtol=1e-5, atol=1e-7)


def test_chunks_change_nothing(samples: tuple[Tensor, Tensor]) -> None:
    whole, parts = (
        sketched_gradients(loss, WEIGHTS, samples, dimension=64, chunk=chunk) for chunk in (11, 3)
    )
    np.testing.assert_allclose(whole, parts, rtol=1e-4, atol=1e-6)


def test_the_sketch_of_gradients_keeps_their_cosines(samples: tuple[Tensor, Tensor]) -> None:
    exact = cosines(torch.cat(list(sample_gradients(loss, WEIGHTS, samples))).numpy())
    kept = cosines(sketched_gradients(loss, WEIGHTS, samples, dimension=512))
    np.testing.assert_allclose(kept, exact, atol=1e-5)  # 261 weights fit into 512 numbers


def test_a_layer_that_is_not_there_is_named(samples: tuple[Tensor, Tensor]) -> None:
    with pytest.raises(ValueError, match=r"no weights called \['inner'\]"):
        next(sample_gradients(loss, WEIGHTS, samples, ["inner", "out.weight"]))
