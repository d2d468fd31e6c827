"""A stack: R runs of one shape trained as one Lightning module, each exactly as if it were alone."""

from __future__ import annotations

import gc
import logging
import math
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from pytorch_lightning.core.optimizer import LightningOptimizer
from pytorch_lightning.plugins.environments import LightningEnvironment
from torch import Tensor
from torch.nn import Parameter

from lawbook.axes import Config
from lawbook.measurements import Measurement
from lawbook.models import ALIGNMENT, TrainedModel, models
from lawbook.seeds import generator
from lawbook.signals import why_unwanted
from lawbook.storage.columns import SPLITS
from lawbook.tasks import tasks
from lawbook.training.checkpoint import Checkpoint
from lawbook.training.gpus import held_devices
from lawbook.training.losses import loss_name, losses
from lawbook.training.measure import Request, Values, measure
from lawbook.training.optimizer import PerRun, groups_of
from lawbook.training.outcome import Trained
from lawbook.training.parametrizations import tensor_scales
from lawbook.training.process import prepare_process
from lawbook.training.sources import Source, open_source, purpose
from lawbook.training.watch import Heartbeat, Look, Watch

for library in ("pytorch_lightning", "lightning_fabric"):  # they greet at every fit
    logging.getLogger(library).setLevel(logging.WARNING)

DIVERGED_FACTOR = 1e3
"""A run has diverged when its training loss is not finite, or this many times its first one."""

TICK_S = 0.2
"""Steps are taken for so long at a time: what Lightning does around one costs as much as a small stack's step."""


