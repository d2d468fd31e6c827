"""ResNet-18 for small images: a 3 x 3 stem, four stages of two basic blocks, mean pooling, a linear layer."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.models import Role, Shapes, TrainedModel, Trial, vector_trial

if TYPE_CHECKING:
    from torch import Tensor

STAGES, BLOCKS = 4, 2

GROUPS = 32
"""Groups of a normalisation, of two channels each at least (Wu & He 2018, table 3); fewer where 32 do not divide."""


class ResNet18Axes(Axes):
    """Axes of ResNet-18."""

    width: int = Field(
        64, ge=2, le=512, multiple_of=2, description="Channels of the first stage, 64 in the paper."
    )
    channels: int = Field(
        3, ge=1, le=16, description="Channels of the images; the rest of an input is a square."
    )


@dataclass(frozen=True)
class Convolution:
    """A convolution with the normalisation after it: square kernel, stride, and the side of what it puts out."""

    name: str
    n_in: int
    n_out: int
    kernel: int
    stride: int
    side: int


class ResNet18(TrainedModel):
    """Basic blocks x + f(x) of two 3 x 3 convolutions; the stages have w, 2w, 4w and 8w channels.

    Every convolution is followed by group normalisation, which is a function of the weights and one example; batch
    normalisation also keeps running statistics, a state that a pure function cannot hold (Wu & He 2018,
    arXiv:1803.08494).

    Source: He et al. 2016, arXiv:1512.03385, sections 3 and 4.2.

    >>> ResNet18().n_params({"width": 64, "channels": 3}, 3072, 10)
    11173962
    """

    axes = ResNet18Axes
    reads = frozenset({"image"})

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return kernels (out, in, k, k), scales and shifts (out,), and the last layer."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in _convolutions(config, n_inputs):
            shapes[f"{layer.name}_kernel"] = (layer.n_out, layer.n_in, layer.kernel, layer.kernel)
            shapes[f"{layer.name}_scale"] = shapes[f"{layer.name}_shift"] = (layer.n_out,)
        return shapes | {"weight": (n_outputs, _n_features(config)), "bias": (n_outputs,)}

    def roles(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, Role]:
        """Return the roles: the stem's kernel reads the images, the last layer's weight writes the outputs."""
        roles: dict[str, Role] = {}
        for name, shape in self.shapes(config, n_inputs, n_outputs).items():
            roles[name] = "vector" if len(shape) == 1 else "hidden"
        return roles | {"stem_kernel": "input", "weight": "output"}

    def fan_in(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, int]:
        """Return in · k² of each kernel, and the features of the last layer."""
        shapes = self.shapes(config, n_inputs, n_outputs)
        return {name: math.prod(shape[1:]) for name, shape in shapes.items()}

    def forward_flops(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 2 Σ in · out · kernel² · side² over the convolutions, and 2 · features · out."""
        convolved = sum(
            2 * c.n_in * c.n_out * c.kernel**2 * c.side**2 for c in _convolutions(config, n_inputs)
        )
        return convolved + 2 * _n_features(config) * n_outputs

    def activation_bytes(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 16 bytes for each value that a convolution puts out: before and after its norm, with gradients."""
        return 16 * sum(c.n_out * c.side**2 for c in _convolutions(config, n_inputs)) + 4 * n_inputs

    def initial(
        self, config: Config, n_inputs: int, n_outputs: int, rng: np.random.Generator
    ) -> dict[str, NDArray[np.float64]]:
        """Draw kernels as N(0, 2 / (k² in)), the last layer as N(0, 1 / features); scales are 1, shifts 0."""
        weights: dict[str, NDArray[np.float64]] = {}
        for layer in _convolutions(config, n_inputs):
            deviation = math.sqrt(2.0 / (layer.kernel**2 * layer.n_in))
            shape = (layer.n_out, layer.n_in, layer.kernel, layer.kernel)
            weights[f"{layer.name}_kernel"] = rng.normal(0.0, deviation, shape)
            weights[f"{layer.name}_scale"] = np.ones(layer.n_out)
            weights[f"{layer.name}_shift"] = np.zeros(layer.n_out)
        features = _n_features(config)
        weights["weight"] = rng.normal(0.0, math.sqrt(1.0 / features), (n_outputs, features))
        return weights | {"bias": np.zeros(n_outputs)}

    def outputs(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the logits (R, B, classes) of images (R, B, ...), channels last."""
        features = self.features(config, weights, inputs)
        return features @ weights["weight"].mT + weights["bias"].unsqueeze(1)

    def features(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the means of the last stage's channels over the image, (R, B, 8 · width)."""
        import torch

        last = [deque(blocks, maxlen=1).pop() for blocks in _of_runs(config, weights, inputs)]
        return torch.stack([hidden.mean((-2, -1)) for hidden in last])

    def activations(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> dict[str, Tensor]:
        """Return what the stem and each block put out, (R, B, side, side, channels) each."""
        import torch

        layers = zip(*_of_runs(config, weights, inputs), strict=True)
        return {
            f"hidden_{layer}": torch.stack(of_runs).movedim(2, -1)
            for layer, of_runs in enumerate(layers, start=1)
        }

    def trials(self, rng: np.random.Generator) -> Iterator[Trial]:
        """Yield narrow networks for images of 16 x 16 pixels, the least at which no norm is of two numbers."""
        for width, channels in ((2, 1), (2, 3), (4, 3), (6, 3), (8, 3), (16, 3)):
            yield vector_trial({"width": width, "channels": channels}, channels * 16**2, 10, rng)


def _of_runs(config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Iterator[Iterator[Tensor]]:
    """Yield what `_blocks` yields of each run.

    One run after the other, each by the kernels that it takes alone: a grouped convolution of all runs at once takes
    others, with other last bits, and is no faster.
    """
    names = list(weights)
    for *of_run, images in zip(*(weights[name].unbind() for name in names), inputs, strict=True):
        yield _blocks(config, dict(zip(names, of_run, strict=True)), images)


def _blocks(config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Iterator[Tensor]:
    """Yield what the stem and each block make of images (B, ...), channels last: (B, channels, side, side)."""
    n_inputs = math.prod(inputs.shape[1:])
    side, channels = _side(config, n_inputs), config["channels"]
    # Channels first in memory, too: a mere view would keep them last, which on some processors leads to a kernel
    # that writes past its memory (docs/upstream.md).
    images = inputs.reshape(-1, side**2, channels).mT.flatten().view(-1, channels, side, side)
    layers = {layer.name: layer for layer in _convolutions(config, n_inputs)}
    hidden = _normalised(weights, layers["stem"], images).relu_()
    yield hidden
    for stage in range(STAGES):
        for block in range(BLOCKS):
            name = f"stage_{stage}_block_{block}"
            inner = _normalised(weights, layers[f"{name}_first"], hidden).relu_()
            inner = _normalised(weights, layers[f"{name}_second"], inner)
            if f"{name}_shortcut" in layers:
                hidden = _normalised(weights, layers[f"{name}_shortcut"], hidden)
            hidden = (hidden + inner).relu_()
            yield hidden


def _normalised(weights: Mapping[str, Tensor], layer: Convolution, hidden: Tensor) -> Tensor:
    """Return a convolution of (B, in, side, side) and its group norm."""
    from torch.nn.functional import conv2d, group_norm

    hidden = conv2d(hidden, weights[f"{layer.name}_kernel"], stride=layer.stride, padding=layer.kernel // 2)
    scale, shift = weights[f"{layer.name}_scale"], weights[f"{layer.name}_shift"]
    return group_norm(hidden, math.gcd(GROUPS, layer.n_out // 2), scale, shift)


def _convolutions(config: Config, n_inputs: int) -> Iterator[Convolution]:
    side, n_in = _side(config, n_inputs), config["width"]
    yield Convolution("stem", config["channels"], n_in, 3, 1, side)
    for stage in range(STAGES):
        n_out = config["width"] << stage
        for block in range(BLOCKS):
            stride = 2 if stage > 0 and block == 0 else 1
            side = -(-side // stride)
            name = f"stage_{stage}_block_{block}"
            yield Convolution(f"{name}_first", n_in, n_out, 3, stride, side)
            yield Convolution(f"{name}_second", n_out, n_out, 3, 1, side)
            if stride > 1:
                yield Convolution(f"{name}_shortcut", n_in, n_out, 1, stride, side)
            n_in = n_out


def _n_features(config: Config) -> int:
    return int(config["width"]) << (STAGES - 1)


def _side(config: Config, n_inputs: int) -> int:
    """Return the side of the images. Raises AxisError if inputs are no squares of so many channels."""
    side = math.isqrt(n_inputs // config["channels"])
    if side**2 * config["channels"] != n_inputs:
        problem = f"{n_inputs} inputs are no square image of so many channels"
        raise AxisError(
            "channels", config["channels"], problem, "choose that of the task: 3 in colour, 1 in grey"
        )
    return side


model = ResNet18()
