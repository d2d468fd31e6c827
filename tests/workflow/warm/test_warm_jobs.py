"""Warm jobs: a script run by a fork ends, says and sees what it would as a process of its own, and leaks nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from tests.without import SOURCE

from lawbook.workflow.warm.start import PYTHON, WarmJobs, warm_jobs

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="jobs start warm on Linux alone")

LOOKING = """
import os, resource, sys
from pathlib import Path
from lawbook.workflow.warm.process import is_warm
print(is_warm(), __name__, sys.argv[1:], Path.cwd(), os.environ.get("MINE"), sys.path[0], sep="|")
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], file=sys.stderr)
"""
WAITING = """
import signal, sys, time
def end(number, _):
    print("asked", flush=True)
    sys.exit(5)
signal.signal(signal.SIGTERM, end)
print("waiting", flush=True)
time.sleep(60)
"""
OWNER = """
import os, sys, time
from lawbook.workflow.warm.start import PYTHON, warm_jobs
with warm_jobs() as warm:
    print(warm.environment[PYTHON], flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmJobs]:
    """Return a server that has learnt no study: its forks have nothing imported."""
    with warm_jobs() as warm:
        yield warm


def _command(warm: WarmJobs, script: Path, *arguments: str) -> list[str]:
    return [warm.environment[PYTHON], str(script), *arguments]


def _run(
    warm: WarmJobs, folder: Path, text: str, *arguments: str, **more: str
) -> subprocess.CompletedProcess[str]:
    script = folder / "script.py"
    script.write_text(text)
    return subprocess.run(
        _command(warm, script, *arguments),
        env=os.environ | {"PYTHONPATH": str(SOURCE)} | more,
        capture_output=True,
        text=True,
        check=False,
    )


def _wait_until(holds: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came to hold"
        time.sleep(0.02)


def _server_of(python: str) -> psutil.Process:
    """Return the server whose forks a program asks for."""
    place = str(Path(python).with_name("socket"))
    found = [p for p in psutil.process_iter(["cmdline"]) if (p.info["cmdline"] or [""])[-1] == place]
    return min(found, key=lambda process: process.create_time())


def test_a_job_sees_its_own_arguments_environment_folder_and_limits(warm: WarmJobs, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(LOOKING)
    limited = ["sh", "-c", 'ulimit -n 77; exec "$@"', "sh", *_command(warm, script, "a b", "--c")]

    ran = subprocess.run(
        limited, env=os.environ | {"MINE": "özgür"}, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == f"True|__main__|['a b', '--c']|{Path.cwd()}|özgür|{tmp_path}"
    assert ran.stderr.strip() == "77"


@pytest.mark.parametrize(
    ("text", "code", "error"),
    [
        ("", 0, ""),
        ("import sys; sys.exit(3)", 3, ""),
        ("import sys; sys.exit('so it is')", 1, "so it is"),
        ("raise ValueError('unforeseen')", 1, "ValueError: unforeseen"),
        ("import os; os.kill(os.getpid(), 9)", 137, ""),
    ],
)
def test_a_job_ends_as_its_script_does(
    warm: WarmJobs, tmp_path: Path, text: str, code: int, error: str
) -> None:
    ran = _run(warm, tmp_path, text)

    assert ran.returncode == code
    assert error in ran.stderr


def test_a_signal_that_comes_to_the_client_comes_to_the_job(warm: WarmJobs, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(WAITING)
    with subprocess.Popen(_command(warm, script), stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "waiting\n"
        running.terminate()
        assert running.stdout.read() == "asked\n"

    assert running.returncode == 5


def test_a_signal_that_the_client_ignores_does_not_come_to_the_job(warm: WarmJobs, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("print('waiting', flush=True); import time; time.sleep(2); print('done')")
    ignoring = ["sh", "-c", 'trap "" INT HUP; exec "$@"', "sh", *_command(warm, script)]
    with subprocess.Popen(ignoring, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        running.stdout.readline()
        for number in (signal.SIGINT, signal.SIGHUP):
            running.send_signal(number)
        assert running.stdout.read() == "done\n"

    assert running.returncode == 0


def test_where_no_program_can_be_written_jobs_start_cold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with warm_jobs() as warm:
        assert warm == WarmJobs({}, ())


def test_files_beside_the_user_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lawbook.py").write_text("raise ValueError('not this')")
    (tmp_path / "scripts").mkdir()
    with warm_jobs() as warm:
        assert _run(warm, tmp_path / "scripts", "import sys; print('' in sys.path)").stdout == "False\n"
        assert _run(warm, tmp_path / "scripts", LOOKING).stdout.startswith("True|")


def test_a_job_dies_with_its_client(warm: WarmJobs, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import os, time; print(os.getpid(), flush=True); time.sleep(60)")
    with subprocess.Popen(_command(warm, script), stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        job = int(running.stdout.readline())
        assert psutil.pid_exists(job)
        running.kill()

    _wait_until(lambda: not psutil.pid_exists(job))


@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"])
def test_a_job_of_several_cores_starts_cold(warm: WarmJobs, tmp_path: Path, variable: str) -> None:
    assert _run(warm, tmp_path, LOOKING, **{variable: "1"}).stdout.startswith("True|")
    assert _run(warm, tmp_path, LOOKING, **{variable: "2"}).stdout.startswith("False|__main__|[]")


def test_once_code_has_changed_jobs_start_cold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "extensions/laws/forms").mkdir(parents=True)
    monkeypatch.setenv("LAWBOOK_EXTENSIONS", str(tmp_path / "extensions"))
    with warm_jobs() as warm:
        assert _run(warm, tmp_path, LOOKING).stdout.startswith("True|")
        (tmp_path / "extensions/laws/forms/mine.py").write_text("law = None\n")

        assert _run(warm, tmp_path, LOOKING).stdout.startswith("False|")


def test_without_the_server_jobs_start_cold_and_running_ones_go_on(tmp_path: Path) -> None:
    script = tmp_path / "waiting.py"
    script.write_text(WAITING)
    with warm_jobs() as warm:
        with subprocess.Popen(_command(warm, script), stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            running.stdout.readline()
            _server_of(warm.environment[PYTHON]).kill()

            assert _run(warm, tmp_path, LOOKING).stdout.startswith("False|")
            running.terminate()
            assert running.stdout.read() == "asked\n"
        assert running.returncode == 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_server_ends_with_its_owner(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        python = owner.stdout.readline().strip()
        server = _server_of(python)
        owner.send_signal(number)

    _wait_until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)
    _wait_until(lambda: not Path(python).parent.exists())


def test_two_servers_do_not_meet(warm: WarmJobs, tmp_path: Path) -> None:
    text = "import os; print(os.getppid())"
    with warm_jobs() as other:
        parents = [int(_run(one, tmp_path, text).stdout) for one in (warm, other)]
        servers = [_server_of(one.environment[PYTHON]).pid for one in (warm, other)]

    assert parents == servers
    assert len(set(servers)) == 2
    assert _run(warm, tmp_path, LOOKING).stdout.startswith("True|")


def test_two_hundred_jobs_leave_the_server_as_it_was(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("held = bytearray(20 << 20)")
    with warm_jobs() as warm:
        server = _server_of(warm.environment[PYTHON])

        def run(times: int) -> tuple[int, int, int]:
            for _ in range(times):
                assert subprocess.run(_command(warm, script), check=False).returncode == 0
            _wait_until(lambda: not server.children())
            return server.memory_info().rss, server.num_fds(), server.num_threads()

        (before, *held), (after, *still_held) = run(20), run(200)

    assert after - before < 1 << 20
    assert still_held == held
