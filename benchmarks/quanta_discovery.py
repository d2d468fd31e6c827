"""Are quanta found from gradients the tasks that are known? Sparse parity, with tasks that were not learned among them.

python benchmarks/quanta_discovery.py                        trains three networks and prints tables, five CPU-minutes
python benchmarks/quanta_discovery.py --networks 6 --page    also writes docs/quanta_discovery.md
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
from torch.nn.functional import cross_entropy, softplus

from lawbook.axes import Config
from lawbook.files import write_text
from lawbook.models import models
from lawbook.models.parity_mlp import logits_of_one
from lawbook.quanta.affinity import AFFINITIES, cosines
from lawbook.quanta.agreement import agreement, blind_k, stability
from lawbook.quanta.clustering import Labels, affinity_graph, cluster, eigengap
from lawbook.quanta.gradients import sketched_gradients
from lawbook.quanta.linkage import BACKGROUND, POWER, cut, join, join_gap
from lawbook.quanta.rank_frequency import Slope, rank_slope
from lawbook.studies.schema import PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import StreamTask, tasks
from lawbook.tasks.sparse_parity import subsets
from lawbook.training.stack import train_stack

PAGE = Path(__file__).parents[1] / "docs/quanta_discovery.md"
LAYERS = ("bits", "bias", "output_weight", "output_bias")
"""Weights whose gradients are compared: all but the rows that are looked up by the task's number."""

SKETCH = 4096

LEARNED = 0.1
"""Nats below which the mean loss of a learned task, and the loss of a sample, lie."""

