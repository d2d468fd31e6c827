"""The step of a tiny transformer: Lawbook's stacks beside a hand-written loop and nanoGPT's, in CPU-seconds.

    python benchmarks/transformer_step.py [--turns 7] [--widths 16 32 64] [--page]

Lawbook's step is that of a stack under its Trainer, its batches drawn as in training; those of the peers are of
processes of their own (`peer_transformer.py`, `peer_nanogpt.py`). All take turns on one thread, after a warm-up.
`--page` writes docs/transformer_step.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from peer_nanogpt import Shape
from peer_transformer import HandWritten, Transformer

from lawbook.models import models
from lawbook.registry import use_extensions
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import tasks
from lawbook.training.sources import open_source
from lawbook.training.stack import StackedRuns, train_stack

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "transformer_step.md"
PEERS = {"hand-written": "peer_transformer.py", "nanoGPT": "peer_nanogpt.py"}
STACKS = (1, 4, 16)
TURNS, TURN_S = 7, 0.25
"""Turns, and about how many seconds of a peer's steps each has."""

WARM_UP_STEPS, CHECK_STEPS = 3, 6
TOLERANCE = 1e-12
"""Largest difference of losses in float64 between the hand-written loop and a stack."""


def shape_of(width: int) -> Shape:
    """Return the shape of a width: heads of 16, two blocks, a context of 64, a vocabulary of 128, batches of 8."""
    return Shape(width=width, depth=2, heads=width // 16, context=64, vocabulary=128, batch_size=8)


def configs_of(shape: Shape, n_runs: int, **fields: Any) -> list[dict[str, Any]]:
    """Return the configurations of runs of a shape, each with its own seed and rate."""
    use_extensions(str(HERE / "extensions"))  # where the task is
    config: dict[str, Any] = {"task": "random_tokens", "model": "transformer"}
    for axes in (
        tasks["random_tokens"].axes,
        models["transformer"].axes,
        TrainingAxes,
        PruningAxes,
        SeedAxes,
    ):
        config |= axes.defaults()
    sizes = {name: value for name, value in dataclasses.asdict(shape).items() if name in config}
    config |= sizes | {"evaluations": 1, "weight_decay": 0.0} | fields
    return [config | {"seed": run, "learning_rate": 1e-3 * (1 + run)} for run in range(n_runs)]


def stack_seconds(shape: Shape, n_runs: int, steps: int) -> float:
    """Return the CPU-seconds of a run's step in a stack; start-up, first steps and evaluation are left out."""
    at: list[float] = []
    ends = (WARM_UP_STEPS, WARM_UP_STEPS + steps)
    train_stack(
        configs_of(shape, n_runs, steps=ends[1] + 1),
        look=lambda *_: at.append(time.process_time()),
        look_at=ends,
    )
    return (at[1] - at[0]) / (steps * n_runs)


class Peer:
    """A peer's process, which answers how long a step takes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def seconds(self, steps: int) -> float:
        """Return the CPU-seconds of a step, over some steps."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{steps}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


@contextmanager
def started(name: str, shape: Shape) -> Iterator[Peer]:
    """Start a peer; it ends with its standard input."""
    sizes = [str(value) for field, value in dataclasses.asdict(shape).items() if field != "bias"]
    command = [sys.executable, str(HERE / PEERS[name]), *sizes]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        yield Peer(process)


def turns_of(
    shape: Shape, stacks: Sequence[int] = STACKS, peers: Sequence[str] = tuple(PEERS), turns: int = TURNS
) -> dict[str, NDArray[np.float64]]:
    """Return the CPU-seconds per run-step of each turn, (turns,), by stack (`stack of 4`) and by peer.

    In a turn each has its steps, one after another; from turn to turn they change places.
    """
    with ExitStack() as processes:
        asked = {name: processes.enter_context(started(name, shape)) for name in peers}
        ways: dict[str, Any] = {name: peer.seconds for name, peer in asked.items()}
        for n_runs in stacks:
            ways[stack_name(n_runs)] = lambda steps, n=n_runs: stack_seconds(shape, n, max(5, steps // n))
        first = next(iter(asked.values())).seconds(20)
        steps = max(10, round(TURN_S / first))
        for way in ways.values():
            way(5)
        found: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(turns):
            for name in list(ways)[:: 1 - 2 * (turn % 2)]:
                found[name].append(ways[name](steps))
    return {name: np.array(seconds) for name, seconds in found.items()}


def stack_name(n_runs: int) -> str:
    """Return what a stack is called in a table."""
    return f"stack of {n_runs}"


def largest_difference(shape: Shape, n_runs: int = 2) -> float:
    """Return by how much test losses differ from the hand-written loop's after some steps, in float64.

    Weights and batches are the same; the largest of |Δ loss| over the runs of a stack.
    """
    configs = configs_of(shape, n_runs, steps=CHECK_STEPS, dtype="float64")
    trained = train_stack(configs).curve[CHECK_STEPS]["test/loss"]
    differences = []
    for config, loss in zip(configs, trained, strict=True):
        alone = StackedRuns([config], open_source([config], {}))
        loop = HandWritten(shape, config["learning_rate"])
        # AdamW's state is made at the first step, so the format may change before it.
        take_over(loop.network.double(), {name: rows[0].detach() for name, rows in alone.weights.items()})
        for step in range(CHECK_STEPS):
            inputs, targets = alone.source.batch(step)
            loop.step(inputs[0], targets[0])
        inputs, targets = alone.source.examples("test", alone.source.n_examples("test", 1 << 10)[0], [0])
        with torch.no_grad():
            differences.append(abs(float(loop.network.loss(inputs[0], targets[0])) - loss))
    return max(differences)


def take_over(network: Transformer, weights: Mapping[str, torch.Tensor]) -> None:
    """Copy Lawbook's weights of one run into the hand-written network; its matrices are (out, in)."""
    with torch.no_grad():
        network.token.weight.copy_(weights["token"])
        network.position.weight.copy_(weights["position"])
        network.head.weight.copy_(weights["head"].T)
        norms = {"head": network.head_norm}
        for layer, block in enumerate(network.blocks):
            norms |= {f"{part}_{layer}": getattr(block, f"{part}_norm") for part in ("attend", "expand")}
            for part in ("attend", "write", "expand", "contract"):
                linear, name = getattr(block, part), f"{part}_{{}}_{layer}"
                linear.weight.copy_(weights[name.format("weight")].T)
                linear.bias.copy_(weights[name.format("bias")])
        for name, norm in norms.items():
            part, _, layer = name.partition("_")
            end = f"_{layer}" if layer else ""
            norm.weight.copy_(weights[f"{part}_gain{end}"])
            norm.bias.copy_(weights[f"{part}_shift{end}"])


def shown(ratios: NDArray[np.float64]) -> str:
    """Return the median of ratios with their range."""
    return f"× {np.median(ratios):.2f} ({ratios.min():.2f}–{ratios.max():.2f})"


def rows_of(width: int, turns: int) -> list[str]:
    """Return a row of the table per stack: milliseconds of a run's step, and how many times faster than each peer."""
    found = turns_of(shape_of(width), turns=turns)
    alone = found[stack_name(1)]
    rows = []
    for n_runs in STACKS:
        seconds = found[stack_name(n_runs)]
        cells = [str(width), str(n_runs), f"{1e3 * np.median(seconds):.2f}", shown(alone / seconds)]
        for peer in PEERS:
            cells += [f"{1e3 * np.median(found[peer]):.2f}", shown(found[peer] / seconds)]
        rows.append(f"| {' | '.join(cells)} |")
        print(rows[-1], flush=True)
    return rows


def page(widths: Sequence[int], turns: int) -> str:
    """Return docs/transformer_step.md; raise SystemExit if the hand-written loop does not train the same model."""
    differences = [largest_difference(shape_of(width)) for width in widths]
    if max(differences) > TOLERANCE:
        raise SystemExit(f"losses differ from the hand-written loop's by {max(differences):.2g}")
    rows = [row for width in widths for row in rows_of(width, turns)]
    return f"""# The step of a tiny transformer

Written by `python benchmarks/transformer_step.py --page`; PyTorch {torch.__version__}, {cpu_capability()}, one thread.

Two blocks, heads of 16, a context of 64, a vocabulary of 128, batches of 8. Milliseconds of CPU time for a step of one
run, as medians of {turns} turns; factors are those within a turn, their median and range. Lawbook's step is that of a
stack under its Trainer, batches included; start-up and evaluation are left out of all. Peers are processes of their
own, which take turns with Lawbook: a hand-written loop of the same model (`benchmarks/peer_transformer.py`: modules,
autograd, a fused AdamW), and one in the manner of nanoGPT (`benchmarks/peer_nanogpt.py`: without biases, output layer
and embedding tied, AdamW in two groups, fused). A factor above 1 says that Lawbook is faster.

| width | runs in the stack | ms | than alone | hand-written, ms | than hand-written | nanoGPT, ms | than nanoGPT |
|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}

From the same weights and batches, the test losses of stack and hand-written loop differ by at most
{max(differences):.0e} after {CHECK_STEPS} steps in float64.

## Where the time goes

The gradient is written by hand (`src/lawbook/models/_transformer_gradients.py`): about 250 operations for a step of a
whole stack, each gradient written where the optimiser reads it. When it was written, autograd in the same stack took
1.2 times as long at width 16 and 1.1 times at widths 32 and 64.

A stack saves what an operation costs besides its arithmetic, and what Lightning and the optimiser do around a step. At
width 16 that is more than half of a lone run's step. At width 64 it is a fifth, and the rest is the same for every
loop: half of the time are matrix products, which run as fast as large ones do here; a fifth is attention, and a tenth
is GELU, both exponentials above all. So there a stack cannot be much faster than a lone loop. In a stack of 16 of width
16, products take a third of the time, attention a quarter, GELU a tenth, layer norms and the loss 7 % each.
"""


def cpu_capability() -> str:
    """Return the instructions that PyTorch uses."""
    return str(torch.backends.cpu.get_cpu_capability())


def main() -> None:
    """Measure, print, and with `--page` write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 32, 64])
    parser.add_argument("--page", action="store_true", help=f"write {PAGE.name}")
    wanted = parser.parse_args()
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    text = page(wanted.widths, wanted.turns)
    if wanted.page:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
