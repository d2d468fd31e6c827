"""Peer: Lawbook's transformer as anybody would write it: modules of PyTorch, autograd, a fused AdamW, one loop.

The same parameters and equations as `lawbook.models.transformer`: biases everywhere but in an output layer of its own.
Nothing here imports Lawbook, and it is a process of its own: `python peer_transformer.py WIDTH DEPTH HEADS CONTEXT
VOCABULARY BATCH` prints, for each number of steps that it reads, the CPU-seconds of a step.
"""

from __future__ import annotations

import sys

import torch
from peer_nanogpt import Shape, answer
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, gelu, scaled_dot_product_attention

N_WINDOWS = 1024


class Block(nn.Module):
    """Attention and a perceptron, each of what a layer norm makes of x, each added to x."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attend_norm, self.expand_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attend, self.write = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.expand, self.contract = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        mixed = self.attend(self.attend_norm(x)).unflatten(-1, (3, self.heads, -1))
        query, key, value = mixed.permute(2, 0, 3, 1, 4)
        seen = scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.write(seen.transpose(1, 2).flatten(2))
        return x + self.contract(gelu(self.expand(self.expand_norm(x))))


class Transformer(nn.Module):
    """The network."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.token = nn.Embedding(shape.vocabulary, shape.width)
        self.position = nn.Embedding(shape.context, shape.width)
        self.blocks = nn.ModuleList(Block(shape.width, shape.heads) for _ in range(shape.depth))
        self.head_norm = nn.LayerNorm(shape.width)
        self.head = nn.Linear(shape.width, shape.vocabulary, bias=False)

    def loss(self, ids: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy of the tokens that follow, for tokens (B, T) and targets (B, T)."""
        x = self.token(ids) + self.position.weight
        for block in self.blocks:
            x = block(x)
        return cross_entropy(self.head(self.head_norm(x)).flatten(0, 1), targets.flatten())


class HandWritten:
    """A loop over windows that are drawn without any library."""

    def __init__(self, shape: Shape, rate: float = 1e-3) -> None:
        torch.manual_seed(0)
        self.network = Transformer(shape)
        self._optimizer = torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=0.0, fused=True)
        self._windows = torch.randint(shape.vocabulary, (N_WINDOWS, shape.context + 1))
        self._batch_size = shape.batch_size

    def train(self, steps: int) -> None:
        """Take some steps, each on windows drawn at random."""
        for _ in range(steps):
            windows = self._windows[torch.randint(N_WINDOWS, (self._batch_size,))]
            self.step(windows[:, :-1], windows[:, 1:])

    def step(self, ids: Tensor, targets: Tensor) -> None:
        """Take one step."""
        loss = self.network.loss(ids, targets)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()


if __name__ == "__main__":
    torch.set_num_threads(1)
    answer(HandWritten(Shape(*map(int, sys.argv[1:]))).train)
