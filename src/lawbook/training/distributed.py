"""One run trained by several processes: each on a device of its own, with its share of every batch.

The job itself starts the processes, passes on a wish to stop, and gets the curve from the first; it alone looks into
the cache and writes tables.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_lightning.plugins.environments import LightningEnvironment
from torch.multiprocessing.spawn import ProcessContext, ProcessException, spawn

from lawbook.axes import Config
from lawbook.errors import AbandonedError, LawbookError
from lawbook.signals import check_wanted, heed_signals, why_unwanted
from lawbook.training.checkpoint import Checkpoint
from lawbook.training.gpus import held_devices
from lawbook.training.measure import Request
from lawbook.training.outcome import Trained
from lawbook.training.stack import fit
from lawbook.training.watch import Heartbeat, Watch

POLL_S, GRACE_S = 0.2, 5.0
"""Seconds between two looks at the processes, and those that the others have to end by themselves when one fails."""


@dataclass(frozen=True)
class _Channel:
    """What the processes and their job tell each other: messages up, and down that it is time to stop."""

    messages: Any
    stop: Any

    def unwanted(self) -> str | None:
        """Return why a process has to stop, if it has to: its job says so or has died, or a signal came."""
        job = multiprocessing.parent_process()
        if self.stop.is_set() or (job is not None and not job.is_alive()):
            return "the job has to stop"
        return why_unwanted()


def train_distributed(
    config: Config,
    scores: NDArray[np.float64] | None = None,
    *,
    checkpoint: Checkpoint,
    heartbeat: Heartbeat | None = None,
    requests: Sequence[Request] = (),
) -> Trained:
    """Train one run by as many processes as it has devices, and return its curve and what is asked to be measured.

    scores: those of its pool if it prunes by score. The state is saved in `checkpoint` now and then, and training
    resumes from it if there is one. What goes wrong in one process ends them all. Raises LawbookError for a mistake
    that the user can mend, AbandonedError if the job has to stop, ProcessException for anything else.
    """
    context = multiprocessing.get_context("spawn")
    channel = _Channel(context.SimpleQueue(), context.Event())
    read = {} if scores is None else {0: scores}
    with held_devices(config) as devices:
        port = LightningEnvironment().main_port
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "NODE_RANK": "0"}
        arguments = (config, read, devices, checkpoint, checkpoint.find(), address, channel, requests)
        processes = spawn(_train_share, arguments, config["devices"], join=False)
        try:
            trained = _attend(processes, channel, heartbeat)
        finally:
            for process in processes.processes:
                process.kill()
                process.join()
    checkpoint.remove()
    return trained


def _attend(processes: ProcessContext, channel: _Channel, heartbeat: Heartbeat | None) -> Trained:
    """Wait for the processes of a run, pass on heartbeats and the wish to stop, and return what came of it."""
    failure: ProcessException | None = None
    ended = False
    while True:
        while not channel.messages.empty():
            message = channel.messages.get()
            if isinstance(message, Trained):
                return message
            if isinstance(message, AbandonedError):
                check_wanted()  # this job's own reason says more
            if isinstance(message, Exception):
                raise message
            if heartbeat is not None:
                heartbeat(message)
        if ended:
            # One that had not yet begun to heed signals may have died of that which this job has got, too.
            check_wanted()
            assert failure is not None, "a process says what it has trained, or fails"
            raise failure
        if why_unwanted():
            channel.stop.set()
        try:
            ended = processes.join(POLL_S, GRACE_S)
        except ProcessException as error:
            ended, failure = True, error


def _train_share(
    rank: int,
    config: Config,
    scores: Mapping[int, NDArray[np.float64]],
    devices: Sequence[int] | int,
    checkpoint: Checkpoint,
    resume: Path | None,
    address: dict[str, str],
    channel: _Channel,
    requests: Sequence[Request],
) -> None:
    """Train as the process of this rank; the first one tells what came of it."""
    heed_signals()
    os.environ |= address | {"LOCAL_RANK": str(rank)}  # so that Lightning starts no processes itself
    watch = Watch(checkpoint, channel.unwanted, channel.messages.put if rank == 0 else None)
    message: Trained | AbandonedError
    try:
        message = fit([config], scores, devices, resume, watch, rank, requests=requests).trained
        torch.distributed.destroy_process_group()
    except AbandonedError as reason:
        message = AbandonedError(str(reason))
    except LawbookError as error:
        channel.messages.put(LawbookError(str(error)))
        raise
    if rank == 0:  # the others may be ahead of it: it has written the checkpoint by now
        channel.messages.put(message)
