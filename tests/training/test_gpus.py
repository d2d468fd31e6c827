"""Which GPUs a job holds, on a machine that is made to believe it has some."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from lawbook.errors import AbandonedError, LawbookError
from lawbook.training import gpus
from lawbook.training.gpus import held_devices

HOLD = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def three_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let PyTorch see three GPUs."""
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda n: SimpleNamespace(uuid=f"serial-{n}"))
    monkeypatch.setattr(gpus, "WAIT_S", 0.0)


def cuda(devices: int) -> dict[str, object]:
    """Return the part of a configuration that says on what it is trained."""
    return {"device": "cuda", "devices": devices}


def test_each_job_holds_gpus_of_its_own() -> None:
    with held_devices(cuda(1)) as first, held_devices(cuda(2)) as second:
        assert (first, second) == ([0], [1, 2])
    with held_devices(cuda(3)) as all_of_them:
        assert all_of_them == [0, 1, 2]


def test_a_job_waits_for_gpus_until_it_is_not_wanted_and_takes_those_of_the_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with held_devices(cuda(1)):
        pass
    (folder,) = tmp_path.iterdir()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder / "serial-1")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with held_devices(cuda(2)) as around:
        assert around == [0, 2]

    asked = 0

    def unwanted_at_last() -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise AbandonedError("enough")

    with monkeypatch.context() as impatient:
        impatient.setattr(gpus, "check_wanted", unwanted_at_last)
        with pytest.raises(AbandonedError), held_devices(cuda(3)):
            pass
    holder.kill()
    holder.communicate()
    with held_devices(cuda(3)) as freed:
        assert freed == [0, 1, 2]


def test_too_few_gpus_are_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LawbookError, match="devices = 4: PyTorch sees 3 of them here"), held_devices(cuda(4)):
        pass
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(LawbookError, match="device = 'cuda': this machine has none"), held_devices(cuda(1)):
        pass


def test_the_cpu_is_held_by_nobody() -> None:
    with held_devices({"device": "cpu", "devices": 2}) as processes:
        assert processes == 2
