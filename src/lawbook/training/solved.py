"""The engine of solved models: one run after another, each the exact solution of its own problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.models import SolvedModel, models
from lawbook.pruning.metrics import Probed
from lawbook.pruning.pools import Indices, members_of
from lawbook.signals import check_wanted
from lawbook.tasks import PoolTask, tasks
from lawbook.training.outcome import Trained

Floats = NDArray[np.float64]
Weights = Mapping[str, Floats]


def solve_runs(
    configs: Sequence[Config],
    scores: Mapping[int, Floats],
    heartbeat: Callable[[int], None] | None = None,
) -> Trained:
    """Return the outcome of runs of solved models, each evaluated once, at step 1.

    scores: those of the pool of each run that prunes by score, by the run's place; heartbeat: called when all are
    done. A run whose problem has no solution is `failed` with the reason; its neighbours do not notice. The
    metrics are loss and error of each split and train/margin (see `margin`), or the squared error of real targets,
    and those of the test split that the task knows exactly. Products run on one thread, so that a run gives the same
    bits in any company. Raises AbandonedError between two runs if the job has to stop.
    """
    n_train: list[int] = []
    found: list[dict[str, float]] = []
    failed: dict[int, str] = {}
    with threadpool_limits(1):
        for place, config in enumerate(configs):
            members, labels = members_of(_task(config), config, scores.get(place))
            n_train.append(len(members))
            try:
                found.append(_metrics(config, members, labels))
            except LawbookError as error:
                found.append({})
                failed[place] = str(error)
            check_wanted()
    if heartbeat is not None:
        heartbeat(1)
    names = dict.fromkeys(name for metrics in found for name in metrics)
    curve = {name: [metrics.get(name, np.nan) for metrics in found] for name in names}
    return Trained(n_train, {1: curve}, [-1] * len(configs), failed)


def probe_outputs(probes: Sequence[Config], asked: Sequence[Indices]) -> list[Probed]:
    """Return what each probe says of the examples that it is asked about, (1, n, classes) and (1, n, features).

    asked: the indices (n,) of a probe's examples, for each probe. The features are the inputs, which are what a
    linear model reads.
    """
    probed = []
    with threadpool_limits(1):
        for config, indices in zip(probes, asked, strict=True):
            task = _task(config)
            weights = _solved(config, *members_of(task, config))
            inputs = _inputs(config, indices)
            outputs = _model(config).outputs(config, weights, inputs)
            probabilities = np.exp(log_softmax(outputs, axis=1))
            probed.append(Probed(probabilities[None], inputs[None].astype(np.float32)))
            check_wanted()
    return probed


def margin(outputs: Floats, targets: NDArray[np.int64], weights: Weights) -> float:
    """Compute κ = min_i (o_y - max_{j≠y} o_j) / ‖weights‖, the smallest lead of a right output (n, classes).

    For two classes and one weight vector this is the least distance of an example from the hyperplane, negative
    where one lies on the wrong side.
    """
    rows = np.arange(len(targets))
    others = outputs.copy()
    others[rows, targets] = -np.inf
    lead = outputs[rows, targets] - others.max(axis=1)
    return float(lead.min() / np.sqrt(sum(np.square(values).sum() for values in weights.values())))


def _metrics(config: Config, members: Indices, labels: NDArray[Any]) -> dict[str, float]:
    """Solve a run and return its metrics, {"split/metric": value}."""
    task, model = _task(config), _model(config)
    weights = _solved(config, members, labels)
    splits = task.splits(config)
    metrics: dict[str, float] = {}
    for split, indices in (
        ("train", members),
        ("validation", splits["validation"]),
        ("test", splits["test"]),
    ):
        if not len(indices):
            continue
        outputs, targets = model.outputs(config, weights, _inputs(config, indices)), labels[indices]
        if model.targets == "real":
            metrics[f"{split}/loss"] = float(np.square(outputs - targets).sum(axis=1).mean())
            continue
        metrics[f"{split}/loss"] = float(
            -log_softmax(outputs, axis=1)[np.arange(len(targets)), targets].mean()
        )
        metrics[f"{split}/error"] = float((outputs.argmax(axis=1) != targets).mean())
        if split == "train":
            metrics["train/margin"] = margin(outputs, targets, weights)
    exact = task.exact_metrics(config, weights)
    return metrics | {f"test/{metric}": value for metric, value in exact.items()}


def _solved(config: Config, members: Indices, labels: NDArray[Any]) -> Weights:
    return _model(config).solve(config, _inputs(config, members), labels[members])


def _inputs(config: Config, indices: Indices) -> Floats:
    """Return the inputs of some examples as vectors, (n, n_inputs)."""
    inputs = _task(config).examples(config).inputs[indices]
    return inputs.reshape(len(indices), -1).astype(np.float64)


def _task(config: Config) -> PoolTask:
    return cast(PoolTask, tasks[config["task"]])


def _model(config: Config) -> SolvedModel:
    return cast(SolvedModel, models[config["model"]])
