"""Gradients of single samples, in one pass, some at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import grad, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from lawbook.quanta.sketch import CountSketch

SampleLoss = Callable[..., Tensor]
"""The loss of one sample, a scalar tensor: a pure function of the weights and of the sample's own arrays."""

CHUNK_BYTES = 1 << 28
"""Memory of the gradients that are held at once."""


def sample_gradients(
    loss: SampleLoss,
    weights: Mapping[str, Tensor],
    samples: tuple[Tensor, ...],
    layers: Collection[str] | None = None,
    chunk: int | None = None,
) -> Iterator[Tensor]:
    """Yield the gradients of consecutive samples, (chunk, P), each with its layers' weights side by side.

    loss: called as loss(weights, *sample); samples: arrays with a leading sample axis; layers: the weights whose
    gradients are wanted, by default all, in the order of `weights`. Raises ValueError for a layer that is none.
    """
    wanted = list(weights) if layers is None else [name for name in weights if name in layers]
    if layers is not None and (unknown := sorted(set(layers) - set(weights))):
        raise ValueError(f"the model has no weights called {unknown}; it has {list(weights)}")
    learned = {name: weights[name].detach() for name in wanted}
    others = {name: tensor.detach() for name, tensor in weights.items() if name not in learned}

    def of_learned(part: Mapping[str, Tensor], *sample: Tensor) -> Tensor:
        return loss({**others, **part}, *sample)

    per_sample = vmap(grad(of_learned), in_dims=(None, *(0 for _ in samples)))
    if chunk is None:
        width = 4 * sum(tensor.numel() for tensor in learned.values())
        chunk = max(1, CHUNK_BYTES // (2 * width))
    n = len(samples[0])
    # PyTorch has no rule that batches its fused attention, and would loop over the samples.
    with sdpa_kernel(SDPBackend.MATH):
        for start, stop in pairwise([*range(0, n, chunk), n]):
            found = per_sample(learned, *(array[start:stop] for array in samples))
            yield torch.cat([found[name].flatten(1) for name in wanted], dim=1)


def sketched_gradients(
    loss: SampleLoss,
    weights: Mapping[str, Tensor],
    samples: tuple[Tensor, ...],
    layers: Collection[str] | None = None,
    *,
    dimension: int = 4096,
    seed: int = 0,
    chunk: int | None = None,
) -> NDArray[np.float32]:
    """Return a signed count-sketch of each sample's gradient, (S, dimension), in one pass over the samples.

    Arguments as of `sample_gradients`; no more than a chunk of whole gradients is ever in memory.
    """
    wanted = weights if layers is None else layers
    sketch = CountSketch(sum(math.prod(weights[name].shape) for name in wanted), dimension, seed)
    blocks = sample_gradients(loss, weights, samples, layers, chunk)
    return np.concatenate([sketch(block.float().cpu().numpy()) for block in blocks])
