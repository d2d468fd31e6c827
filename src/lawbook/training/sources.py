"""Sources: the batches of a stack and its evaluation, from a pool or from a stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.pruning.pools import members_of
from lawbook.seeds import batch_positions, fixed_positions
from lawbook.studies.axes import EVALUATED
from lawbook.tasks import PoolTask, StreamTask, tasks
from lawbook.training.losses import loss_name, losses, mean_over_targets

Indices = NDArray[np.int64]
Predict = Callable[[Tensor], Tensor]
Metrics = Mapping[tuple[str, str], NDArray[np.float64]]

EVALUATED_TRAINING_EXAMPLES = 512
"""Training metrics are means over at most so many of a run's examples, the same at every step."""

_BLOCK_STEPS, _CHUNK = 64, 256


class Source(Protocol):
    """What a stack is trained and evaluated on.

    whole: whether a model may have to see its examples in whole batches.
    """

    whole: bool

    @property
    def n_train(self) -> Sequence[int]:
        """Return the number of examples that each run may see."""

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the inputs (R, B, ...) and targets of a step, as `Loss` has them."""

    def evaluate(self, predict: Predict, weights: Mapping[str, Tensor]) -> Metrics:
        """Return the metrics of every run, {(split, metric): (R,)}."""

    def n_examples(self, split: str, wanted: int) -> Sequence[int]:
        """Return how many examples of a split each run has to be measured on, of as many as are wanted."""

    def examples(self, split: str, n: int, runs: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return n examples of a split of some runs by their places, the same at every step: inputs and targets."""


def purpose(config: Config, what: str) -> str:
    """Return the purpose tag of a run's random numbers; probes draw other ones than the runs that they serve."""
    return f"{what} of probe {config['probe']}" if "probe" in config else what


def open_source(configs: Sequence[Config], scores: Mapping[int, NDArray[np.float64]]) -> Source:
    """Return the source of a stack; `scores` holds the scores of the pool of each run that prunes by score."""
    task = tasks[configs[0]["task"]]
    if isinstance(task, PoolTask):
        return PoolSource(task, configs, scores)
    return StreamSource(cast(StreamTask, task), configs)


