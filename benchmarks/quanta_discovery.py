"""Are quanta found from gradients the tasks that are known? Sparse parity, with tasks that were not learned among them.

python benchmarks/quanta_discovery.py             trains three networks and prints the tables, four minutes of CPU
python benchmarks/quanta_discovery.py --page      also writes docs/quanta_discovery.md
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from lawbook.axes import Config
from lawbook.files import write_text
from lawbook.models import models
from lawbook.models.parity_mlp import logits_of_one
from lawbook.quanta.affinity import AFFINITIES, cosines
from lawbook.quanta.agreement import agreement, blind_k, stability
from lawbook.quanta.clustering import Labels, affinity_graph, cluster, eigengap
from lawbook.quanta.gradients import sketched_gradients
from lawbook.quanta.linkage import cut, join, merge_gap
from lawbook.quanta.rank_frequency import Slope, rank_slope
from lawbook.studies.schema import PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import StreamTask, tasks
from lawbook.tasks.sparse_parity import subsets
from lawbook.training.stack import train_stack

PAGE = Path(__file__).parents[1] / "docs/quanta_discovery.md"
LAYERS = ("bits", "bias", "output_weight", "output_bias")
"""Weights whose gradients are compared: all but the rows that are looked up by the task's number."""

EXACT = 1 << 13
"""More dimensions than these weights have numbers: no sketch at all."""

LEARNED = 0.1
"""Nats below which the mean loss of a learned task, and the loss of a sample, lie."""

GOOD = 0.75
METHODS = ("spectral", "average linkage")
Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Network:
    """A trained network: its configuration, weights, and the mean loss of each task."""

    config: Config
    weights: Weights
    losses: NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """Samples of low loss, Zipf over tasks: gradients exact and sketched to 4,096 numbers, and the task of each.

    learned: whether the sample's task is; n_flat: samples left out since their gradient is 0 in float64.
    """

    exact: NDArray[np.float32]
    sketched: NDArray[np.float32]
    tasks: NDArray[np.int64]
    learned: NDArray[np.bool_]
    n_flat: int


def train(seeds: Sequence[int], **fields: Any) -> list[Network]:
    """Train one network per seed in one stack. Each seed has subsets of bits of its own."""
    base: dict[str, Any] = {"task": "sparse_parity", "model": "parity_mlp"}
    for axes in (tasks["sparse_parity"].axes, models["parity_mlp"].axes, TrainingAxes, PruningAxes, SeedAxes):
        base |= axes.defaults()
    configs = [base | {"evaluations": 1} | fields | {"seed": seed} for seed in seeds]
    trained = train_stack(configs)
    (metrics,) = trained.curve.values()
    return [
        Network(
            config,
            {name: tensor[run].detach().double() for name, tensor in trained.weights.items()},
            np.array([metrics[f"task_{k}/loss"][run] for k in range(1, config["n_tasks"] + 1)]),
        )
        for run, config in enumerate(configs)
    ]


def loss(weights: Weights, inputs: Tensor, target: Tensor) -> Tensor:
    """Return the loss of one sample."""
    return cross_entropy(logits_of_one(weights, inputs)[None], target[None])


def draw(network: Network, n: int) -> Samples:
    """Return n samples with a loss below `LEARNED`, drawn as training examples are, from steps after the last."""
    task = tasks["sparse_parity"]
    assert isinstance(task, StreamTask)
    stream = task.open([network.config])
    inputs, targets = [], []
    step, found = network.config["steps"], 0
    while found < 1.2 * n:
        x, y = (torch.from_numpy(array[0]) for array in stream.batch(step))
        losses = cross_entropy(logits_of_one(network.weights, x.double()), y, reduction="none")
        inputs.append(x[losses < LEARNED].double())
        targets.append(y[losses < LEARNED])
        found += len(targets[-1])
        step += 1
    order = torch.from_numpy(np.random.default_rng(0).permutation(found))
    samples = (torch.cat(inputs)[order], torch.cat(targets)[order])
    exact = sketched_gradients(loss, network.weights, samples, LAYERS, dimension=EXACT)
    has_direction = np.linalg.norm(exact, axis=1) > 0
    kept = np.flatnonzero(has_direction)[:n]
    samples = tuple(array[torch.from_numpy(kept)] for array in samples)
    sketched = sketched_gradients(loss, network.weights, samples, LAYERS, dimension=4096)
    numbers = samples[0][:, -1].long().numpy()
    n_flat = int((~has_direction[: kept[-1]]).sum())
    return Samples(exact[kept], sketched, numbers, network.losses[numbers] < LEARNED, n_flat)


