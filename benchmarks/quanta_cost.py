"""What quanta discovery costs: one pass with a sketch, against gradients recomputed for each pair of blocks.

python benchmarks/quanta_cost.py             10,000 tokens of a transformer with 0.67 million parameters, five minutes
python benchmarks/quanta_cost.py --page      also writes docs/quanta_cost.md

Each way runs in a process of its own on one core; peak memory is that of the whole process. The published script holds
two blocks of whole gradients and computes those of the second anew for each pair, one sample after another; its time is
measured on a few samples, block by block, and multiplied up by the number of backward passes.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lawbook.analyses.text_quanta.tokens import inner_layers, token_loss
from lawbook.models import TrainedModel, models
from lawbook.quanta.clustering import affinity_graph, cluster
from lawbook.quanta.gradients import sketched_gradients
from lawbook.seeds import generator
from lawbook.storage.files import write_text
from lawbook.training.process import prepare_process

PAGE = Path(__file__).parents[1] / "docs/quanta_cost.md"
CONTEXT, VOCABULARY, BLOCK, CLUSTERS = 64, 1024, 250, 400
CONFIG = {"model": "transformer", "width": 128, "depth": 2, "heads": 4}


def weights() -> dict[str, Tensor]:
    """Return initial weights: what gradients cost does not depend on what was learned."""
    model = models["transformer"]
    assert isinstance(model, TrainedModel)
    drawn = model.initial(CONFIG, CONTEXT, VOCABULARY, generator(0, "init"))
    return {name: torch.from_numpy(values).float() for name, values in drawn.items()}


def samples(n: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return n windows of random tokens, a position in each, and the target there."""
    rng = generator(0, "windows")
    shapes = ((VOCABULARY, (n, CONTEXT)), (CONTEXT, n), (VOCABULARY, n))
    windows, positions, targets = (torch.from_numpy(rng.integers(top, size=shape)) for top, shape in shapes)
    return windows, positions, targets


def one_pass(n: int) -> dict[str, float]:
    """Sketch each gradient once, make the graph of affinities, and cluster it."""
    start, known = time.process_time(), weights()
    sketched = sketched_gradients(token_loss(CONFIG), known, samples(n), inner_layers(CONFIG, known))
    gradients = time.process_time()
    graph = affinity_graph(sketched, "angular")
    similarity = time.process_time()
    cluster(graph, [CLUSTERS], starts=1)
    parts = np.diff([start, gradients, similarity, time.process_time()])
    return dict(zip(("gradients", "similarity", "clustering"), parts.tolist(), strict=True)) | {
        "backwards": n
    }


def per_block(n: int, block: int) -> dict[str, float]:
    """Fill the matrix of cosines pair of blocks by pair of blocks, gradients one after another, whole."""
    start, known, (windows, positions, targets) = time.process_time(), weights(), samples(n)
    loss, layers = token_loss(CONFIG), inner_layers(CONFIG, weights())
    backwards = 0

    def whole_gradients(first: int) -> Tensor:
        nonlocal backwards
        rows = []
        for i in range(first, min(first + block, n)):
            leaves = {name: tensor.clone().requires_grad_(name in layers) for name, tensor in known.items()}
            loss(leaves, windows[i], positions[i], targets[i]).backward()
            gradient = torch.cat([leaves[name].grad.flatten() for name in layers])
            rows.append(gradient / gradient.norm())
            backwards += 1
        return torch.stack(rows)

    cosines = torch.zeros(n, n)
    for first in range(0, n, block):
        mine = whole_gradients(first)
        for second in range(first, n, block):
            other = mine if second == first else whole_gradients(second)
            cosines[first : first + block, second : second + block] = mine @ other.T
    return {"gradients": time.process_time() - start, "backwards": backwards}


WAYS: dict[str, Callable[..., dict[str, float]]] = {"one_pass": one_pass, "per_block": per_block}


def measured(way: str, *numbers: int) -> dict[str, float]:
    """Return what one way says of itself in a process of its own."""
    command = [sys.executable, __file__, "--way", way, "--numbers", *map(str, numbers)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return found


def page_of(n: int, few: int, ours: dict[str, float], theirs: dict[str, float]) -> str:
    """Return docs/quanta_cost.md."""
    blocks = -(-n // BLOCK)
    backwards = n + blocks * (blocks - 1) // 2 * BLOCK
    each = theirs["gradients"] / theirs["backwards"]
    n_inner = sum(w.numel() for name, w in weights().items() if name in inner_layers(CONFIG, weights()))
    total = ours["gradients"] + ours["similarity"] + ours["clustering"]
    ratios = (each * backwards / ours["gradients"], backwards / n, each * n / ours["gradients"])
    block_gib, cosines_gib = 2 * BLOCK * n_inner * 4 / 2**30, 4 * n * n / 2**30
    memory = f"{block_gib:.2f} GiB of gradients, and {cosines_gib:.2f} GiB of cosines"
    n_params = sum(tensor.numel() for tensor in weights().values())
    return f"""# What quanta discovery costs

{n:,} tokens of a transformer of width 128 with two blocks and {n_params:,} parameters, of which
gradients take {n_inner:,}; windows of {CONTEXT} tokens; one core.

| | one pass with a sketch | gradients anew for each pair of blocks of {BLOCK} |
|---|---|---|
| backward passes | {ours["backwards"]:,.0f} | {backwards:,} |
| CPU-seconds, gradients | {ours["gradients"]:.0f} | {each * backwards:,.0f} (with similarity; extrapolated) |
| CPU-seconds, similarity | {ours["similarity"]:.0f} | |
| CPU-seconds, clustering, k = {CLUSTERS} | {ours["clustering"]:.0f} | |
| peak memory | {ours["memory"] / 2**30:.2f} GiB, everything | {memory} |
| CPU-seconds in all | {total:.0f} | {each * backwards:,.0f}, without clustering |

The second way was measured on {few:,} samples in blocks of {few // 4}: {theirs["backwards"]:,.0f} backward passes,
{1000 * each:.1f} CPU-milliseconds each. The gradients of the first cost {ratios[0]:.0f} times
less: {ratios[1]:.1f} times from computing each once, {ratios[2]:.1f} times from computing many at
a time.

Written by `python benchmarks/quanta_cost.py --page`.
"""


def main() -> None:
    """Print the page; write it if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--few", type=int, default=600, help="samples of the second way")
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--way", choices=list(WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--numbers", type=int, nargs="*", default=[], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        prepare_process()
        found: dict[str, Any] = WAYS[arguments.way](*arguments.numbers)
        found["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps(found))
        return
    ours = measured("one_pass", arguments.samples)
    theirs = measured("per_block", arguments.few, arguments.few // 4)
    page = page_of(arguments.samples, arguments.few, ours, theirs)
    print(page)
    if arguments.page:
        write_text(PAGE, page)


if __name__ == "__main__":
    main()