METHODS = ("spectral", "average linkage", "tempered linkage")
POWERS = (1.0, 0.95, 0.9, 0.85, 0.8)
RANGE = (0.7, 1.5)
"""The k looked at, in multiples of the true one."""

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

    learned: whether the sample's task is.
    """

    exact: NDArray[np.float32]
    sketched: NDArray[np.float32]
    tasks: NDArray[np.int64]
    learned: NDArray[np.bool_]

    @property
    def n_tasks(self) -> int:
        """Return the number of tasks in the sample, distractors included."""
        return len(np.unique(self.tasks))

    @property
    def n_learned(self) -> int:
        """Return the number of learned tasks in the sample."""
        return len(np.unique(self.tasks[self.learned]))


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


def log_of_loss(weights: Weights, inputs: Tensor, target: Tensor) -> Tensor:
    """Return the logarithm of the loss of one sample.

    Its gradient points where that of the loss does, and does not vanish with the loss of a sample that is certain.
    """
    logits = logits_of_one(weights, inputs)
    return softplus((1 - 2 * target) * (logits[1] - logits[0])).log()


def draw(network: Network, n: int) -> Samples:
    """Return n samples with a loss below `LEARNED`, drawn as training examples are, from steps after the last."""
    task = tasks["sparse_parity"]
    assert isinstance(task, StreamTask)
    stream = task.open([network.config])
    inputs, targets = [], []
    step, found = network.config["steps"], 0
    while found < n:
        x, y = (torch.from_numpy(array[0]) for array in stream.batch(step))
        losses = cross_entropy(logits_of_one(network.weights, x.double()), y, reduction="none")
        inputs.append(x[losses < LEARNED].double())
        targets.append(y[losses < LEARNED])
        found += len(targets[-1])
        step += 1
    order = torch.from_numpy(
        np.random.default_rng(0).permutation(found)[:n]
    )  # a batch is in the order of its tasks
    samples = (torch.cat(inputs)[order], torch.cat(targets)[order])
    whole = sum(network.weights[name].numel() for name in LAYERS)
    exact, sketched = (
        sketched_gradients(log_of_loss, network.weights, samples, LAYERS, dimension=dimension)
        for dimension in (whole, SKETCH)
    )
    numbers = samples[0][:, -1].long().numpy()
    return Samples(exact, sketched, numbers, network.losses[numbers] < LEARNED)


def clusters(
    gradients: NDArray[np.float32], affinity: str, method: str, ks: Sequence[int]
) -> dict[int, Labels]:
    """Return the clusters of gradients at each k."""
    graph = affinity_graph(gradients, affinity)
    if method == "spectral":
        return {k: labels for (k, _), labels in cluster(graph, ks, starts=3).items()}
    return cut(join(graph, 1.0 if method == "average linkage" else POWER), ks)


def ks_about(*counts: int) -> list[int]:
    """Return every k within the range of multiples of any of these counts."""
    low, high = RANGE
    return sorted({k for n in counts for k in range(int(np.ceil(low * n)), int(high * n) + 1)} | set(counts))


def scored(seed: int, samples: Samples) -> pd.DataFrame:
    """Return a row per affinity, method and k about the number of tasks, and of learned tasks, in the sample."""
    true = samples.n_tasks
    rows = []
    for affinity in AFFINITIES:
        for method in METHODS:
            found = clusters(samples.exact, affinity, method, ks_about(true, samples.n_learned))
            for k, labels in found.items():
                of_all = agreement(labels, samples.tasks, draws=50 if k == true else 0)
                of_learned = agreement(labels[samples.learned], samples.tasks[samples.learned], draws=0)
                scores = (of_all.ari, of_learned.ari, of_all.nmi, of_all.null)
                rows.append((seed, affinity, method, true, samples.n_learned, k, *scores))
    columns = ["seed", "affinity", "method", "tasks", "learned", "k", "ari", "ari_learned", "nmi", "null"]
    return pd.DataFrame(rows, columns=columns)


def at(scores: pd.DataFrame, count: str) -> pd.DataFrame:
    """Return the rows at the k that is the number of `tasks` or of `learned` ones."""
    return scores[scores["k"] == scores[count]]


def worst(scores: pd.DataFrame, count: str) -> pd.Series:
    """Return the lowest adjusted Rand index of each network over the range of k about such a number."""
    low, high = RANGE
    near = (scores["k"] >= low * scores[count]) & (scores["k"] <= high * scores[count])
    return scores[near].groupby("seed")["ari"].min()


def lead(scores: pd.DataFrame) -> pd.Series:
    """Return by how much |cos| with tempered linkage leads angular with its best method, at the number of tasks."""
    best = at(scores, "tasks").pivot_table("ari", "seed", ["affinity", "method"])
    return best["abs_cos"]["tempered linkage"] - best["angular"].max(axis=1)


def blind(samples: Samples) -> list[tuple[int, float]]:
    """Return the k that each rule chooses by |cos| without knowing the tasks, from 2 to 40, and its agreement.

    The rules are the eigengap, stability over starts of spectral clustering, and the gap of average linkage.
    """
    graph, ks = affinity_graph(samples.exact, "abs_cos"), list(range(2, 41))
    chosen = (
        eigengap(graph, ks),
        blind_k(stability(cluster(graph, ks, range(3), starts=1))),
        join_gap(join(graph, 1.0), ks),
    )
    found = cut(join(graph), chosen)
    return [(k, agreement(found[k], samples.tasks, draws=0).ari) for k in chosen]


def correlation(samples: Samples) -> float:
    """Return the correlation of sketched and exact cosines between different samples."""
    above = np.triu_indices(len(samples.tasks), 1)
    return float(np.corrcoef(cosines(samples.exact)[above], cosines(samples.sketched)[above])[0, 1])


def slopes(samples: Samples) -> tuple[Slope, Slope]:
    """Return the slope of size over rank of the true counts of the sample and of the clusters found, same ranks."""
    tasks_found = np.unique(samples.tasks, return_inverse=True)[1]
    counts = np.sort(np.bincount(tasks_found))[::-1]
    last = max(3, int((counts >= 5).sum()))
    found = clusters(samples.exact, "abs_cos", "tempered linkage", [len(counts)])[len(counts)]
    return rank_slope([tasks_found], last=last), rank_slope([found], last=last)


def told(values: pd.Series) -> str:
    """Write the mean and the range of numbers."""
    return f"{values.mean():.2f} ({values.min():.2f} to {values.max():.2f})"


def table_of(scores: pd.DataFrame) -> str:
    """Return agreement by affinity and method, over networks, as Markdown."""
    low, high = RANGE
    lines = [
        "| affinity | method | ARI at k = tasks | worst k of "
        f"{low} to {high} × tasks | ARI at k = learned | worst k of {low} to {high} × learned "
        "| learned tasks alone, k = tasks | NMI | null |",
        "|---" * 9 + "|",
    ]
    for (affinity, method), mine in scores.groupby(["affinity", "method"], sort=False):
        true = at(mine, "tasks")
        cells = (
            told(true["ari"]), told(worst(mine, "tasks")),
            told(at(mine, "learned")["ari"]), told(worst(mine, "learned")),
            told(true["ari_learned"]), told(true["nmi"]), f"{true['null'].max():.2f}",
        )  # fmt: skip
        lines.append(f"| {affinity} | {method} | {' | '.join(cells)} |")
    return "\n".join(lines)


def powers_of(all_samples: Sequence[Samples]) -> str:
    """Return how agreement by |cos| depends on the power of linkage, as Markdown."""
    lines = [
        "| power | ARI at k = tasks | worst k | ARI at k = learned | worst k |",
        "|---" * 5 + "|",
    ]
    graphs = [affinity_graph(samples.exact, "abs_cos") for samples in all_samples]
    for power in POWERS:
        rows = [
            (seed, samples.n_tasks, samples.n_learned, k, agreement(labels, samples.tasks, draws=0).ari)
            for seed, (samples, graph) in enumerate(zip(all_samples, graphs, strict=True))
            for k, labels in cut(join(graph, power), ks_about(samples.n_tasks, samples.n_learned)).items()
        ]
        scores = pd.DataFrame(rows, columns=["seed", "tasks", "learned", "k", "ari"])
        cells = [
            told(values)
            for count in ("tasks", "learned")
            for values in (at(scores, count)["ari"], worst(scores, count))
        ]
        lines.append(f"| {power} | {' | '.join(cells)} |")
    return "\n".join(lines)


def alike(network: Network) -> str:
    """Return the pairs of learned tasks, by rank, whose subsets share all bits but one."""
    bits = [set(one) for one in subsets(network.config).tolist()]
    learned = np.flatnonzero(network.losses < LEARNED).tolist()
    size = network.config["subset_size"]
    pairs = [(i, j) for i, j in combinations(learned, 2) if len(bits[i] & bits[j]) == size - 1]
    return ", ".join(f"{i + 1} and {j + 1}" for i, j in pairs)


def networks_of(networks: Sequence[Network], all_samples: Sequence[Samples], scores: pd.DataFrame) -> str:
    """Return what each network has learned, and what is said of its sample, as Markdown."""
    headline = scores[(scores["affinity"] == "abs_cos") & (scores["method"] == "tempered linkage")]
    lines = [
        "| seed | tasks learned | tasks in the sample | samples of tasks not learned | share of the largest "
        "| learned tasks that share two bits | ARI at k = tasks | worst k "
        "| blind k and the ARI there (eigengap, stability, gap of average linkage) "
        "| slope of true counts | slope of clusters | sketch: correlation |",
        "|---" * 12 + "|",
    ]
    for network, samples in zip(networks, all_samples, strict=True):
        true, found = slopes(samples)
        mine = headline[headline["seed"] == network.config["seed"]]
        cells = (
            f"{network.config['seed']}",
            f"{(network.losses < LEARNED).sum()} of {len(network.losses)}",
            f"{samples.n_tasks}, {samples.n_learned} of them learned",
            f"{(~samples.learned).mean():.1%}",
            f"{np.bincount(samples.tasks).max() / len(samples.tasks):.0%}",
            alike(network) or "none",
            f"{at(mine, 'tasks')['ari'].item():.2f}",
            f"{worst(mine, 'tasks').item():.2f}",
            ", ".join(f"{k} ({ari:.2f})" for k, ari in blind(samples)),
            *(f"{s.estimate:.2f} [{s.low:.2f}, {s.high:.2f}], ranks 1–{s.last}" for s in (true, found)),
            f"{correlation(samples):.4f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def page_of(networks: Sequence[Network], all_samples: Sequence[Samples], scores: pd.DataFrame) -> str:
    """Return docs/quanta_discovery.md."""
    config, n = networks[0].config, len(all_samples[0].tasks)
    low, high = RANGE
    return f"""# Are quanta found from gradients the tasks that are known?