class PoolSource:
    """Batches from each run's own part of a shared set of examples."""

    whole = False

    def __init__(
        self, task: PoolTask, configs: Sequence[Config], scores: Mapping[int, NDArray[np.float64]]
    ) -> None:
        config = configs[0]
        examples = task.examples(config)
        if any(task.examples(one).inputs is not examples.inputs for one in configs):
            raise TypeError(
                f"the runs of a stack of {config['task']} differ in their inputs: see PoolTask.examples"
            )
        self._task, self._loss, self._configs = task, losses[loss_name(config)], configs
        self._seeds = [one["seed"] for one in configs]
        self._inputs = _tensor(examples.inputs, config)
        self._train: list[Indices] = []
        labels_of_run: list[Indices] = []
        for run, one in enumerate(configs):
            members, labels = members_of(task, one, scores.get(run))
            self._train.append(members)
            labels_of_run.append(labels)
        # Runs without noise share one vector of labels.
        distinct = {id(labels): labels for labels in labels_of_run}
        place = {key: i for i, key in enumerate(distinct)}
        self._labels = _tensor(np.stack(list(distinct.values())), config)
        rows = np.array([place[id(labels)] for labels in labels_of_run])
        self._label_rows = torch.from_numpy(rows)[:, None].to(config["device"])
        self.n_train = [len(members) for members in self._train]
        self._splits = {
            "train": self._train,
            "validation": [task.splits(one)["validation"] for one in configs],
            "test": [task.splits(one)["test"] for one in configs],
        }
        few = [members[:EVALUATED_TRAINING_EXAMPLES] for members in self._train]
        evaluated = (self._splits | {"train": few}).items()
        wanted = EVALUATED[config["evaluated_splits"]]
        self._evaluated = {
            split: indices for split, indices in evaluated if split in wanted and all(map(len, indices))
        }
        if not self._evaluated:
            problem = f"the task {config['task']} has no such examples, and nothing else would be evaluated"
            asked = f"evaluated_splits = {config['evaluated_splits']!r}"
            raise LawbookError(f"{asked}: {problem}; write all")
        self._growth_step = config["growth_step"] if config["batch_growth"] > 1 else None
        self._block_start, self._block = -1, torch.empty(0)
        # A batch of all examples in one order is gathered once.
        self._full_batch = all(
            one["order"] == "fixed" and one["batch_size"] == n
            for one, n in zip(configs, self.n_train, strict=True)
        )
        self._every: tuple[Tensor, Tensor] | None = None

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the inputs (R, B, ...) and targets of a step, as `Loss` has them."""
        if self._full_batch:
            if self._every is None:
                self._every = self._gather(self._indices_from(0, 1)[0], self._label_rows)
            inputs, labels = self._every
        else:
            since = self._growth_step if self._growth_step is not None and step >= self._growth_step else 0
            start = step - (step - since) % _BLOCK_STEPS
            if start != self._block_start:
                self._block_start, self._block = start, self._indices_from(start, _BLOCK_STEPS)
            inputs, labels = self._gather(self._block[step - start], self._label_rows)
        return self._task.augment(self._configs[0], inputs, self._seeds, step), labels

    def _indices_from(self, first_step: int, n_steps: int) -> Tensor:
        """Return the indices of the next steps' examples, (steps, R, B); all before or all after batches grow."""
        batch_size, first = self._configs[0]["batch_size"], first_step
        if self._growth_step is not None and first_step >= self._growth_step:
            growth = self._configs[0]["batch_growth"]
            batch_size, first = (
                batch_size * growth,
                first_step - self._growth_step + self._growth_step // growth,
            )
        columns = []
        for config, members in zip(self._configs, self._train, strict=True):
            sizes = (len(members), batch_size, first, n_steps)
            if config["order"] == "fixed":
                positions = fixed_positions(*sizes)
            else:
                positions = batch_positions(config["seed"], purpose(config, "order"), *sizes)
            columns.append(members[positions])
        return torch.from_numpy(np.stack(columns, axis=1)).to(self._inputs.device)

    def n_examples(self, split: str, wanted: int) -> Sequence[int]:
        """Return the number of wanted examples, or of those that the run has."""
        return [min(wanted, len(indices)) for indices in self._splits[split]]

    def examples(self, split: str, n: int, runs: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return the first n examples of a split."""
        indices = torch.from_numpy(np.stack([self._splits[split][run][:n] for run in runs]))
        return self._gather(indices.to(self._inputs.device), self._label_rows[runs])

    def _gather(self, indices: Tensor, label_rows: Tensor) -> tuple[Tensor, Tensor]:
        flat = self._inputs.index_select(0, indices.flatten())
        return flat.view(*indices.shape, *self._inputs.shape[1:]), self._labels[label_rows, indices]

    def evaluate(self, predict: Predict, weights: Mapping[str, Tensor]) -> Metrics:
        """Return the means over each run's examples of the evaluated splits: loss, error, the task's own metrics."""
        return {
            (split, metric): means
            for split, indices in self._evaluated.items()
            for metric, means in self._means(predict, indices).items()
        }

    def _means(self, predict: Predict, indices: Sequence[Indices]) -> dict[str, NDArray[np.float64]]:
        """Return the mean metrics of each run over its own examples.

        Chunks have one size, and each run's sum is taken over its own row, so that neither the stack's other
        runs nor their numbers of examples can change a bit of the result.
        """
        lengths = [len(row) for row in indices]
        n_chunks = -(-max(lengths) // _CHUNK)
        padded = np.zeros((len(indices), n_chunks * _CHUNK), dtype=np.int64)
        for row, length in zip(range(len(indices)), lengths, strict=True):
            padded[row, :length] = indices[row]
        parts: dict[str, list[NDArray[Any]]] = {}
        for chunk in torch.from_numpy(padded).to(self._inputs.device).split(_CHUNK, dim=1):
            inputs, labels = self._gather(chunk, self._label_rows)
            for metric, values in self._measured(predict(inputs), labels).items():
                parts.setdefault(metric, []).append(values.cpu().numpy())
        return {
            metric: np.array(
                [
                    row[:length].mean(dtype=np.float64)
                    for row, length in zip(np.hstack(found), lengths, strict=True)
                ]
            )
            for metric, found in parts.items()
        }

    def _measured(self, outputs: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Return the metrics of each example, (R, B) each; real targets have no error."""
        found = {"loss": self._loss.of_examples(outputs, targets)}
        if self._task.targets == "classes":
            chosen = outputs.max(-1).indices  # the first of equal ones, as argmax, in a fifth of its time
            found["error"] = mean_over_targets((chosen != targets).to(outputs.dtype))
        return found | dict(self._task.example_metrics(self._configs[0], outputs, targets))


class StreamSource:
    """Batches made afresh at every step by the task, which also evaluates."""

    whole = True

    def __init__(self, task: StreamTask, configs: Sequence[Config]) -> None:
        self._steps, self._n_runs = configs[0]["steps"], len(configs)
        self._stream, self._classes = task.open(configs), task.targets == "classes"
        self._options = _tensor_options(configs[0])
        self.n_train = [config.get("samples") or config["batch_size"] * config["steps"] for config in configs]

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the inputs (R, B, n_inputs) and targets (R, B) of a step; classes stay whole numbers."""
        inputs, targets = map(torch.from_numpy, self._stream.batch(step))
        kind = targets.dtype if self._classes else self._options.dtype
        return inputs.to(self._options), targets.to(self._options.device, kind)

    def n_examples(self, split: str, wanted: int) -> Sequence[int]:
        """Return the number of wanted examples: there is no end to them."""
        return [wanted] * self._n_runs

    def examples(self, split: str, n: int, runs: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return as many whole batches as hold n examples, of any split those that follow upon the last step."""
        batches = [self.batch(self._steps)]
        n_batches = -(-n // batches[0][0].shape[1])
        batches += [self.batch(self._steps + more) for more in range(1, n_batches)]
        inputs, targets = (torch.cat(parts, dim=1)[list(runs)] for parts in zip(*batches, strict=True))
        return inputs, targets

    def evaluate(self, predict: Predict, weights: Mapping[str, Tensor]) -> Metrics:
        """Return the task's own metrics of the weights."""
        arrays = {name: tensor.detach().cpu().double().numpy() for name, tensor in weights.items()}
        return self._stream.evaluate(
            arrays, lambda inputs: predict(torch.from_numpy(inputs).to(self._options)).cpu().numpy()
        )


def _tensor(values: NDArray[Any], config: Config) -> Tensor:
    """Return values on the run's device: numbers in its number format, names of tokens as they are."""
    tensor = torch.from_numpy(values)
    return tensor.to(_tensor_options(config)) if tensor.is_floating_point() else tensor.to(config["device"])


def _tensor_options(config: Config) -> Tensor:
    """Return an empty tensor of the run's number format on its device, to convert others to."""
    return torch.empty(0, dtype=getattr(torch, config["dtype"]), device=config["device"])
