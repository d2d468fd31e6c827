"""What every peer of the benchmark trains: one small classifier of handwritten digits, and its bare loop.

A run has the split and the initial weights that Lawbook gives it, which `beginnings` has written; all else, such as
the order of its examples, is the peer's own. Nothing here imports Lawbook or Lightning, so that a peer pays only for
what it uses itself.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

N_INPUTS, N_OUTPUTS, BATCH_SIZE, STEPS = 64, 10, 128, 300
WIDTH, DEPTH = 128, 1
N_TRAIN, N_TEST = 1297, 360
RATES = (3e-4, 6e-4, 1e-3, 2e-3, 3e-3, 6e-3, 1e-2, 2e-2)
"""Learning rates of the sweep; run r has the rate r mod 8 and the seed r div 8."""


@dataclass(frozen=True)
class Digits:
    """The digits as tensors, pixels from -1 to 1: 1,297 examples to train on and 360 to test on."""

    train_inputs: Tensor
    train_labels: Tensor
    test_inputs: Tensor
    test_labels: Tensor


def load_digits(folder: Path) -> Digits:
    """Return scikit-learn's handwritten digits, split as a file in the folder says."""
    import numpy as np
    import torch
    from sklearn import datasets

    inputs, labels = datasets.load_digits(return_X_y=True)
    with np.load(folder / "split.npz") as split:
        train, test = split["train"], split["test"]
    scaled = torch.from_numpy((inputs / 8.0 - 1.0).astype(np.float32))
    targets = torch.from_numpy(labels.astype(np.int64))
    return Digits(scaled[train], targets[train], scaled[test], targets[test])


def make_model(width: int = WIDTH, depth: int = DEPTH) -> nn.Sequential:
    """Return a multilayer perceptron of rectified linear units."""
    from torch import nn

    layers: list[nn.Module] = []
    n_in = N_INPUTS
    for _ in range(depth):
        layers += [nn.Linear(n_in, width), nn.ReLU()]
        n_in = width
    return nn.Sequential(*layers, nn.Linear(n_in, N_OUTPUTS))


def begun_model(folder: Path, seed: int) -> nn.Sequential:
    """Return the network with the initial weights of a seed, which a file in the folder holds."""
    import numpy as np
    import torch

    model = make_model()
    with np.load(folder / f"weights_{seed}.npz") as weights, torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(weights[name]))
    return model


def bare_loop(digits: Digits, model: nn.Sequential, rate: float) -> Bare:
    """Return a bare loop with a fused AdamW, ready to take steps."""
    import torch

    return Bare(digits, model, torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.0, fused=True))


class Bare:
    """The plainest fast training loop in PyTorch: no Lightning, no loader, no logging."""

    def __init__(self, digits: Digits, model: nn.Sequential, optimizer: object) -> None:
        self.digits, self.model, self.optimizer = digits, model, optimizer
        self._batches: list[Tensor] = []

    def train(self, steps: int) -> None:
        """Take some steps; a batch is part of a fresh permutation, and an epoch's smaller last one is dropped."""
        import torch
        from torch.nn.functional import cross_entropy

        inputs, labels = self.digits.train_inputs, self.digits.train_labels
        for _ in range(steps):
            if not self._batches:
                order = torch.randperm(N_TRAIN)[: N_TRAIN // BATCH_SIZE * BATCH_SIZE]
                self._batches = list(order.split(BATCH_SIZE))
            batch = self._batches.pop()
            loss = cross_entropy(self.model(inputs[batch]), labels[batch])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    def test_error(self) -> float:
        """Return the share of test images that are classified wrongly."""
        import torch

        with torch.no_grad():
            found = self.model(self.digits.test_inputs).argmax(-1)
        return float((found != self.digits.test_labels).double().mean())


def bare_run(digits: Digits, folder: Path, run: int) -> dict[str, float]:
    """Train one run of the sweep by the bare loop and return its row of the table."""
    import torch

    seed, rate = seed_and_rate(run)
    torch.manual_seed(seed)
    loop = bare_loop(digits, begun_model(folder, seed), rate)
    loop.train(STEPS)
    return {"run": run, "seed": seed, "learning_rate": rate, "test_error": loop.test_error()}


def seed_and_rate(run: int) -> tuple[int, float]:
    """Return the seed and the learning rate of a run of the sweep."""
    return run // len(RATES), RATES[run % len(RATES)]


def one_thread() -> None:
    """Let PyTorch use one thread."""
    import torch

    torch.set_num_threads(1)


def matmul_flops(width: int = WIDTH, depth: int = DEPTH) -> int:
    """Return the FLOPs of the matrix products of one step of one run.

    Forward, gradient of the weights, and gradient of each layer's input but the first's, which nobody needs.
    """
    sizes = [N_INPUTS, *[width] * depth, N_OUTPUTS]
    products = [n_in * n_out for n_in, n_out in pairwise(sizes)]
    return 2 * BATCH_SIZE * (3 * sum(products) - products[0])


def peer_main(sweep: Callable[[int, Path], Sequence[Mapping[str, float]]], description: str) -> None:
    """Run a peer: train its runs and write one table."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("runs", type=int, help="how many runs the sweep has (for one run: its number)")
    parser.add_argument("folder", type=Path, help="holds what runs begin with, and gets the table")
    arguments = parser.parse_args()
    rows = sweep(arguments.runs, arguments.folder)
    with (arguments.folder / "results.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