{len(networks)} networks of width {config["width"]:,} on multitask sparse parity ({config["n_tasks"]} tasks,
{config["n_bits"]} bits, subsets of {config["subset_size"]}, α = {config["alpha"]}), trained for {config["steps"]:,}
steps of {config["batch_size"]:,} examples. From each, {n:,} samples with a loss below {LEARNED} nats, drawn as the
training examples are: tasks that are not learned are among them, as samples that were guessed right. The gradient is
that of all weights but the rows that are looked up by the task's number, so that nothing names the task.

{networks_of(networks, all_samples, scores)}

ARI is the adjusted Rand index of clusters and tasks over all samples; here with `abs_cos` and tempered linkage, below
with each affinity and method, mean and range over networks. The true k can be read in two ways: as the number of tasks
in the sample, of which each distractor is one, or as the number of learned tasks alone, the quanta that the network
has. Both are shown, and for both the worst k from {low} to {high} times it. The null is the largest index of 50
permutations of the tasks.

{table_of(scores)}

At the number of tasks, `abs_cos` with tempered linkage leads `angular` with the best of its methods by
{told(lead(scores))}.

Tempered linkage (`lawbook.quanta.linkage`) joins the two clusters of n and m samples whose affinities, less
{BACKGROUND} times the mean of all, summed and divided by (n m)^{POWER}, are largest; the power 1 is average linkage.
With `abs_cos`:

