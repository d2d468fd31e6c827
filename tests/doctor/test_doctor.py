"""`lawbook doctor`: nothing is wrong where nothing is, and each thing that is off is named with its fix."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from benchmarks.fault_harness.damage import may_mount
from packaging.requirements import Requirement
from tests.without import without

from lawbook.doctor import CHECKS, machine, places, processor, software
from lawbook.errors import INSTALL
from lawbook.models.exactness import Outcome

REPOSITORY = Path(__file__).parents[2]
GB = 1_000_000_000


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a workflow folder with its own settings, which is where this test runs."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text("results: out\ncache: out/.cache\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _doctor(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lawbook", "doctor"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_nothing_is_wrong_with_this_machine_and_nothing_is_left_behind(here: Path) -> None:
    before = sorted(here.rglob("*"))
    ran = _doctor(here, os.environ | {"PYTHONPATH": str(REPOSITORY / "src")})

    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert len(lines) == len(CHECKS) + 1
    assert all(line.startswith("ok ") for line in lines[:-1])
    assert lines[-1] == "Nothing is wrong."
    assert sorted(here.rglob("*")) == before


def test_missing_extras_and_a_folder_in_the_way_are_each_a_line_with_the_fix(here: Path) -> None:
    (here / "out").write_text("a file in the way")
    ran = _doctor(here, without(here / "blocked", "torch", "tokenizers", "snakemake"))

    assert (ran.returncode, ran.stderr) == (1, "")
    problems = [line for line in ran.stdout.splitlines() if line.startswith("problem")]
    assert problems[0] == f"problem  PyTorch    torch, tokenizers not installed; {INSTALL}"
    assert problems[1] == f"problem  Snakemake  snakemake not installed; {INSTALL}"
    assert problems[2].startswith(
        "problem  folders    cannot be written: out (Not a directory), out/.cache (Not a"
    )
    assert "set `results:` and `cache:` in config/config.yaml" in problems[2]
    assert len(problems) == 3
    assert ran.stdout.endswith(f"\n3 of {len(CHECKS)} are not in order.\n")


@pytest.mark.skipif(not may_mount(), reason="this process may mount no file systems")
def test_a_full_disk_and_a_read_only_one_are_named(here: Path) -> None:
    (here / "out").mkdir()
    for options, finding, said in (
        ("size=64k", places.free_space, "0.0 GB for out"),
        ("size=2g,nr_inodes=500", places.free_space, "files for out"),
        (
            "size=2g,ro",
            places.writable,
            "cannot be written: out (Read-only file system), out/.cache (Read-only",
        ),
    ):
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", "out"], check=True)
        try:
            found = finding()
        finally:
            subprocess.run(["umount", "out"], check=True)
        assert not found.ok
        assert said in found.text
        assert "config/config.yaml" in found.fix
    assert places.writable().ok


def test_folders_that_cannot_be_written_are_named_with_what_can_be_done(here: Path) -> None:
    folders = {"results": here / "out", "logs": Path("/proc/nowhere/logs")}
    if not Path("/proc").exists():
        pytest.skip("there is no /proc, in which nothing can be made")

    found = places.writable(folders)

    assert not found.ok
    assert found.text.startswith("cannot be written: /proc/nowhere/logs (")
    assert found.fix == "run Lawbook in a folder that can be written"


def test_a_disk_with_less_room_than_is_wanted_is_full(here: Path) -> None:
    assert places.free_space({"results": here}, least=0).ok
    full = places.free_space({"results": here / "not/there/yet"}, least=10**18)
    assert not full.ok
    assert full.fix.startswith("Lawbook wants 1e+09 GB and 1,000 files; make room")


@pytest.mark.parametrize(
    ("off", "ok", "said"),
    [
        (0.0, True, "as on the disk of"),
        (60.0, False, "are dated -60 s from it"),
        (-9.0, False, "dated +9 s from"),
    ],
)
def test_a_clock_that_differs_from_the_disks_is_named(here: Path, off: float, ok: bool, said: str) -> None:
    found = places.clock(here / "out", now=lambda: time.time() + off)

    assert found.ok is ok
    assert said in found.text
    assert bool(found.fix) is not ok


def test_a_year_that_cannot_be_is_named(here: Path) -> None:
    found = places.clock(here / "out", now=lambda: 86_400.0)

    assert (found.ok, found.text[:4]) == (False, "1970")
    assert "NTP" in found.fix


def test_settings_that_are_mistaken_or_absent_are_told(here: Path) -> None:
    assert places.settings().ok
    (here / "config/config.yaml").write_text("reslts: out\n")
    mistaken = places.settings()
    assert not mistaken.ok
    assert "did you mean 'results'?" in mistaken.text
    assert places.written()["results"] == Path("results")
    (here / "config/config.yaml").unlink()
    assert places.settings().ok
    assert "no config/config.yaml here" in places.settings().text


@pytest.mark.parametrize(("available", "ok"), [(1_900_000_000, False), (2 * GB, True)])
def test_memory_for_less_than_a_job_is_a_problem(available: int, ok: bool) -> None:
    assert machine.memory(available).ok is ok


def test_what_a_container_allows_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    (tmp_path / "memory.max").write_text("1000000\n")
    assert machine.cores().text.endswith(", of which the container's limit leaves 0.5")
    assert not machine.memory().ok
    for file in ("cpu.max", "memory.max"):
        (tmp_path / file).write_text("max 100000\n" if file == "cpu.max" else "max\n")
    assert "container" not in machine.cores().text


@pytest.mark.parametrize(
    ("listed", "seen", "hidden", "ok", "said"),
    [
        ([], [], None, True, "none; studies train on the CPU"),
        (["H200"] * 2, ["H200"] * 2, None, True, "2: H200"),
        (["H200"], [], None, False, "H200 is here, but PyTorch does not see it"),
        (["H200"], [], "", True, "H200, hidden by CUDA_VISIBLE_DEVICES"),
    ],
)
def test_a_gpu_that_pytorch_does_not_see_is_a_problem_and_none_is_fine(
    monkeypatch: pytest.MonkeyPatch,
    listed: list[str],
    seen: list[str],
    hidden: str | None,
    ok: bool,
    said: str,
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if hidden is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)

    found = machine.gpu(listed, seen)

    assert (found.ok, found.text) == (ok, said)
    assert bool(found.fix) is not ok


@pytest.mark.parametrize(
    ("wanted", "said"),
    [("numpy<1", "wanted <1"), ("there-is-no-such>=2", "there-is-no-such is not installed, wanted >=2")],
)
def test_a_package_that_is_missing_or_out_of_range_is_named_with_what_to_install(
    wanted: str, said: str
) -> None:
    for found in (
        software.packages([Requirement(wanted), Requirement("pandas")]),
        software.extra("Snakemake", "workflow", wanted=[Requirement(wanted)]),
    ):
        assert not found.ok
        assert said in found.text
        assert found.fix == f"pip install '{wanted}'"


def test_the_bounds_are_those_of_the_package_and_its_extras() -> None:
    assert "numpy" in {one.name for one in software.requirements()}
    assert "torch" not in {one.name for one in software.requirements()}
    assert {one.name for one in software.requirements("train")} == {
        "torch",
        "pytorch-lightning",
        "tokenizers",
    }
    assert {one.name for one in software.requirements("workflow")} == {"snakemake"}


def test_a_package_that_does_not_load_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_library.py").write_text("raise OSError('libcudart.so:\\n no such file')")
    monkeypatch.syspath_prepend(str(tmp_path))

    found = software.extra("PyTorch", "train", loaded="broken_library")

    assert not found.ok
    assert found.text == "broken_library does not load (OSError: libcudart.so: no such file)"
    assert found.fix == "pip install --force-reinstall broken_library"


@pytest.mark.parametrize(
    ("problem", "same_bits", "told"),
    [
        (
            "",
            True,
            "1 models, at most 2e-06 from float64 (of 0.0001 allowed), with the same bits alone and in a stack",
        ),
        ("", False, "other last bits in a stack than alone: mlp"),
        (
            "the gradient of bias is off by 3 of its norm",
            True,
            "mlp: the gradient of bias is off by 3 of its norm",
        ),
    ],
)
def test_a_processor_with_wrong_gradients_is_named(problem: str, same_bits: bool, told: str) -> None:
    found = processor.gradients([Outcome("mlp", 2e-6, "bias", problem, same_bits)])
    assert told in found.text
    assert found.ok == (problem == "")
    assert ("ONEDNN_MAX_CPU_ISA" in found.fix) == (problem != "")
