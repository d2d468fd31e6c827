"""Quanta of trained networks whose tasks are known: found from gradients, and held against the tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from lawbook.analyses import Inputs
from lawbook.analyses.known_quanta.block import KnownQuantaBlock
from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.models import TrainedModel, models
from lawbook.models.parity_mlp import logits_of_one
from lawbook.quanta.affinity import AFFINITIES, cosines
from lawbook.quanta.agreement import agreement, blind_k, stability
from lawbook.quanta.clustering import Labels, cluster, eigengap
from lawbook.quanta.gradients import sketched_gradients
from lawbook.quanta.linkage import ROOT, cut, join, join_gap
from lawbook.quanta.rank_frequency import Slope, rank_slope
from lawbook.seeds import generator
from lawbook.tasks import Stream, StreamTask, tasks
from lawbook.training.kept_runs import latest

RANGE = (0.7, 1.5)
"""Agreement is told at every k between these multiples of the number of quanta."""

SKETCH = 4096
METHODS = ("spectral", "average linkage", "score linkage")

_LARGEST_K, _STARTS, _NULL_DRAWS, _LOOKS, _FEWEST = 40, 3, 50, 1000, 3

Floats = NDArray[np.float64]
Weights = Mapping[str, Tensor]
Reals = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Network:
    """A trained network: its configuration, its weights in float64, and the mean loss of each task in nats."""

    config: Config
    weights: Weights
    losses: Floats


@dataclass(frozen=True)
class Samples:
    """Examples of low loss, drawn as the training examples are, and the cosines (n, n) of their gradients.

    exact, sketched: of the gradients themselves, and of their sketches to 4,096 numbers; tasks: the task of each,
    from 0 for the most frequent; learned: whether the network has learned that task. The others are distractors:
    guessed right.
    """

    exact: Reals
    sketched: Reals
    tasks: NDArray[np.int64]
    learned: NDArray[np.bool_]
    losses: Floats

    @property
    def n_tasks(self) -> int:
        """Return the number of tasks in the sample, distractors included."""
        return len(np.unique(self.tasks))

    @property
    def n_learned(self) -> int:
        """Return the number of learned tasks in the sample."""
        return len(np.unique(self.tasks[self.learned]))


def compute(block: KnownQuantaBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables of examples, sizes and scores of the networks of the block's sweep.

    Raises LawbookError for a network with too few examples of so small a loss.
    """
    examples, sizes, scores = [], [], []
    runs = block.looked_into(inputs.plan.runs)
    for run in sorted(runs, key=lambda run: int(run.config["seed"])):
        network = network_of(run.config, latest(inputs.weights[run.run_id]))
        seed, samples = run.config["seed"], draw(network, block.samples, block.loss_below)
        k = samples.n_tasks
        (found,) = clusters(samples.exact, block.affinity, "score linkage", [k]).values()
        examples.append(
            pd.DataFrame({"task": samples.tasks + 1, "loss": samples.losses, "cluster": found}).assign(
                seed=seed
            )
        )
        ranked = np.bincount(found)
        sizes.append(pd.DataFrame({"k": k, "rank": np.arange(k) + 1, "size": ranked}).assign(seed=seed))
        rows = [
            *_of_sample(network, samples, found, block),
            *_agreements(samples),
            *_of_rules(samples, block),
        ]
        columns = ["what", "part", "k", "estimate", "low", "high"]
        scores.append(pd.DataFrame(rows, columns=columns).assign(seed=seed, n=k))
    return {
        "examples": pd.concat(examples, ignore_index=True),
        "sizes": pd.concat(sizes, ignore_index=True),
        "scores": pd.concat(scores, ignore_index=True),
    }


def network_of(config: Config, weights: Weights) -> Network:
    """Return a network with the exact loss of each of its tasks."""
    model = cast(TrainedModel, models[config["model"]])
    stacked = {name: tensor.unsqueeze(0) for name, tensor in weights.items()}

    def predict(inputs: NDArray[np.float32]) -> Reals:
        with torch.no_grad():
            outputs = model.forward(config, stacked, torch.from_numpy(inputs).to(stacked["bits"].dtype))
        values: Reals = outputs.numpy()
        return values

    metrics = _stream(config).evaluate({}, predict)
    losses = [float(metrics[f"task_{k}", "loss"][0]) for k in range(1, config["n_tasks"] + 1)]
    return Network(config, {name: tensor.double() for name, tensor in weights.items()}, np.array(losses))


def draw(network: Network, n: int, loss_below: float) -> Samples:
    """Return n examples of a loss below `loss_below`, fresh ones, from steps after the last of training.

    Raises LawbookError for a network that has diverged, if a thousand batches do not hold so many, or if these are of
    so few or so many tasks that nothing can be said of a range of k.
    """
    config = network.config
    if not np.isfinite(network.losses).all():
        problem = (
            f"the network of seed {config['seed']} has diverged; write a lower learning_rate, or leave it out"
        )
        raise LawbookError(problem)
    stream = _stream({**config, "samples": None})
    inputs, targets, found = [], [], 0
    for step in range(config["steps"], config["steps"] + _LOOKS):
        x, y = (torch.from_numpy(array[0]) for array in stream.batch(step))
        low = cross_entropy(logits_of_one(network.weights, x.double()), y, reduction="none") < loss_below
        inputs.append(x[low].double())
        targets.append(y[low])
        found += int(low.sum())
        if found >= n:
            break
    else:
        problem = f"of {_LOOKS * config['batch_size']:,} examples {found} have so small a loss where {n} are asked for"
        fix = "choose a larger one, or train for more steps"
        raise LawbookError(f"loss_below = {loss_below}: {problem} (seed {config['seed']}); {fix}")
    # A batch is in the order of its tasks.
    chosen = torch.from_numpy(generator(config["seed"], "quanta samples").permutation(found)[:n])
    samples = (torch.cat(inputs)[chosen], torch.cat(targets)[chosen])
    border = cast(TrainedModel, models[config["model"]]).border
    layers = [name for name in network.weights if name not in border]
    whole = sum(network.weights[name].numel() for name in layers)
    exact, sketched = (
        cosines(sketched_gradients(log_of_loss, network.weights, samples, layers, dimension=dimension))
        for dimension in (whole, SKETCH)
    )
    numbers = samples[0][:, -1].long().numpy()
    losses = cross_entropy(logits_of_one(network.weights, samples[0]), samples[1], reduction="none").numpy()
    drawn = Samples(exact, sketched, numbers, network.losses[numbers] < loss_below, losses)
    if drawn.n_learned < _FEWEST or drawn.n_tasks * RANGE[1] >= n:
        counts = f"{n} examples of {drawn.n_tasks} tasks, {drawn.n_learned} of them learned (seed {config['seed']})"
        problem = f"needs {_FEWEST} learned tasks, and more examples than {RANGE[1]} times the tasks"
        raise LawbookError(f"{counts}: it {problem}; train for more steps, or raise samples")
    return drawn