class StackedRuns(pl.LightningModule):
    """R runs with a leading axis. The loss is the sum over runs, so the gradients are exactly separate.

    All weights are rows of one parameter (R, P); the model sees views of it, and autograd adds into views of its
    gradient, so that the optimiser works on contiguous rows. With `keep`, the weights at each evaluation stay in
    `kept`, {step: (R, P)}. What `requests` ask for is measured at their steps, `due`, and stands in `measured`.

    Where several processes train the same run, each takes its share of every batch, Lightning averages the gradients,
    and the first process evaluates.
    """

    def __init__(
        self, configs: Sequence[Config], source: Source, keep: bool = False, requests: Sequence[Request] = ()
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self._configs, self.source, self._keep = configs, source, keep
        config = configs[0]
        self._model, self._task = cast(TrainedModel, models[config["model"]]), tasks[config["task"]]
        self._sizes = (self._task.n_inputs(config), self._task.n_outputs(config))
        self._loss = losses[loss_name(config)]
        self._in_one_pass = loss_name(config) == "cross_entropy" and config["output_multiplier"] == 1.0
        self._scales = [tensor_scales(one) for one in configs]
        self._slots = _slots(self._model.shapes(config, *self._sizes))
        self.stacked = Parameter(torch.from_numpy(self._initial()).to(getattr(torch, config["dtype"])))
        n_runs = len(configs)
        self.register_buffer("alive", torch.ones(n_runs, dtype=torch.bool))
        self.register_buffer("diverged_step", torch.full((n_runs,), -1))
        self.register_buffer("limit", torch.full((n_runs,), math.inf, dtype=torch.float64))
        self.evaluations = _evaluation_steps(config)
        self.due: dict[int, list[Measurement]] = {}
        for request in requests:
            for step in request.steps(config, self.evaluations):
                self.due.setdefault(step, []).append(request.measurement)
        self.pauses = self.evaluations | self.due.keys()
        self.curve: dict[int, dict[str, list[float]]] = {}
        self.measured: dict[int, Values] = {}
        self.kept: dict[int, Tensor] = {}
        self._views: dict[str, Tensor] = {}
        self._first = self.stacked.detach().clone() if requests else self.stacked.detach()

    def _initial(self) -> NDArray[np.float64]:
        """Return the initial weights of all runs, (R, P), each drawn from its own seed."""
        stacked = np.zeros((len(self._configs), sum(size for _, size, _ in self._slots.values())))
        drawn: dict[tuple[int, str], dict[str, NDArray[np.float64]]] = {}
        for row, config, scales in zip(stacked, self._configs, self._scales, strict=True):
            key = (config["seed"], purpose(config, "init"))
            if key not in drawn:
                drawn[key] = self._model.initial(config, *self._sizes, generator(*key))
            for name, values in drawn[key].items():
                start, _, shape = self._slots[name]
                row[start : start + math.prod(shape)] = scales[name].initial * values.ravel()
        return stacked

    @property
    def weights(self) -> Mapping[str, Tensor]:
        """Return each tensor of the model with a leading run axis, as views of the stacked parameter.

        They are leaves whose gradients are views of the stacked gradient: autograd then adds in place. Where several
        processes average their gradients, autograd has to reach the parameter itself, and they are no leaves.
        """
        if self._distributed:
            parts = self.stacked.split([size for _, size, _ in self._slots.values()], dim=1)
            return {
                name: part[:, : math.prod(shape)].unflatten(1, shape)
                for part, (name, (_, _, shape)) in zip(parts, self._slots.items(), strict=True)
            }
        # All views are made at once, so that one tells whether the parameter has moved.
        if all(view.device != self.stacked.device for view in islice(self._views.values(), 1)):
            self.stacked.grad = torch.zeros_like(self.stacked)
            for name, (start, _, shape) in self._slots.items():
                stop = start + math.prod(shape)
                view = self.stacked.detach()[:, start:stop].unflatten(1, shape).requires_grad_()
                view.grad = self.stacked.grad[:, start:stop].unflatten(1, shape)
                self._views[name] = view
        return self._views

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the outputs (R, B, n_outputs) of inputs (R, B, ...)."""
        return self._model.forward(self._configs[0], self.weights, inputs)

    def features(self, inputs: Tensor) -> Tensor:
        """Return what the last layer of each run reads of inputs (R, B, ...), (R, B, n_features)."""
        return self._model.features(self._configs[0], self.weights, inputs)

    @property
    def trained(self) -> Trained:
        """Return the curves so far, and which runs have diverged."""
        return Trained(self.source.n_train, self.curve, self.diverged_step.tolist(), measured=self.measured)

    def configure_optimizers(self) -> PerRun:
        """Return the optimiser, once the weights are where they are to stay."""
        assert self.weights
        if self.stacked.grad is None:
            self.stacked.grad = torch.zeros_like(self.stacked)
        places = {name: slice(start, start + size) for name, (start, size, _) in self._slots.items()}
        groups = [
            groups_of(places, {name: scale.rate for name, scale in scales.items()}) for scales in self._scales
        ]
        return PerRun(self.stacked, self._configs, self.alive, groups)

    def training_step(self, *_: Any) -> None:
        """Take steps until a tick is over or there is a pause; just one where several processes share a run."""
        until = time.monotonic() + TICK_S
        while True:
            self._take_step()
            if self.global_step in self.pauses or self._distributed or time.monotonic() >= until:
                return

    @property
    def _distributed(self) -> bool:
        return bool(self._configs[0]["devices"] > 1)

    def _take_step(self) -> None:
        """Step down the sum of the runs' losses, but for the runs that have diverged, which are frozen."""
        step, first, every = self.global_step, self.global_rank, self.trainer.world_size
        inputs, targets = (part[:, first::every] for part in self.source.batch(step))
        optimizer, weights = cast(LightningOptimizer, self.optimizers()), self.weights
        descended = None
        if self._in_one_pass and not self._distributed:
            gradients = {name: cast(Tensor, view.grad) for name, view in weights.items()}
            descended = self._model.losses_and_gradients(
                self._configs[0], weights, inputs, targets, gradients
            )
        if descended is None:
            outputs = self(inputs).to(self.stacked.dtype)  # of mixed precision they come in bfloat16
            descended = self._loss.descended_once(outputs, targets)
            optimizer.zero_grad()
            self.manual_backward(descended.sum())
        mean = self.trainer.strategy.reduce(descended.detach().to(torch.float64, copy=True), reduce_op="mean")
        self._freeze_diverged(mean, step)
        optimizer.step()

    def _freeze_diverged(self, losses: Tensor, step: int) -> None:
        if step == 0:
            self.limit.copy_(DIVERGED_FACTOR * losses.clamp(min=1e-3))
        newly = self.alive & ~(losses <= self.limit)
        if newly.any():
            self.diverged_step[newly] = step
            self.alive &= ~newly

    def measure(self, step: int) -> None:
        """Take the measurements that are due at a step, of the weights as they are now."""
        first = self._first.to(self.stacked.device)
        self.measured[step] = measure(
            self.due[step], self._configs, self.source, self._named(self.stacked), self._named(first)
        )

    def _named(self, stacked: Tensor) -> dict[str, Tensor]:
        """Return each tensor of the model, (R, ...), as views of rows (R, P)."""
        return {
            name: stacked.detach()[:, start : start + math.prod(shape)].unflatten(1, shape)
            for name, (start, _, shape) in self._slots.items()
        }

    def evaluate_if_due(self) -> None:
        """Evaluate all runs before the first step and at the log-spaced ones, and take the measurements that are due.

        Weights are kept of the log-spaced steps.
        """
        if self.global_step in self.due and self.trainer.is_global_zero:
            self.measure(self.global_step)
        if self.global_step in self.evaluations and self.trainer.is_global_zero:
            with torch.no_grad():
                metrics = self.source.evaluate(self, self.weights)
            self.curve[self.global_step] = {"/".join(key): values.tolist() for key, values in metrics.items()}
            if self._keep and self.global_step > 0:
                self.kept[self.global_step] = self.stacked.detach().cpu().clone()
            if self.global_step == self._configs[0]["steps"]:
                # No training step follows the last update, so its outcome is judged by the evaluation.
                losses = next(metrics[split, "loss"] for split in SPLITS if (split, "loss") in metrics)
                self._freeze_diverged(torch.as_tensor(losses).to(self.limit), self.global_step)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the curve so far, what was measured, and the weights that were kept."""
        checkpoint |= {"curve": self.curve, "measured": self.measured, "kept": self.kept}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the curve so far, what was measured, and the weights that were kept."""
        self.curve, self.measured, self.kept = (checkpoint[part] for part in ("curve", "measured", "kept"))


class _Ticks:
    """Ticks without content: what a step trains on is a function of its number, so resuming needs no state."""

    def __iter__(self) -> Iterator[int]:
        while True:
            yield 0


def train_stack(
    configs: Sequence[Config],
    scores: Mapping[int, NDArray[np.float64]] | None = None,
    *,
    checkpoint: Checkpoint | None = None,
    heartbeat: Heartbeat | None = None,
    look: Look | None = None,
    look_at: Collection[int] = (),
    keep: bool = False,
    requests: Sequence[Request] = (),
) -> StackedRuns:
    """Train runs of one shape together and return them with their curves, and with what is asked to be measured.

    scores: for each run that prunes by score, by its place in `configs`, the scores of its pool. With a
    `checkpoint` the state is saved there now and then, and training resumes from it if there is one. With `keep`
    they come with their weights at every evaluation. look: called after the steps `look_at`.
    """
    watch = Watch(checkpoint, why_unwanted, heartbeat, look, look_at)
    with held_devices(configs[0]) as devices:
        module = _from_latest(
            checkpoint,
            lambda resume: fit(configs, scores or {}, devices, resume, watch, keep=keep, requests=requests),
        )
    if checkpoint is not None:
        checkpoint.remove()
    return module


def _from_latest(
    checkpoint: Checkpoint | None, fit_from: Callable[[Path | None], StackedRuns]
) -> StackedRuns:
    """Return what comes of going on from the latest checkpoint, or from nothing where there is none."""
    while True:
        resume = None if checkpoint is None else checkpoint.find()
        try:
            return fit_from(resume)
        except FileNotFoundError:
            if resume is None or resume.exists():
                raise
            # Another job on the same stack has removed it since: it has written a later one, or has finished.


def fit(
    configs: Sequence[Config],
    scores: Mapping[int, NDArray[np.float64]],
    devices: Sequence[int] | int,
    resume: Path | None,
    watch: Watch,
    rank: int = 0,
    keep: bool = False,
    requests: Sequence[Request] = (),
) -> StackedRuns:
    """Train a stack in this process, one of as many as there are devices, and return it.

    devices: the numbers of the GPUs, or how many processes train on the CPU; resume: a checkpoint to go on from;
    rank: which of the processes this is; keep, requests: as for `train_stack`.
    """
    if not isinstance(devices, int):
        torch.cuda.set_device(devices[rank])
    prepare_process()  # with two threads a product may be split otherwise, and the last bits differ
    module = StackedRuns(configs, open_source(configs, scores), keep, requests)
    module.pauses |= watch.look_at
    config = configs[0]
    with warnings.catch_warnings():
        # Lightning's advice on workers, devices and loaders concerns other ways of training than this one.
        warnings.filterwarnings("ignore", module="pytorch_lightning")
        # Where Slurm is installed Lightning asks for srun; Snakemake places jobs, and each is one process.
        warnings.filterwarnings("ignore", message="The `srun` command is available")
        # The views' strides are those of a row of the stack; their gradients are laid out alike on purpose.
        warnings.filterwarnings("ignore", message="grad and param do not obey the gradient layout contract")
        trainer = pl.Trainer(
            max_steps=config["steps"],
            accelerator="gpu" if config["device"] == "cuda" else "cpu",
            devices=devices,
            strategy=config["strategy"] if config["devices"] > 1 else "auto",
            # The weights have their number format already, which this leaves as it is, float64 included.
            precision="32-true" if config["precision"] == "full" else config["precision"],
            plugins=[LightningEnvironment()],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[watch],
        )
        trainer.fit(module, _Ticks(), ckpt_path=resume, weights_only=True)
    # Trainer and module hold each other; without this a shard keeps the memory of all its stacks.
    del trainer
    gc.collect()
    return module


def measure_saved(
    configs: Sequence[Config],
    scores: Mapping[int, NDArray[np.float64]],
    requests: Sequence[Request],
    saved: Mapping[int, Sequence[bytes]],
) -> tuple[list[Request], dict[int, Values]]:
    """Return those requests all of whose steps are saved, and what they ask of a stack, as training would measure it.

    saved: the bytes of each run's row of the stack's parameter, by step; those of step 0 are known without.
    """
    config = configs[0]
    known = {0, *saved}
    possible = [one for one in requests if one.steps(config, _evaluation_steps(config)) <= known]
    with held_devices(config) as devices:
        if not isinstance(devices, int):
            torch.cuda.set_device(devices[0])
        module = StackedRuns(configs, open_source(configs, scores), requests=possible).to(config["device"])
        for step in sorted(module.due):
            if step > 0:
                rows = np.stack([np.frombuffer(row, config["dtype"]) for row in saved[step]])
                module.stacked.data.copy_(torch.from_numpy(rows))
            module.measure(step)
    return possible, module.measured


def unpacked(config: Config, row: Tensor) -> dict[str, Tensor]:
    """Return the weights of one run by name, from its row (P,) of a stack's parameter."""
    model, task = models[config["model"]], tasks[config["task"]]
    slots = _slots(model.shapes(config, task.n_inputs(config), task.n_outputs(config)))
    return {
        name: row[start : start + math.prod(shape)].unflatten(0, shape)
        for name, (start, _, shape) in slots.items()
    }


def _slots(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, int, tuple[int, ...]]]:
    """Return the place, padded size and shape of each tensor in a run's row."""
    slots, start = {}, 0
    for name, shape in shapes.items():
        size = -(-math.prod(shape) // ALIGNMENT) * ALIGNMENT
        slots[name] = (start, size, shape)
        start += size
    return slots


def _evaluation_steps(config: Config) -> frozenset[int]:
    """Return the steps of evaluation: 0 or a later first one, log-spaced ones, the last; the middle for convergence."""
    steps, n, first = config["steps"], config["evaluations"], config["first_evaluation"]
    start = [0] if first == 1 else []
    spaced = np.geomspace(first, steps, n).round().astype(int).tolist() if n > 1 else []
    middle = [] if config["converged_within"] is None else [max(1, steps // 2)]
    return frozenset([*start, *spaced, *middle, steps])
