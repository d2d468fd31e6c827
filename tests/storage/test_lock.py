"""One writer at a time, whoever dies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lawbook.errors import LawbookError
from lawbook.storage.lock import HANDED_DOWN, LOCK, inherit_lock, writing


def _hold(results: Path, then: str) -> subprocess.Popen[str]:
    """Start a process that takes the lock, says so, and goes on."""
    program = "from lawbook.storage.lock import take_lock\n"
    program += f"handle = take_lock({str(results)!r})\nprint('mine', flush=True)\n"
    command, pipe = [sys.executable, "-c", program + then], subprocess.PIPE
    holder = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "mine\n"
    return holder


def test_a_second_writer_is_told_who_the_first_is(tmp_path: Path) -> None:
    with (
        writing(tmp_path),
        pytest.raises(
            LawbookError, match=rf"is being written by process {os.getpid()} on \S+ since \d{{4}}-"
        ),
        writing(tmp_path),
    ):
        pass
    with writing(tmp_path):
        pass


def test_death_releases_the_lock(tmp_path: Path) -> None:
    with _hold(tmp_path, "import time\ntime.sleep(60)") as holder:
        with pytest.raises(LawbookError, match=f"process {holder.pid} "), writing(tmp_path):
            pass
        holder.kill()
        holder.wait()
        with writing(tmp_path):
            pass


def test_a_lock_handed_down_outlives_its_first_holder(tmp_path: Path) -> None:
    child = "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'input()'], pass_fds=(handle,))"
    with _hold(tmp_path, child) as holder:
        holder.wait()
        with pytest.raises(LawbookError, match="is being written by"), writing(tmp_path):
            pass


def test_an_inherited_lock_is_not_taken_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with writing(tmp_path) as handle:
        monkeypatch.setenv(HANDED_DOWN, str(handle))
        assert inherit_lock(tmp_path) == handle
        assert HANDED_DOWN not in os.environ


def test_a_holder_that_has_not_signed_yet_is_named_as_such(tmp_path: Path) -> None:
    with writing(tmp_path) as handle:
        os.ftruncate(handle, 0)
        with pytest.raises(LawbookError, match="another process that has only just begun"), writing(tmp_path):
            pass
    assert (tmp_path / LOCK).exists()


def test_a_folder_that_cannot_be_made_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(
        LawbookError, match=r"results = '.*/file/results' cannot be written \(Not a directory\)"
    ):
        inherit_lock(tmp_path / "file/results")
