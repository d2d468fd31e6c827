"""A file is read as it is now, and what one reader does with its content is nothing to another."""

from __future__ import annotations

import os
from pathlib import Path

from lawbook.studies.yaml_file import read_yaml


def test_an_edit_within_the_same_tick_of_the_clock_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text("steps: 5")
    then = file.stat()
    assert read_yaml(file) == {"steps": 5}
    file.write_text("steps: 6")
    os.utime(file, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert read_yaml(file) == {"steps": 6}


def test_a_reader_may_change_what_it_was_given(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text("sweeps: {data: {axes: {samples: [1, 2]}}}")
    read_yaml(file)["sweeps"]["data"]["axes"].clear()
    assert read_yaml(file) == {"sweeps": {"data": {"axes": {"samples": [1, 2]}}}}
