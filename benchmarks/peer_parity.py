"""Peer: one network of sparse parity trained as the published code does it.

A step draws the tasks by inverting their distribution, counts them, and builds the batch in a loop over tasks: random
bits, labels, one-hot task codes, concatenated and copied into place. The network is dense in [one-hot task, bits].
In the manner of `sparse-parity-v4.py` of ejmichaud/quantization-model. Nothing here imports Lawbook, and it is a
process of its own, so that nothing that Lawbook sets for its process helps it: `python peer_parity.py WIDTH BATCH
TASKS BITS STEPS` prints steps per CPU-second.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


@dataclass(frozen=True)
class Shape:
    """What is trained: width W, batch B, tasks, bits."""

    width: int
    batch_size: int
    n_tasks: int
    n_bits: int


class ReferenceLoop:
    """The network, its optimiser and its sampler."""

    def __init__(self, shape: Shape, seed: int = 0, alpha: float = 0.4) -> None:
        torch.manual_seed(seed)
        self._shape, self._rng = shape, np.random.default_rng(seed)
        weights = np.arange(1, shape.n_tasks + 1) ** -(1.0 + alpha)
        self._cumulative = np.cumsum(weights / weights.sum())
        self._subsets = [
            sorted(self._rng.choice(shape.n_bits, 3, replace=False).tolist()) for _ in range(shape.n_tasks)
        ]
        self._network = nn.Sequential(
            nn.Linear(shape.n_tasks + shape.n_bits, shape.width), nn.ReLU(), nn.Linear(shape.width, 2)
        )
        self._loss = nn.CrossEntropyLoss()
        self._optimizer = torch.optim.AdamW(self._network.parameters(), lr=1e-3, weight_decay=0.0)

    def _batch(self, sizes: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        shape = self._shape
        inputs = torch.zeros(int(sizes.sum()), shape.n_tasks + shape.n_bits)
        labels = torch.zeros(int(sizes.sum()), dtype=torch.int64)
        start = 0
        for task, (subset, size) in enumerate(zip(self._subsets, sizes.tolist(), strict=True)):
            if size:
                bits = torch.randint(0, 2, (size, shape.n_bits), dtype=torch.float32)
                code = torch.zeros(size, shape.n_tasks)
                code[:, task] = 1
                inputs[start : start + size] = torch.cat([code, bits], dim=1)
                labels[start : start + size] = bits[:, subset].sum(dim=1) % 2
                start += size
        return inputs, labels

    def train(self, steps: int) -> float:
        """Take some steps and return the CPU seconds that they took."""
        started = time.process_time()
        for _ in range(steps):
            drawn = np.searchsorted(self._cumulative, self._rng.random(self._shape.batch_size))
            sizes = np.bincount(drawn, minlength=self._shape.n_tasks)
            inputs, labels = self._batch(sizes)
            self._optimizer.zero_grad()
            self._loss(self._network(inputs), labels).backward()
            self._optimizer.step()
        return time.process_time() - started


if __name__ == "__main__":
    torch.set_num_threads(1)
    *sizes, steps = map(int, sys.argv[1:])
    loop = ReferenceLoop(Shape(*sizes))
    loop.train(3)
    print(steps / loop.train(steps))
