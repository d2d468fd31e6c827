"""A job's last words: one message for a disk that fails, and an end when nobody waits for it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from lawbook.errors import ExitCode
from lawbook.storage.files import written_atomically
from lawbook.storage.tables import write_table
from lawbook.workflow.jobs import reported


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_fails_is_one_message_that_names_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    with pytest.raises(SystemExit) as ended, reported(), written_atomically(tmp_path / "runs.csv"):
        raise OSError(number, os.strerror(number))

    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert f"{tmp_path / 'runs.csv'} cannot be written or read ({os.strerror(number)})" in said
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_full_disk_in_the_midst_of_a_table_is_such_a_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full on this system")
    monkeypatch.setattr("tempfile.mkstemp", lambda **_: (os.open("/dev/null", os.O_RDONLY), "/dev/full"))
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    with pytest.raises(SystemExit), reported():
        write_table(pd.DataFrame({"x": [1.0]}), tmp_path / "runs.parquet")

    assert "runs.parquet cannot be written or read (No space left on device)" in capsys.readouterr().err


def test_another_error_of_a_file_is_not_the_disks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended, reported():
        raise FileNotFoundError(errno.ENOENT, "there is no such file", "nothing.csv")

    assert ended.value.code == ExitCode.UNFORESEEN
    assert "FileNotFoundError" in capsys.readouterr().err


def test_a_job_whose_snakemake_is_gone_ends_by_itself() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    program = (
        "import time; from lawbook.signals import end_when_unwanted; end_when_unwanted(); time.sleep(60)"
    )
    orphan = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"LAWBOOK_OWNER_PID": str(gone.pid)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert orphan.returncode == 1
    assert f"Stopped: Snakemake (process {gone.pid}) is gone; run again to resume" in orphan.stderr