def log_of_loss(weights: Weights, inputs: Tensor, target: Tensor) -> Tensor:
    """Return the logarithm of the loss of one example of two classes.

    Its gradient points where that of the loss does, and does not vanish with the loss of an example that is certain.
    """
    logits = logits_of_one(weights, inputs)
    return softplus((1 - 2 * target) * (logits[1] - logits[0])).log()


def clusters(
    cosine: Reals, affinity: str, method: str, ks: Sequence[int], power: float = ROOT
) -> dict[int, Labels]:
    """Return the clusters at each k, by cosines (n, n) and one of `METHODS`; power: that of score linkage."""
    graph = AFFINITIES[affinity](cosine)
    if method == "spectral":
        return {k: labels for (k, _), labels in cluster(graph, ks, starts=_STARTS).items()}
    return cut(join(graph, 1.0 if method == "average linkage" else power), ks)


def ks_about(*counts: int) -> list[int]:
    """Return every k within `RANGE` of any of these numbers, and these."""
    low, high = RANGE
    return sorted({k for n in counts for k in range(int(np.ceil(low * n)), int(high * n) + 1)} | set(counts))


def blind(samples: Samples, affinity: str) -> dict[str, int]:
    """Return the k, from 2 to 40, that each rule chooses without knowing the tasks."""
    graph, ks = AFFINITIES[affinity](samples.exact), list(range(2, _LARGEST_K + 1))
    return {
        "eigengap": eigengap(graph, ks),
        "stability over starts": blind_k(stability(cluster(graph, ks, range(_STARTS), starts=1))),
        "gap of average linkage": join_gap(join(graph, 1.0), ks),
    }


def correlation(samples: Samples) -> float:
    """Return the correlation of sketched and exact cosines between different samples."""
    above = np.triu_indices(len(samples.tasks), 1)
    return float(np.corrcoef(samples.exact[above], samples.sketched[above])[0, 1])


def slopes(samples: Samples, found: Labels) -> tuple[Slope, Slope]:
    """Return the slope of size over rank of the true counts of the sample and of its clusters, over the same ranks.

    These end with the last task of five samples.
    """
    known = np.unique(samples.tasks, return_inverse=True)[1]
    last = max(3, int((np.bincount(known) >= 5).sum()))
    return rank_slope([known], last=last), rank_slope([found], last=last)


Row = tuple[str, str, int | None, float, float | None, float | None]


def _of_sample(network: Network, samples: Samples, found: Labels, block: KnownQuantaBlock) -> Iterator[Row]:
    """Yield what a network has learned, what its sample is made of, and the slopes of its tasks and clusters."""
    largest = np.bincount(samples.tasks).max() / len(samples.tasks)
    yield "learned tasks", "", None, float((network.losses < block.loss_below).sum()), None, None
    yield "learned tasks", "in the sample", None, float(samples.n_learned), None, None
    yield "distractors", "share of samples", None, float((~samples.learned).mean()), None, None
    yield "largest task", "share of samples", None, float(largest), None, None
    yield "sketch", "correlation of cosines", None, correlation(samples), None, None
    for part, slope in zip(("tasks", "clusters"), slopes(samples, found), strict=True):
        yield "rank_slope", part, slope.last, slope.estimate, slope.low, slope.high


def _agreements(samples: Samples) -> Iterator[Row]:
    """Yield the agreement of clusters and tasks for every affinity and method, at every k about their number."""
    for affinity in AFFINITIES:
        for method in METHODS:
            part = f"{affinity}, {method}"
            ks = ks_about(samples.n_tasks, samples.n_learned)
            for k, labels in clusters(samples.exact, affinity, method, ks).items():
                found = agreement(labels, samples.tasks, draws=_NULL_DRAWS if k == samples.n_tasks else 0)
                yield "ari", part, k, found.ari, None, None
                yield "nmi", part, k, found.nmi, None, None
                if k == samples.n_tasks:
                    yield "ari of permuted tasks, largest", part, k, found.null, None, None


def _of_rules(samples: Samples, block: KnownQuantaBlock) -> Iterator[Row]:
    """Yield the k that each blind rule chooses, and the agreement there."""
    chosen = blind(samples, block.affinity)
    found = clusters(samples.exact, block.affinity, "score linkage", sorted(set(chosen.values())))
    for rule, k in chosen.items():
        yield "blind_k", rule, k, agreement(found[k], samples.tasks, draws=0).ari, None, None


def _stream(config: Config) -> Stream:
    return cast(StreamTask, tasks[config["task"]]).open([config])