{powers_of(all_samples)}

- `abs_cos` is needed since the gradient of one task turns its sign with the label; `angular`, the affinity of the
  paper, gives unrelated samples 0.5 and opposed ones 0.
- The samples of a task fall into the patterns of its bits, which switch different hidden units on, and are the less
  alike the more frequent the task is. With clusters to spare, spectral clustering and average linkage therefore break
  up the largest task, which makes up most of the adjusted Rand index. Tempered linkage breaks up small ones first.
- With fewer clusters than tasks it is the other way round: a distractor is like nothing else, so each takes a cluster
  of its own, and at k = learned so few clusters are left that large tasks are joined.
- Tasks that share hidden units are joined, whether they share bits or not, and narrow networks share more. More bits
  would make shared ones rarer, as in the paper, but with 64 bits one or two tasks are learned in 14,000 steps at width
  192, and with 100 bits none.
- The sizes of the clusters fall a little more steeply over ranks than the true counts.
- No rule that does not know the tasks finds their number exactly; look at a range of k.

The width, the number of steps, the power and what is taken off were chosen on networks of other seeds, 10 to 15
(`--networks 6 --first-seed 10`), not on those shown above. A first choice, power 0.9 with nothing taken off, had been
tried on seeds 0 to 2: 0.93 (0.88 to 0.99) at k = tasks, and 0.79 (0.52 to 0.98) at the worst k. What is shown was then
chosen on seeds 10 to 15 again; seeds from 3 on were looked at for the first time with it.

Written by `python benchmarks/quanta_discovery.py --networks {len(networks)} --page`.
"""


def main() -> None:
    """Print the tables; write the page if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", type=int, default=3, help="networks, each with a seed of its own")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--width", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--samples", type=int, default=1000, help="samples from each network")
    parser.add_argument("--page", action="store_true")
    arguments = parser.parse_args()
    began = time.process_time()
    networks = train(
        range(arguments.first_seed, arguments.first_seed + arguments.networks),
        width=arguments.width, steps=arguments.steps, batch_size=1024, learning_rate=5e-3,
    )  # fmt: skip
    all_samples = [draw(network, arguments.samples) for network in networks]
    scores = pd.concat(
        [
            scored(network.config["seed"], samples)
            for network, samples in zip(networks, all_samples, strict=True)
        ],
        ignore_index=True,
    )
    print(networks_of(networks, all_samples, scores), table_of(scores), powers_of(all_samples), sep="\n\n")
    print(f"abs_cos leads angular by {told(lead(scores))}")
    print(f"{time.process_time() - began:.0f} CPU-seconds")
    if arguments.page:
        write_text(PAGE, page_of(networks, all_samples, scores))
        print(PAGE)


if __name__ == "__main__":
    main()
