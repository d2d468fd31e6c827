"""How commands and jobs end: documented exit codes, one line for the unforeseen and for Ctrl-C, silence when unread."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.without import SOURCE

from lawbook.errors import ExitCode, lacking
from lawbook.workflow.endings import unforeseen

REPOSITORY = Path(__file__).parents[2]
BROKEN = """
import sys
import lawbook.workflow.settings
def broken(*_):
    raise ValueError("two" + chr(10) + "lines" + chr(27) + "[2J")
lawbook.workflow.settings.read_settings = broken
from lawbook.cli.app import main
sys.argv = ["lawbook", "plan", "smoke"]
main()
"""
BROKEN_JOB = """
from lawbook.workflow.jobs import reported
with reported():
    {}["missing"]
"""
WAITING = """
import sys, time
import lawbook.workflow.settings
def waiting(*_):
    print("waiting", flush=True)
    time.sleep(60)
lawbook.workflow.settings.read_settings = waiting
from lawbook.cli.app import main
sys.argv = ["lawbook", "plan", "smoke"]
main()
"""
WAITING_JOB = """
import time
from lawbook.workflow.jobs import reported
with reported():
    print("waiting", flush=True)
    time.sleep(60)
"""
FAKE_SNAKEMAKE = """
import os, sys, time
if "--slow" in sys.argv:
    os.mkdir("begun")
    time.sleep(60)
print(sys.argv)
print(open("said").read(), file=sys.stderr)
sys.exit(int(open("code").read()))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with settings, in which commands can be run."""
    folder = tmp_path / "here"
    (folder / "config").mkdir(parents=True)
    (folder / "config/config.yaml").write_text(f"studies: {REPOSITORY / 'config/studies'}\n")
    return folder


def _environment(folder: Path) -> dict[str, str]:
    (folder.parent / "temporary").mkdir(exist_ok=True)
    return os.environ | {
        "PYTHONPATH": f"{folder}{os.pathsep}{SOURCE}",
        "TMPDIR": str(folder.parent / "temporary"),
        "COLUMNS": "200",
    }


def _run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=_environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_exit_code_is_documented_in_the_readme_and_in_the_help(folder: Path) -> None:
    readme = (REPOSITORY / "README.md").read_text()
    helped = " ".join(_run(folder, "-m", "lawbook", "--help").stdout.split())

    for code in ExitCode:
        assert f"| {code:d} | {code.meaning} |" in readme
        assert f"{code:d}: {code.meaning}" in helped


@pytest.mark.parametrize("place", ["workflow", "elsewhere", "logs cannot be written"])
def test_what_nobody_foresaw_is_one_line_that_names_the_file_of_its_trace(folder: Path, place: str) -> None:
    if place == "elsewhere":
        (folder / "config/config.yaml").unlink()
    if place == "logs cannot be written":
        (folder / "logs").write_text("a file in the way")

    ran = _run(folder, "-c", BROKEN)

    assert (ran.returncode, ran.stdout) == (ExitCode.UNFORESEEN, "")
    assert ran.stderr.startswith(
        "Error: ValueError: two lines\\x1b[2J; nobody foresaw this: its trace stands in "
    )
    assert ran.stderr.count("\n") == 1
    file = folder / ran.stderr.split()[-1]
    assert file.parent == (folder / "logs" if place == "workflow" else folder.parent / "temporary")
    trace = file.read_text()
    assert trace.startswith("lawbook ")
    assert "lawbook plan smoke\n\nTraceback (most recent call last):" in trace
    assert "in broken" in trace


def test_a_trace_that_can_be_kept_nowhere_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "nowhere/at/all"))
    with pytest.raises(SystemExit) as ended, unforeseen():
        raise ValueError("odd " * 200)

    said = capsys.readouterr().err
    assert ended.value.code == ExitCode.UNFORESEEN
    assert said.startswith("Traceback")
    assert said.endswith(
        "… nobody foresaw this: its trace stands above and could be kept nowhere\n".replace("… ", "…; ")
    )
    assert len(said.splitlines()[-1]) < 450


def test_the_trace_of_a_job_stands_in_its_log_besides(folder: Path) -> None:
    ran = _run(folder, "-c", BROKEN_JOB)

    assert ran.returncode == ExitCode.UNFORESEEN
    assert ran.stderr.startswith("Traceback")
    last = ran.stderr.splitlines()[-1]
    assert last.startswith(
        "Error: KeyError: 'missing'; nobody foresaw this: its trace stands in logs/lawbook-trace-"
    )
    assert "KeyError: 'missing'" in (folder / last.split()[-1]).read_text()


def _heed_ctrl_c() -> None:
    """Let a process be interrupted, which one that was started in the background of a script is not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("program", [WAITING, WAITING_JOB])
def test_ctrl_c_is_one_line_and_its_own_code(folder: Path, program: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=folder,
        env=_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_heed_ctrl_c,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "waiting\n"
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=20)

    assert (running.returncode, said) == (ExitCode.INTERRUPTED, "Stopped: interrupted\n")


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "smoke"], ["plan", "smoke", "--csv"]])
def test_nothing_is_said_when_nobody_reads(folder: Path, arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as unread:
        ran = subprocess.run(
            [sys.executable, "-m", "lawbook", *arguments],
            cwd=folder,
            env=_environment(folder),
            stdout=unread,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert (ran.returncode, ran.stderr) == (-signal.SIGPIPE, "")


def _pretend(folder: Path, code: int, said: str = "") -> None:
    """Put a Snakemake in place that says and returns this, in order to see what `lawbook run` makes of it."""
    (folder / "snakemake.py").write_text(FAKE_SNAKEMAKE)
    (folder / "code").write_text(str(code))
    (folder / "said").write_text(said)


@pytest.mark.parametrize(
    ("more", "returned", "said", "code"),
    [
        (["--", "-n"], 1, "no such option", ExitCode.FAILED),
        (["--", "-n"], 2, "Error: smoke.yaml: mend it", ExitCode.MISTAKE),
        ([], 1, "Error: the disk is odd", ExitCode.FAILED),
        ([], 1, f"    Error: {lacking('torch')}", ExitCode.MISTAKE),
        ([], 2, "Error: smoke.yaml: mend it", ExitCode.MISTAKE),
    ],
)
def test_a_run_that_failed_ends_as_its_workflow_did(
    folder: Path, more: list[str], returned: int, said: str, code: ExitCode
) -> None:
    _pretend(folder, returned, said)

    ran = _run(folder, "-m", "lawbook", "run", "smoke", *more)

    assert ran.returncode == code
    assert said.strip().removeprefix("Error: ") in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("cores", ["all", "12"])
def test_the_number_of_jobs_is_handed_on_to_snakemake(folder: Path, cores: str) -> None:
    _pretend(folder, 0)

    ran = _run(folder, "-m", "lawbook", "run", "smoke", "--cores", cores, "--", "-n")

    assert ran.returncode == 0
    assert f"'--cores', '{cores}', " in ran.stdout


def test_a_run_that_is_interrupted_says_how_to_go_on(folder: Path) -> None:
    _pretend(folder, 1)
    running = subprocess.Popen(
        [sys.executable, "-m", "lawbook", "run", "smoke", "--", "--slow"],
        cwd=folder,
        env=_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_ctrl_c,
    )
    while not (folder / "begun").exists():
        assert running.poll() is None
    os.killpg(running.pid, signal.SIGINT)
    out, said = running.communicate(timeout=20)

    assert (running.returncode, out) == (ExitCode.INTERRUPTED, "")
    assert said == "Stopped: interrupted; what is done is kept; run this again to resume\n"
