"""What a stack does between two ticks: it is evaluated, looked at, saved, and stopped when its job has to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytorch_lightning as pl
import torch

from lawbook.errors import AbandonedError
from lawbook.signals import heed_signals_again
from lawbook.training.checkpoint import Checkpoint

if TYPE_CHECKING:
    from lawbook.training.stack import StackedRuns

Heartbeat = Callable[[int], None]
"""Called with the steps that a stack has done."""

JobHeartbeat = Callable[[int, int], None]
"""Called with the run-steps that a job has done, and with those that it has in all."""

Look = Callable[[int, "StackedRuns"], None]
"""Called after some steps with the number of the step and the stack."""

CHECKPOINT_S, HEARTBEAT_S = 20.0, 1.0
CHECKPOINT_SHARE = 0.05
"""Of the time between two checkpoints, what writing one may take: large models write theirs less often."""


class Watch(pl.Callback):
    """Evaluates, lets the stack be looked at, beats, writes checkpoints, and stops at one when the job has to stop.

    All of it between two ticks of some steps. unwanted: tells why the job has to stop, if it has to; look_at: the
    steps after which `look` is called.
    """

    def __init__(
        self,
        checkpoint: Checkpoint | None,
        unwanted: Callable[[], str | None],
        heartbeat: Heartbeat | None = None,
        look: Look | None = None,
        look_at: Collection[int] = (),
    ) -> None:
        self._checkpoint, self._heartbeat, self._look = checkpoint, heartbeat, look
        self._unwanted, self.look_at = unwanted, frozenset(look_at)
        self._beaten = time.monotonic()
        self._due = self._beaten + CHECKPOINT_S

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        # Lightning's handler would end training at SIGTERM without a checkpoint.
        heed_signals_again()
        if trainer.global_step == 0:  # not where it goes on from a checkpoint
            self._observe(trainer, cast("StackedRuns", module))

    def _observe(self, trainer: pl.Trainer, stack: StackedRuns) -> None:
        stack.evaluate_if_due()
        if self._look is not None and trainer.global_step in self.look_at:
            self._look(trainer.global_step, stack)

    def on_train_batch_end(self, trainer: pl.Trainer, module: pl.LightningModule, *_: Any) -> None:
        # Before a checkpoint, which would else lack the evaluation of its own step.
        self._observe(trainer, cast("StackedRuns", module))
        now = time.monotonic()
        if now - self._beaten > HEARTBEAT_S:
            self._beaten = now
            if self._heartbeat is not None:
                self._heartbeat(trainer.global_step)
        unwanted = self._unwanted()
        wish = _agreed(trainer, _STOP if unwanted else _SAVE if now > self._due else 0)
        if self._checkpoint is not None and wish:
            _save(trainer, self._checkpoint)
            written = time.monotonic()
            self._due = written + max(CHECKPOINT_S, (written - now) / CHECKPOINT_SHARE)
        if wish == _STOP:
            raise AbandonedError(unwanted or "another process of the same run has to stop")


_SAVE, _STOP = 1, 2


def _agreed(trainer: pl.Trainer, wish: int) -> int:
    """Return the greatest wish of the processes that train the same run: they save and stop at the same step."""
    if trainer.world_size == 1:
        return wish
    wishes = torch.tensor(wish, device=trainer.strategy.root_device)
    return int(trainer.strategy.reduce(wishes, reduce_op="max"))


def _save(trainer: pl.Trainer, checkpoint: Checkpoint) -> None:
    """Write a checkpoint from the first process; the others meet it once, when it has written or failed to."""
    met = False

    def write(path: Path) -> None:
        nonlocal met
        trainer.save_checkpoint(path)  # which ends in a barrier
        met = True

    if trainer.is_global_zero:
        checkpoint.save(write)
    if not met:
        trainer.strategy.barrier()


def heartbeat_within(job: JobHeartbeat | None, done: int, n_runs: int, total: int) -> Heartbeat | None:
    """Return the heartbeat of a stack of `n_runs` in a job that had `done` of `total` run-steps behind it."""
    return None if job is None else lambda step: job(done + n_runs * step, total)
