"""The network of multitask sparse parity: one hidden layer that reads a task's number and bits.

It is the multilayer perceptron of [one-hot task, bits], whose one-hot columns are looked up instead of multiplied:
of an input's n_tasks + n_bits products only those with the bits are left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, Config
from lawbook.models import Role, Shapes, TrainedModel, Trial

if TYPE_CHECKING:
    from torch import Tensor


class ParityMLPAxes(Axes):
    """Axes of the parity network."""

    width: int = Field(128, ge=1, le=1 << 20, description="Units in the hidden layer.")


class ParityMLP(TrainedModel):
    """h = max(0, task_k + bits · x + b), output W h + c, for task k and bits x.

    All begin uniform in ±1/√fan_in, as PyTorch's linear layer, which is that of the published experiments; the
    first layer's fan-in is n_tasks + n_bits.

    Source: Michaud et al. 2023, arXiv:2303.13506, section 3 and its code.

    >>> ParityMLP().n_params({"width": 500, "n_tasks": 500}, 101, 2)
    301502
    """

    axes = ParityMLPAxes
    reads = frozenset({"parity"})
    border = ("tasks",)

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return the rows of each task and bit (…, width) and the output layer's (out, width), with their biases."""
        width = config["width"]
        return {
            "tasks": (config["n_tasks"], width),
            "bits": (n_inputs - 1, width),
            "bias": (width,),
            "output_weight": (n_outputs, width),
            "output_bias": (n_outputs,),
        }

    def roles(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, Role]:
        """Return the roles: the rows of tasks and bits are the first layer's matrix."""
        return {
            "tasks": "input",
            "bits": "input",
            "bias": "vector",
            "output_weight": "output",
            "output_bias": "vector",
        }

    def fan_in(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, int]:
        """Return n_tasks + n_bits for the first layer, whose one-hot columns are looked up, and the width."""
        first: int = config["n_tasks"] + n_inputs - 1
        return {
            "tasks": first,
            "bits": first,
            "bias": 1,
            "output_weight": config["width"],
            "output_bias": 1,
        }

    def n_params_non_embedding(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return N without the rows of the tasks, which are looked up."""
        width: int = config["width"]
        return (n_inputs + n_outputs) * width + n_outputs

    def forward_flops(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 2 (n_bits + out) · width: looking up a row takes no product."""
        return 2 * (n_inputs - 1 + n_outputs) * int(config["width"])

    def activation_bytes(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 4 bytes for each hidden unit and input, and 8 for each output."""
        return 4 * (int(config["width"]) + n_inputs) + 8 * n_outputs

    def initial(
        self, config: Config, n_inputs: int, n_outputs: int, rng: np.random.Generator
    ) -> dict[str, NDArray[np.float64]]:
        """Draw weights and biases, tensor by tensor."""
        first, second = config["n_tasks"] + n_inputs - 1, config["width"]
        return {
            name: rng.uniform(-1.0, 1.0, shape) / np.sqrt(second if name.startswith("output") else first)
            for name, shape in self.shapes(config, n_inputs, n_outputs).items()
        }

    def outputs(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the logits (R, B, out) of inputs (R, B, n_bits + 1), whose last column is the task's number."""
        import torch

        last = zip(weights["output_weight"], weights["output_bias"].unsqueeze(2), strict=True)
        hidden = _hidden(weights, inputs)
        # Several times faster with the batch as the last axis.
        return torch.stack([torch.addmm(b, w, h.T).T for h, (w, b) in zip(hidden, last, strict=True)])

    def activations(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> dict[str, Tensor]:
        """Return the hidden layer."""
        import torch

        return {"hidden_1": torch.stack(list(_hidden(weights, inputs)))}

    def losses_and_gradients(
        self,
        config: Config,
        weights: Mapping[str, Tensor],
        inputs: Tensor,
        targets: Tensor,
        gradients: Mapping[str, Tensor],
    ) -> Tensor | None:
        """Return the mean cross-entropy of each run, (R,), and write its gradient, which comes of the same pass.

        Not in mixed precision, which rounds the products that autograd sees, and would leave these as they are.
        """
        from lawbook.models._parity_losses import losses_and_gradients

        if config["precision"] != "full":
            return None
        return losses_and_gradients(weights, inputs, targets, gradients)

    def trials(self, rng: np.random.Generator) -> Iterator[Trial]:
        """Yield narrow and wide networks that read five tasks of ten bits."""
        for width in (2, 8, 37, 128):
            numbers = rng.integers(5, size=(3, 32, 1))
            inputs = np.concatenate([rng.integers(2, size=(3, 32, 10)), numbers], axis=-1).astype(np.float32)
            yield Trial({"width": width, "n_tasks": 5}, 2, inputs, rng.integers(2, size=(3, 32)))


def _hidden(weights: Mapping[str, Tensor], inputs: Tensor) -> Iterator[Tensor]:
    """Yield the hidden layer (B, width) of one run after the other."""
    from torch.nn.functional import embedding

    rows = weights["tasks"] + weights["bias"].unsqueeze(1)
    for of_task, of_bit, x in zip(rows, weights["bits"], inputs, strict=True):
        yield embedding(x[:, -1].long(), of_task).addmm_(x[:, :-1], of_bit).relu_()


def logits_of_one(weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
    """Return the logits (..., out) of one network, whose tensors have no run axis, for inputs (..., n_bits + 1).

    The same numbers as the stack's, by operations that `torch.func` can differentiate and map.
    """
    from torch.nn.functional import embedding

    looked_up = embedding(inputs[..., -1].long(), weights["tasks"] + weights["bias"])
    hidden = (looked_up + inputs[..., :-1] @ weights["bits"]).relu()
    return hidden @ weights["output_weight"].mT + weights["output_bias"]


model = ParityMLP()