def clusters(
    gradients: NDArray[np.float32], affinity: str, method: str, ks: Sequence[int]
) -> dict[int, Labels]:
    """Return the clusters of gradients at each k."""
    graph = affinity_graph(gradients, affinity)
    if method == "spectral":
        return {k: labels for (k, _), labels in cluster(graph, ks).items()}
    return cut(join(graph), ks)


def scored(seed: int, samples: Samples) -> pd.DataFrame:
    """Return a row per affinity, method and k from 0.7 to 1.5 times the number of tasks in the sample."""
    true = len(np.unique(samples.tasks))
    ks = list(range(int(np.ceil(0.7 * true)), int(1.5 * true) + 1))
    rows = []
    for affinity in AFFINITIES:
        for method in METHODS:
            for k, labels in clusters(samples.exact, affinity, method, ks).items():
                of_all = agreement(labels, samples.tasks, draws=50 if k == true else 0)
                of_learned = agreement(labels[samples.learned], samples.tasks[samples.learned], draws=0)
                rows.append(
                    (
                        seed,
                        affinity,
                        method,
                        k,
                        k == true,
                        of_all.ari,
                        of_learned.ari,
                        of_all.nmi,
                        of_all.null,
                    )
                )
    columns = ["seed", "affinity", "method", "k", "true", "ari", "ari_learned", "nmi", "null"]
    return pd.DataFrame(rows, columns=columns)


def blind(samples: Samples) -> dict[str, int]:
    """Return the k that each rule chooses without knowing the tasks, from 2 to 40, by |cos|."""
    graph, ks = affinity_graph(samples.exact, "abs_cos"), list(range(2, 41))
    return {
        "eigengap": eigengap(graph, ks),
        "stability over starts": blind_k(stability(cluster(graph, ks, range(3), starts=1))),
        "merge gap": merge_gap(join(graph), ks),
    }


def correlation(samples: Samples) -> float:
    """Return the correlation of sketched and exact cosines between different samples."""
    above = np.triu_indices(len(samples.tasks), 1)
    return float(np.corrcoef(cosines(samples.exact)[above], cosines(samples.sketched)[above])[0, 1])


def slopes(samples: Samples) -> tuple[Slope, Slope]:
    """Return the slope of size over rank of the true counts of the sample and of the clusters found, same ranks."""
    tasks_found = np.unique(samples.tasks, return_inverse=True)[1]
    counts = np.sort(np.bincount(tasks_found))[::-1]
    last = max(3, int((counts >= 5).sum()))
    found = clusters(samples.exact, "abs_cos", "average linkage", [len(counts)])[len(counts)]
    return rank_slope([tasks_found], last=last), rank_slope([found], last=last)


def told(values: pd.Series) -> str:
    """Write the mean and the range of numbers."""
    return f"{values.mean():.2f} ({values.min():.2f} to {values.max():.2f})"


def good(scores: pd.DataFrame) -> str:
    """Return, for each network, between which k around the true one agreement is good, as multiples of it."""
    ranges = []
    for _, mine in scores.groupby("seed"):
        mine = mine.sort_values("k")
        true = int(mine.loc[mine["true"], "k"].iloc[0])
        bad = mine.loc[mine["ari"] < GOOD, "k"]
        low = max([k for k in bad if k <= true], default=mine["k"].min() - 1) + 1
        high = min([k for k in bad if k >= true], default=mine["k"].max() + 1) - 1
        ranges.append(f"{low / true:.2f}–{high / true:.2f}" if low <= true <= high else "none")
    return ", ".join(ranges)


def table_of(scores: pd.DataFrame) -> str:
    """Return agreement by affinity and method, over networks, as Markdown."""
    lines = [
        "| affinity | method | ARI at the true k | learned tasks alone | worst k of 0.7 to 1.5 × true | k with ARI of "
        f"{GOOD} at least, over the true one | NMI | null |",
        "|---" * 8 + "|",
    ]
    for (affinity, method), mine in scores.groupby(["affinity", "method"], sort=False):
        at_true = mine[mine["true"]]
        worst = mine.groupby("seed")["ari"].min()
        null = f"{at_true['null'].max():.2f}"
        cells = (
            told(at_true["ari"]), told(at_true["ari_learned"]), told(worst), good(mine), told(at_true["nmi"]), null,
        )  # fmt: skip
        lines.append(f"| {affinity} | {method} | {' | '.join(cells)} |")
    return "\n".join(lines)


