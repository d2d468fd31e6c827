"""Where no server can be, jobs start cold, and whoever runs them lives on."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from lawbook.workflow.warm.start import COLD, warm_jobs

TO_THE_DEAD = """
import os, signal
from lawbook.workflow.warm.start import WarmJobs
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
end, begin = os.pipe()
os.close(end)
WarmJobs({}, (begin,)).announce("smoke", "config/studies")
print("alive", signal.getsignal(signal.SIGPIPE).name)
"""


def test_a_temporary_folder_too_deep_for_a_socket_means_cold_jobs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deep = tmp_path / ("deep" * 30)
    deep.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with warm_jobs() as jobs:
        assert jobs is COLD


def test_who_speaks_to_a_dead_server_lives_on() -> None:
    ran = subprocess.run([sys.executable, "-c", TO_THE_DEAD], capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stdout) == (0, "alive SIG_DFL\n"), ran.stderr
