"""One clone serves any folder and any workflow, with its own code, and needs no home to do so.

Each way is held quickly by one small job, and slowly by a whole study that gives the table of the clone's own folder.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from benchmarks.fault_harness.checkout import REPOSITORY, Checkout, build
from tests.workflow.conftest import STUDY

PLAN = f"results/{STUDY}/plan.parquet"
LIBRARIES = sysconfig.get_path("purelib")
IMPORTING = """
module lawbook:
    snakefile:
        "{clone}/workflow/Snakefile"


use rule * from lawbook as lb_*


rule mine:
    output:
        "<results>/mine.txt",
    shell:
        "python -c 'print(__import__(\\"sys\\").path)' > {{output}}"


onstart:
    lawbook.inputs.claim_results()
"""
OF_HOMES = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "MPLCONFIGDIR", "PYTHONPATH")


@dataclass(frozen=True)
class Folder:
    """A folder in which commands run, and with which Python and environment."""

    path: Path
    python: str = sys.executable
    environment: dict[str, str] = field(default_factory=dict)
    user: int | None = None

    def run(self, module: str, *arguments: str) -> str:
        """Run a module's command line, which must succeed; return what it said."""
        kept = {name: value for name, value in os.environ.items() if name not in OF_HOMES}
        ran = subprocess.run(
            [self.python, "-m", module, *arguments],
            cwd=self.path,
            env=kept | self.environment,
            user=self.user,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout
        return ran.stdout

    def table(self) -> bytes:
        """Return the table of runs."""
        return (self.path / f"results/{STUDY}/runs.parquet").read_bytes()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a clone whose path has a blank in it and goes through a link."""
    build(tmp_path / "some where/clone")
    (tmp_path / "a link").symlink_to(tmp_path / "some where")
    return tmp_path / "a link/clone"


@pytest.fixture
def folder(tmp_path: Path, clone: Path) -> Path:
    """Return a folder that holds the settings and the study, and nothing else."""
    studies = tmp_path / "fol der/config/studies"
    studies.mkdir(parents=True)
    shutil.copy(clone / "config/config.yaml", studies.parent)
    shutil.copy(clone / f"config/studies/{STUDY}.yaml", studies)
    return tmp_path / "fol der"


@pytest.fixture
def no_home(tmp_path: Path) -> str:
    """Return a home that cannot be made, by root neither: it lies below a file."""
    (tmp_path / "file").touch()
    return str(tmp_path / "file/home")


@pytest.fixture
def bare(tmp_path: Path) -> str:
    """Return a Python with every library but an installed Lawbook, which stands on PYTHONPATH for it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    python = str(tmp_path / "bare/bin/python")
    importing = [python, "-c", "import snakemake, lawbook"]
    found = subprocess.run(
        importing, env={"PYTHONPATH": LIBRARIES}, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    if "No module named 'lawbook'" not in found.stderr:
        pytest.skip("Lawbook is installed as a copy among the libraries, so they cannot be had without it")
    return python


@pytest.fixture
def decoy(tmp_path: Path) -> str:
    """Return a folder with another package called lawbook."""
    (tmp_path / "decoy/lawbook").mkdir(parents=True)
    (tmp_path / "decoy/lawbook/__init__.py").write_text("raise RuntimeError('the installed one')\n")
    return str(tmp_path / "decoy")


def _importing(folder: Path, clone: Path) -> None:
    (folder / "Snakefile").write_text(IMPORTING.format(clone=clone))


def _profile(clone: Path) -> tuple[str, str]:
    return "--workflow-profile", str(clone / "profiles/default")


@pytest.mark.parametrize("home", ["unset", "no folder", "empty"])
def test_a_clone_serves_another_folder_and_touches_no_home(
    folder: Path, clone: Path, tmp_path: Path, no_home: str, home: str
) -> None:
    (tmp_path / "empty").mkdir()
    homes = {"unset": {}, "no folder": {"HOME": no_home}, "empty": {"HOME": str(tmp_path / "empty")}}
    registered = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache/snakemake"
    before = registered.stat().st_mtime_ns if registered.exists() else None
    here = Folder(clone.parent, environment=homes[home])
    here.run("snakemake", "-s", str(clone / "Snakefile"), "--directory", str(folder), "-c1", "--", PLAN)

    assert (folder / PLAN).exists()
    assert not (clone / "results").exists()
    assert (folder / ".snakemake/cache/matplotlib").is_dir()
    assert list((tmp_path / "empty").iterdir()) == []
    assert (registered.stat().st_mtime_ns if registered.exists() else None) == before


def test_the_snakefile_of_a_clone_may_be_linked_to(folder: Path, clone: Path) -> None:
    (folder / "Snakefile").symlink_to(clone / "Snakefile")
    Folder(folder, environment={"HOME": str(folder)}).run("snakemake", "-c1", "--", PLAN)

    assert (folder / PLAN).exists()


@pytest.mark.parametrize("installed", [pytest.param("none", marks=pytest.mark.slow), "another"])
def test_a_workflow_that_imports_the_rules_runs_the_code_beside_them(
    folder: Path, clone: Path, bare: str, decoy: str, no_home: str, installed: str
) -> None:
    _importing(folder, clone)
    path = LIBRARIES if installed == "none" else os.pathsep.join((decoy, LIBRARIES))
    here = Folder(folder, bare, {"HOME": no_home, "PYTHONPATH": path})
    said = here.run("snakemake", "-c1", *_profile(clone), "--", PLAN, "results/mine.txt")

    assert "lb_plan_study" in said
    assert (folder / PLAN).exists()
    assert (folder / "results/.writer").exists()
    assert str(clone.resolve()) not in (folder / "results/mine.txt").read_text(), (
        "rules of others are left alone"
    )
    assert f"lb_{STUDY}" in here.run("snakemake", "--list-target-rules", *_profile(clone))


def test_the_importing_workflow_says_where_things_lie(folder: Path, clone: Path, no_home: str) -> None:
    (folder / "config").rename(folder / "mine")
    settings = (
        '    config:\n        {"studies": "mine/studies"}\n    pathvars:\n        results="else where",\n'
    )
    _importing(folder, clone)
    file = folder / "Snakefile"
    file.write_text(file.read_text().replace('/workflow/Snakefile"\n', f'/workflow/Snakefile"\n{settings}'))
    here = Folder(folder, environment={"HOME": no_home})
    said = here.run("snakemake", "-n", *_profile(clone), "--", f"lb_{STUDY}")

    assert f"output: else where/{STUDY}/report.html" in said
    assert " results/" not in said


def test_another_lawbook_in_the_same_process_is_refused(folder: Path, clone: Path, no_home: str) -> None:
    _importing(folder, clone)
    file = folder / "Snakefile"
    file.write_text("import lawbook\n" + file.read_text())
    here = Folder(folder, environment={"HOME": no_home, "PYTHONPATH": str(REPOSITORY / "src")})

    with pytest.raises(
        AssertionError,
        match=r"the code beside .* is not the lawbook that Python finds .*import this workflow from a clone on disk",
    ):
        here.run("snakemake", "-n", *_profile(clone))


@pytest.fixture
def of_another_user() -> Iterator[Path]:
    """Return a folder that every user may enter, for one who is not root."""
    if os.getuid() != 0:
        pytest.skip("only root may become another user")
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def test_a_user_whose_home_is_read_only_needs_nothing_else(of_another_user: Path) -> None:
    nobody = 65534
    python = shutil.which(
        f"python{sys.version_info.major}.{sys.version_info.minor}", path="/usr/local/bin:/usr/bin"
    )
    home, checkout = of_another_user / "home", build(of_another_user / "clone").folder
    home.mkdir(mode=0o555)
    for path in (checkout, *checkout.rglob("*")):
        os.chown(path, nobody, nobody)
    here = Folder(checkout, python or sys.executable, {"HOME": str(home), "PYTHONPATH": LIBRARIES}, nobody)
    try:
        here.run("snakemake", "--version")
    except (AssertionError, OSError) as reason:
        pytest.skip(f"no Python of this version with these libraries may be run by another user: {reason}")
    here.run("snakemake", "-c1", "--", PLAN)

    assert (checkout / PLAN).exists()
    assert list(home.iterdir()) == []


def test_lawbook_runs_in_any_folder_that_holds_a_config(folder: Path, clone: Path, no_home: str) -> None:
    here = Folder(folder, environment={"HOME": no_home, "PYTHONPATH": str(clone / "src")})
    said = here.run("lawbook", "run", STUDY, "--", "-n")

    assert f"Snakefile: {clone.resolve() / 'Snakefile'}" in said
    (folder / "Snakefile").write_text(f"rule {STUDY}:\n    shell:\n        'echo my own'\n")
    assert f"Snakefile: {folder / 'Snakefile'}" in here.run("lawbook", "run", STUDY, "--", "-n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "way", ["--directory", "module, another installed", pytest.param("lawbook", marks=pytest.mark.long)]
)
def test_every_way_gives_the_same_bytes(
    undisturbed: Checkout, folder: Path, clone: Path, bare: str, decoy: str, no_home: str, way: str
) -> None:
    if way == "--directory":
        here = Folder(clone.parent, environment={"HOME": no_home})
        there = ("-s", str(clone / "Snakefile"), "--directory", str(folder))
        here.run("snakemake", "--cores", "2", *there, "--", STUDY)
    elif way == "lawbook":
        here = Folder(folder, environment={"PYTHONPATH": str(clone / "src")})
        here.run("lawbook", "run", STUDY)
    else:
        _importing(folder, clone)
        path = os.pathsep.join((decoy, LIBRARIES))
        here = Folder(folder, bare, {"HOME": no_home, "PYTHONPATH": path})
        here.run("snakemake", "--cores", "2", *_profile(clone), "--", f"lb_{STUDY}")

    assert Folder(folder).table() == undisturbed.path("runs.parquet").read_bytes()
    assert (folder / f"results/{STUDY}/report.html").exists()
