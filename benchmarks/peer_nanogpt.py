"""Peer: a small GPT trained by a loop in the manner of nanoGPT's model.py and train.py.

Layer norms with an optional bias, one product for queries, keys and values, PyTorch's fused attention, GELU, the output
layer tied to the embedding, two groups of parameters with and without decay, a warm-up and cosine schedule, batches cut
at random from one long text. AdamW is the fused one, which there only a GPU gets; gradients are not clipped. Source:
Karpathy 2022, https://github.com/karpathy/nanoGPT. Nothing here imports Lawbook, and it is a process of its own:
`python peer_nanogpt.py WIDTH DEPTH HEADS CONTEXT VOCABULARY BATCH` prints, for each number of steps that it reads, the
CPU-seconds of a step.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

WARMUP_STEPS, DECAY_STEPS, RATE, LOWEST_RATE = 100, 100_000, 1e-3, 1e-4
LOGGED_EVERY, WARM_UP_STEPS = 10, 10


@dataclass(frozen=True)
class Shape:
    """What is trained: width, blocks, heads, context T, vocabulary V, batch B."""

    width: int
    depth: int
    heads: int
    context: int
    vocabulary: int
    batch_size: int
    bias: bool = False


class Norm(nn.Module):
    """Layer norm whose shift is optional."""

    def __init__(self, width: int, bias: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, self.weight.shape, self.weight, self.bias, 1e-5)


class Attention(nn.Module):
    """Attention that looks back, its queries, keys and values from one product."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.mixed = nn.Linear(shape.width, 3 * shape.width, bias=shape.bias)
        self.write = nn.Linear(shape.width, shape.width, bias=shape.bias)

    def forward(self, x: Tensor) -> Tensor:
        n_batch, length, width = x.shape
        query, key, value = (
            part.view(n_batch, length, self.heads, width // self.heads).transpose(1, 2)
            for part in self.mixed(x).split(width, dim=2)
        )
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.write(seen.transpose(1, 2).contiguous().view(n_batch, length, width))


class Block(nn.Module):
    """Pre-norm attention and perceptron, each added to what it reads."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.norm_1, self.attention = Norm(shape.width, shape.bias), Attention(shape)
        self.norm_2 = Norm(shape.width, shape.bias)
        self.expand = nn.Linear(shape.width, 4 * shape.width, bias=shape.bias)
        self.gelu = nn.GELU()
        self.write = nn.Linear(4 * shape.width, shape.width, bias=shape.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm_1(x))
        return x + self.write(self.gelu(self.expand(self.norm_2(x))))


class GPT(nn.Module):
    """The network; its output layer is the embedding of tokens."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.token = nn.Embedding(shape.vocabulary, shape.width)
        self.position = nn.Embedding(shape.context, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.depth))
        self.norm = Norm(shape.width, shape.bias)
        self.head = nn.Linear(shape.width, shape.vocabulary, bias=False)
        self.token.weight = self.head.weight
        for name, parameter in self.named_parameters():
            if parameter.dim() >= 2:
                shrink = math.sqrt(2 * shape.depth) if "write" in name else 1.0
                nn.init.normal_(parameter, 0.0, 0.02 / shrink)

    def forward(self, ids: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy of the tokens that follow."""
        x = self.token(ids) + self.position(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        logits = self.head(self.norm(x))
        return functional.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1))

    def optimizer(self) -> torch.optim.AdamW:
        """Return a fused AdamW: matrices and embeddings decay, vectors do not."""
        matrices = [parameter for parameter in self.parameters() if parameter.dim() >= 2]
        vectors = [parameter for parameter in self.parameters() if parameter.dim() < 2]
        groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.99), fused=True)


class Loop:
    """The training loop over one text of random tokens, (n,)."""

    def __init__(self, shape: Shape, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self._shape, self._step = shape, 0
        self._text = np.random.default_rng(seed).integers(shape.vocabulary, size=1 << 18).astype(np.uint16)
        self._model = GPT(shape)
        self._optimizer = self._model.optimizer()
        self._batch = self._draw()

    def _draw(self) -> tuple[Tensor, Tensor]:
        length = self._shape.context
        starts = torch.randint(len(self._text) - length, (self._shape.batch_size,)).tolist()
        inputs, targets = (
            torch.stack(
                [torch.from_numpy(self._text[start + shift :][:length].astype(np.int64)) for start in starts]
            )
            for shift in (0, 1)
        )
        return inputs, targets

    def _rate(self) -> float:
        if self._step < WARMUP_STEPS:
            return RATE * (self._step + 1) / (WARMUP_STEPS + 1)
        done = min(1.0, (self._step - WARMUP_STEPS) / (DECAY_STEPS - WARMUP_STEPS))
        return LOWEST_RATE + 0.5 * (1.0 + math.cos(math.pi * done)) * (RATE - LOWEST_RATE)

    def train(self, steps: int) -> float:
        """Take some steps and return the last loss that was logged."""
        logged = math.nan
        for _ in range(steps):
            rate = self._rate()
            for group in self._optimizer.param_groups:
                group["lr"] = rate
            loss = self._model(*self._batch)
            self._batch = self._draw()
            loss.backward()
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
            if self._step % LOGGED_EVERY == 0:
                logged = loss.item()
            self._step += 1
        return logged


def answer(train: Callable[[int], object]) -> None:
    """Print the CPU-seconds of a step of a loop, for each number of steps on standard input, after a warm-up."""
    train(WARM_UP_STEPS)
    for line in sys.stdin:
        started = time.process_time()
        train(int(line))
        print((time.process_time() - started) / int(line), flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    answer(Loop(Shape(*map(int, sys.argv[1:]))).train)
