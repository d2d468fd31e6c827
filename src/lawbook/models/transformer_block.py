"""One block of a transformer without normalisation, which is read at the last token alone."""

from __future__ import annotations

import math
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
"""Hidden units of the perceptron for each unit of width."""


class TransformerBlockAxes(Axes):
    """Axes of the block."""

    width: int = Field(128, ge=1, le=1 << 12, description="Numbers that stand for a token, d.")
    heads: int = Field(4, ge=1, le=256, description="Attention heads; they divide the width.")


class TransformerBlock(TrainedModel):
    """x = token + position; x += W_O attention(x); x += W₂ relu(W₁ x + b₁) + b₂; outputs W_U x, of the last token.

    The last token sees all others and itself. Only the perceptron has biases. The tokens are the classes and one sign
    more. Matrices begin as N(0, 1/d), those of outputs as N(0, 1/V), with V the number of tokens, biases as 0.

    Source: Nanda et al. 2023, arXiv:2301.05217, and its public code.

    >>> TransformerBlock().n_params({"width": 128, "heads": 4}, 3, 113)
    226688
    """

    axes = TransformerBlockAxes
    reads = frozenset({"equation"})
    border = ("token", "position", "head")

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return embeddings (token, d), matrices (in, out), biases, and the output layer.

        `attend` makes queries, keys and values. Raises AxisError if the heads do not divide the width.
        """
        d: int = config["width"]
        if d % config["heads"]:
            problem, fix = f"they do not divide the width {d}", "choose a divisor of the width"
            raise AxisError("heads", config["heads"], problem, fix)
        return {
            "token": (n_outputs + 1, d), "position": (n_inputs, d),
            "attend": (d, 3 * d), "write": (d, d),
            "expand": (d, HIDDEN * d), "expand_bias": (HIDDEN * d,),
            "contract": (HIDDEN * d, d), "contract_bias": (d,),
            "head": (d, n_outputs),
        }  # fmt: skip

    def roles(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, Role]:
        """Return the roles: embeddings read the inputs, `head` writes the outputs."""
        return {
            "token": "input", "position": "input", "attend": "hidden", "write": "hidden", "expand": "hidden",
            "expand_bias": "vector", "contract": "hidden", "contract_bias": "vector", "head": "output",
        }  # fmt: skip

    def fan_in(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, int]:
        """Return the inputs of each matrix; embeddings are looked up."""
        shapes = self.shapes(config, n_inputs, n_outputs)
        fan_in = {name: shape[0] if len(shape) == 2 else 1 for name, shape in shapes.items()}
        return fan_in | {"token": 1, "position": 1}

    def n_params_non_embedding(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return N without the embeddings of tokens and positions; the output layer counts."""
        d: int = config["width"]
        return self.n_params(config, n_inputs, n_outputs) - d * (n_inputs + n_outputs + 1)

    def forward_flops(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 2 (9 d² + d p) + 4 T d: products with weights for the last token, and scores and means of attention.

        Queries, keys and values of tokens and places are made once for a whole batch, and are not counted.
        """
        d: int = config["width"]
        return 2 * d * ((1 + 2 * HIDDEN) * d + n_outputs) + 4 * n_inputs * d

    def activation_bytes(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 4 bytes for each number that the block puts out, and for the logits and their gradient."""
        d: int = config["width"]
        return 4 * (d * (6 * n_inputs + 4 + 2 * HIDDEN) + 3 * n_outputs)

    def initial(
        self, config: Config, n_inputs: int, n_outputs: int, rng: np.random.Generator
    ) -> dict[str, NDArray[np.float64]]:
        """Draw embeddings and matrices in the order of `shapes`."""
        weights: dict[str, NDArray[np.float64]] = {}
        for name, shape in self.shapes(config, n_inputs, n_outputs).items():
            scale = (n_outputs + 1 if name == "head" else config["width"]) ** -0.5
            weights[name] = rng.normal(0.0, scale, shape) if len(shape) == 2 else np.zeros(shape)
        return weights

    def outputs(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the logits (R, B, n_outputs) of what follows the last token, for tokens (R, B, T)."""
        from lawbook.models._products import products

        return products(None, self.features(config, weights, inputs), weights["head"])

    def activations(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> dict[str, Tensor]:
        """Return the perceptron's hidden layer (R, B, 4 d), and x after the block (R, B, d), of the last token."""
        hidden, x = self._layers(config, weights, inputs)
        return {"hidden_1": hidden, "hidden_2": x}

    def features(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return x after the block, (R, B, d)."""
        return self._layers(config, weights, inputs)[1]

    def _layers(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return the hidden layer and x after the block, of the last token."""
        import torch

        from lawbook.models._products import products

        d, length = config["width"], inputs.shape[2]
        of_heads = (config["heads"], d // config["heads"])
        # Made of each token at each place once, and looked up: a batch has far more tokens than there are of those.
        x = (weights["token"].unsqueeze(1) + weights["position"][:, :length].unsqueeze(2)).flatten(1, 2)
        ids = inputs + weights["token"].shape[1] * torch.arange(length, device=inputs.device)
        mixed = products(None, x, weights["attend"])
        query = _looked_up(mixed[..., :d], ids[:, :, -1]).unflatten(2, of_heads)
        key, value = _looked_up(mixed[..., d:], ids).unflatten(3, (2, *of_heads)).unbind(3)
        scores = (query.unsqueeze(2) * key).sum(4) * _attention_scale(config)  # (R, B, T, heads)
        seen = (torch.softmax(scores, 2).unsqueeze(4) * value).sum(2).flatten(2)
        x = _looked_up(x, ids[:, :, -1]) + products(None, seen, weights["write"])
        hidden = products(weights["expand_bias"].unsqueeze(1), x, weights["expand"]).relu()
        return hidden, x + products(weights["contract_bias"].unsqueeze(1), hidden, weights["contract"])

    def trials(self, rng: np.random.Generator) -> Iterator[Trial]:
        """Yield narrow and wide networks that read three of 23 numbers and a sign."""
        for width, heads in ((4, 1), (8, 4), (24, 3), (64, 4)):
            inputs, targets = rng.integers(24, size=(3, 9, 3)), rng.integers(23, size=(3, 9))
            yield Trial({"width": width, "heads": heads}, 23, inputs, targets)


def _looked_up(table: Tensor, ids: Tensor) -> Tensor:
    """Return the rows of each run's table, (R, ..., d), for a table (R, V, d) and ids (R, ...)."""
    import torch
    from torch.nn.functional import embedding

    starts = table.shape[1] * torch.arange(len(table), device=ids.device)
    return embedding(ids + starts.view(-1, *[1] * (ids.dim() - 1)), table.flatten(0, 1))


def _attention_scale(config: Config) -> float:
    """Return the factor on a query's product with a key: 1/√d, with d the width of a head; as d in mup.

    Under the maximal update parametrization it is √d₀/d, with d₀ that of as many heads at the base width (Yang et
    al. 2022, arXiv:2203.03466, definition 4.1).
    """
    if config.get("parametrization") != "mup":
        return 1 / math.sqrt(config["width"] // config["heads"])
    return float(np.sqrt(config["base_width"] / config["heads"]) * config["heads"] / config["width"])


model = TransformerBlock()