def alike(network: Network) -> str:
    """Return the pairs of learned tasks, by rank, whose subsets share all bits but one."""
    bits = [set(one) for one in subsets(network.config).tolist()]
    learned = np.flatnonzero(network.losses < LEARNED).tolist()
    size = network.config["subset_size"]
    pairs = [(i, j) for i, j in combinations(learned, 2) if len(bits[i] & bits[j]) == size - 1]
    return ", ".join(f"{i + 1} and {j + 1}" for i, j in pairs)


def networks_of(networks: Sequence[Network], all_samples: Sequence[Samples]) -> str:
    """Return what each network has learned, and what is said of its sample, as Markdown."""
    lines = [
        "| seed | tasks learned | tasks in the sample | samples of tasks not learned | share of the largest "
        "| learned tasks that share two bits | blind k (eigengap, stability, merge gap) | slope of true counts "
        "| slope of clusters | sketch: correlation |",
        "|---" * 10 + "|",
    ]
    for network, samples in zip(networks, all_samples, strict=True):
        true, found = slopes(samples)
        cells = (
            f"{network.config['seed']}",
            f"{(network.losses < LEARNED).sum()} of {len(network.losses)}",
            f"{len(np.unique(samples.tasks))}",
            f"{(~samples.learned).mean():.1%}",
            f"{np.bincount(samples.tasks).max() / len(samples.tasks):.0%}",
            alike(network) or "none",
            ", ".join(map(str, blind(samples).values())),
            *(f"{s.estimate:.2f} [{s.low:.2f}, {s.high:.2f}], ranks 1–{s.last}" for s in (true, found)),
            f"{correlation(samples):.4f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def page_of(networks: Sequence[Network], all_samples: Sequence[Samples], scores: pd.DataFrame) -> str:
    """Return docs/quanta_discovery.md."""
    config, n = networks[0].config, len(all_samples[0].tasks)
    return f"""# Are quanta found from gradients the tasks that are known?

{len(networks)} networks of width {config["width"]} on multitask sparse parity ({config["n_tasks"]} tasks,
{config["n_bits"]} bits, subsets of {config["subset_size"]}, α = {config["alpha"]}), trained for {config["steps"]:,}
steps of {config["batch_size"]:,} examples. From each, {n:,} samples with a loss below {LEARNED} nats, drawn as the
training examples are: tasks that are not learned are among them, as samples that were guessed right. The gradient is
that of all
weights but the rows that are looked up by the task's number, so that nothing names the task.

{networks_of(networks, all_samples)}

Agreement of clusters with tasks: the adjusted Rand index, mean and range over networks, at the number of tasks in the
sample and at the worst k within 0.7 to 1.5 times that; the null is the largest index of 50 permutations of the tasks.

{table_of(scores)}

- `abs_cos` is needed since the gradient of one task turns its sign with the label; `angular`, the affinity of the
  paper, gives unrelated samples 0.5 and opposed ones 0, and finds next to nothing.
- Spectral clustering splits the largest task as soon as it has one cluster to spare, since the task's samples fall into
  the patterns of its bits; average linkage splits off stray samples first. Of the adjusted Rand index the largest task
  makes up most.
- Tasks that share two of their three bits share units of the network too, and their gradients align: they are then
  found as one quantum, or break up together.
- No rule that does not know the tasks finds their number reliably: look at a range of k.

Written by `python benchmarks/quanta_discovery.py --page`.
"""


def main() -> None:
    """Print the tables; write the page if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", type=int, default=3, help="networks, each with a seed of its own")
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--steps", type=int, default=14_000)
    parser.add_argument("--samples", type=int, default=1000, help="samples from each network")
    parser.add_argument("--page", action="store_true")
    arguments = parser.parse_args()
    began = time.process_time()
    networks = train(
        range(arguments.networks),
        width=arguments.width, steps=arguments.steps, batch_size=1024, learning_rate=5e-3,
    )  # fmt: skip
    all_samples = [draw(network, arguments.samples) for network in networks]
    scores = pd.concat([scored(i, samples) for i, samples in enumerate(all_samples)], ignore_index=True)
    print(networks_of(networks, all_samples), table_of(scores), sep="\n\n")
    print(f"{time.process_time() - began:.0f} CPU-seconds")
    if arguments.page:
        write_text(PAGE, page_of(networks, all_samples, scores))
        print(PAGE)


if __name__ == "__main__":
    main()
