"""Transformer, decoder only: pre-norm blocks, learned positions, an output layer of its own."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.models import Role, Shapes, TrainedModel, Trial

if TYPE_CHECKING:
    from torch import Tensor

HIDDEN = 4
"""Hidden units of a block's perceptron for each unit of width."""


class TransformerAxes(Axes):
    """Axes of the transformer."""

    width: int = Field(64, ge=1, le=1 << 14, description="Numbers that stand for a token, d.")
    depth: int = Field(2, ge=1, le=128, description="Number of blocks, L.")
    heads: int = Field(4, ge=1, le=256, description="Attention heads in a block; they divide the width.")


class Transformer(TrainedModel):
    """x = token + position; L times x += attention(norm x), x += W₂ gelu(W₁ norm x); output W norm x.

    Attention looks back only. The context's length is the task's number of inputs, its vocabulary that of outputs.
    Matrices begin as N(0, 1 / fan_in), those that write to x smaller by √(2L), embeddings as N(0, 0.02²), biases as
    0, gains as 1. Source: Radford et al. 2019, "Language models are unsupervised multitask learners".

    >>> config = {"width": 128, "depth": 2, "heads": 4}
    >>> Transformer().n_params(config, 64, 1024), Transformer().n_params_non_embedding(config, 64, 1024)
    (667136, 527872)
    """

    axes = TransformerAxes
    reads = frozenset({"tokens"})
    border = ("token", "position", "head")

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return embeddings, each block's gains, biases and matrices (in, out), and the output layer.

        Raises AxisError if the heads do not divide the width.
        """
        d: int = config["width"]
        if d % config["heads"]:
            problem, fix = f"they do not divide the width {d}", "choose a divisor of the width"
            raise AxisError("heads", config["heads"], problem, fix)
        shapes: dict[str, tuple[int, ...]] = {"token": (n_outputs, d), "position": (n_inputs, d)}
        for layer in range(config["depth"]):
            for part, n_in, n_out in _matrices(d):
                if part in ("attend", "expand"):
                    shapes |= {f"{part}_gain_{layer}": (d,), f"{part}_shift_{layer}": (d,)}
                shapes |= {f"{part}_weight_{layer}": (n_in, n_out), f"{part}_bias_{layer}": (n_out,)}
        return shapes | {"head_gain": (d,), "head_shift": (d,), "head": (d, n_outputs)}

    def roles(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, Role]:
        """Return the roles: embeddings read the inputs, `head` writes the outputs."""
        roles: dict[str, Role] = {}
        for name, shape in self.shapes(config, n_inputs, n_outputs).items():
            roles[name] = "vector" if len(shape) == 1 else "hidden"
        return roles | {"token": "input", "position": "input", "head": "output"}

    def fan_in(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, int]:
        """Return the inputs of each matrix; embeddings are looked up."""
        shapes = self.shapes(config, n_inputs, n_outputs)
        fan_in = {name: shape[0] if len(shape) == 2 else 1 for name, shape in shapes.items()}
        return fan_in | {"token": 1, "position": 1}

    def n_params_non_embedding(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return N without the embeddings of tokens and positions; the output layer counts."""
        d: int = config["width"]
        return self.n_params(config, n_inputs, n_outputs) - d * (n_inputs + n_outputs)

    def forward_flops(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 2 T (12 L d² + d V) + 4 L T² d: products with weights, and scores and means of attention.

        One example is a whole context of T tokens; pairs of tokens that attention does not look at are counted,
        as they are computed.
        """
        d, depth, length = config["width"], config["depth"], n_inputs
        weights = depth * sum(n_in * n_out for _, n_in, n_out in _matrices(d)) + d * n_outputs
        return int(2 * length * weights + 4 * depth * length**2 * d)

    def activation_bytes(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 4 bytes for each number that a block puts out, and for the logits and their gradient."""
        of_block = sum(n_out for _, _, n_out in _matrices(config["width"])) + 7 * config["width"]
        return int(4 * n_inputs * (config["depth"] * of_block + 3 * n_outputs))

    def initial(
        self, config: Config, n_inputs: int, n_outputs: int, rng: np.random.Generator
    ) -> dict[str, NDArray[np.float64]]:
        """Draw embeddings and matrices in the order of `shapes`."""
        weights: dict[str, NDArray[np.float64]] = {}
        for name, shape in self.shapes(config, n_inputs, n_outputs).items():
            if name in ("token", "position"):
                weights[name] = rng.normal(0.0, 0.02, shape)
            elif len(shape) == 2:
                shrink = 2 * config["depth"] if name.startswith(("write", "contract")) else 1
                weights[name] = rng.normal(0.0, 1 / np.sqrt(shape[0] * shrink), shape)
            else:
                weights[name] = np.ones(shape) if "gain" in name else np.zeros(shape)
        return weights

    def outputs(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the logits (R, B, T, V) of the tokens that follow, for token ids (R, B, T)."""
        from lawbook.models._products import products

        x = self.features(config, weights, inputs)
        return products(None, x.flatten(1, 2), weights["head"]).unflatten(1, x.shape[1:3])

    def activations(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> dict[str, Tensor]:
        """Return x after each block, (R, B, T, d) each."""
        blocks = self._blocks(config, weights, inputs)
        return {
            f"hidden_{layer}": x.unflatten(1, inputs.shape[1:]) for layer, x in enumerate(blocks, start=1)
        }

    def features(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return norm x after the last block, (R, B, T, d)."""
        (last,) = deque(self._blocks(config, weights, inputs), maxlen=1)
        return _norm(weights, "head_{}", last).unflatten(1, inputs.shape[1:])

    def _blocks(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Iterator[Tensor]:
        """Yield x after each block, (R, B·T, d)."""
        import torch
        from torch.nn.functional import embedding, gelu

        from lawbook.models._attention import attention

        tokens = torch.stack(
            [embedding(ids, table) for ids, table in zip(inputs, weights["token"], strict=True)]
        )
        x = (tokens + weights["position"][:, None, : inputs.shape[2]]).flatten(1, 2)
        for layer in range(config["depth"]):
            mixed = _linear(weights, f"attend_{{}}_{layer}", _norm(weights, f"attend_{{}}_{layer}", x))
            folded = mixed.view(-1, inputs.shape[2], mixed.shape[2])
            seen = attention(folded, config["heads"], _attention_scale(config)).reshape(x.shape)
            x = x + _linear(weights, f"write_{{}}_{layer}", seen)
            hidden = gelu(_linear(weights, f"expand_{{}}_{layer}", _norm(weights, f"expand_{{}}_{layer}", x)))
            x = x + _linear(weights, f"contract_{{}}_{layer}", hidden)
            yield x

    def losses_and_gradients(
        self,
        config: Config,
        weights: Mapping[str, Tensor],
        inputs: Tensor,
        targets: Tensor,
        gradients: Mapping[str, Tensor],
    ) -> Tensor | None:
        """Return the mean cross-entropy of each run, (R,), and write its gradient, which comes of the same pass.

        Not in mixed precision, which rounds the products that autograd sees, and would leave these as they are; nor on
        a GPU, where the gradients of a token would be summed in no fixed order.
        """
        from lawbook.models._transformer_gradients import losses_and_gradients

        if config["precision"] != "full" or inputs.device.type != "cpu":
            return None
        look = (config["heads"], _attention_scale(config))
        return losses_and_gradients(weights, inputs, targets, gradients, *look)

    def trials(self, rng: np.random.Generator) -> Iterator[Trial]:
        """Yield narrow and wide networks that read ten tokens of a vocabulary of 23."""
        for width, depth, heads in ((4, 1, 1), (8, 2, 4), (24, 1, 3), (64, 2, 4)):
            config = {"width": width, "depth": depth, "heads": heads}
            yield Trial(config, 23, rng.integers(23, size=(3, 4, 10)), rng.integers(23, size=(3, 4, 10)))


def _matrices(width: int) -> tuple[tuple[str, int, int], ...]:
    """Return the name, inputs and outputs of each matrix of a block, in the order in which they work."""
    return (
        ("attend", width, 3 * width),
        ("write", width, width),
        ("expand", width, HIDDEN * width),
        ("contract", HIDDEN * width, width),
    )


def _attention_scale(config: Config) -> float:
    """Return the factor on a query's product with a key: 1/√d, with d the width of a head.

    Under the maximal update parametrization it is √d₀/d, with d₀ that of as many heads at the base width (Yang et
    al. 2022, arXiv:2203.03466, definition 4.1): the product of what has learned to agree grows as d.
    """
    if config.get("parametrization") != "mup":
        return 1 / math.sqrt(config["width"] // config["heads"])
    return float(np.sqrt(config["base_width"] / config["heads"]) * config["heads"] / config["width"])


def _linear(weights: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    from lawbook.models._products import products

    return products(weights[name.format("bias")].unsqueeze(1), x, weights[name.format("weight")])


def _norm(weights: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    from torch.nn.functional import layer_norm

    gain, shift = weights[name.format("gain")], weights[name.format("shift")]
    return layer_norm(x, x.shape[-1:]) * gain.unsqueeze(1) + shift.unsqueeze(1)


model = Transformer()
