"""Which GPUs a job trains on: each is held by one job at a time, since Snakemake counts GPUs but assigns none."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch

from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.signals import check_wanted

WAIT_S = 1.0


@contextmanager
def held_devices(config: Config) -> Iterator[Sequence[int] | int]:
    """Yield what a run of this configuration is trained on: the numbers of its GPUs, or how many CPU processes.

    GPUs are held by locks on files named by their serial numbers, which the death of this process releases; with all
    of them held by other jobs of this user, it waits. Raises LawbookError where the machine has fewer, AbandonedError
    if the job has to stop while it waits.
    """
    wanted: int = config["devices"]
    if config["device"] == "cpu":
        yield wanted
        return
    present = torch.cuda.device_count()
    if present == 0:
        raise LawbookError("device = 'cuda': this machine has none that PyTorch can use; write device: cpu")
    if present < wanted:
        raise LawbookError(
            f"devices = {wanted}: PyTorch sees {present} of them here; write devices: {present}"
        )
    with ExitStack() as locks:
        while len(held := _lock(present, wanted, locks)) < wanted:
            locks.close()  # two jobs that each hold half of what they need would wait for ever
            check_wanted()
            time.sleep(WAIT_S)
        yield held


def _lock(present: int, wanted: int, locks: ExitStack) -> list[int]:
    """Return the GPUs that nobody else holds, as many as are wanted if there are; `locks` holds them."""
    folder = Path(tempfile.gettempdir()) / f"lawbook-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    held: list[int] = []
    for number in range(present):
        if len(held) == wanted:
            break
        file = (folder / str(torch.cuda.get_device_properties(number).uuid)).open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        locks.enter_context(file)
        held.append(number)
    return held
