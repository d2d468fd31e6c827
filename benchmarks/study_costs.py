"""CPU-seconds of a study besides its training: the whole of `digits`, and one small job of `smoke`, warm and cold.

Each function yields what one turn after another took; `goals.py` prints them beside what is aimed at.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from fault_harness.checkout import Checkout, build
from processes import timed

from lawbook.studies import plan_study
from lawbook.workflow.stages import STAGES
from lawbook.workflow.warm.start import PYTHON, WarmJobs, warm_jobs

SMALL = {"draw": "draw_figure", "judge": "judge_claims"}
"""Stages whose jobs train nothing, with their scripts."""


def trained_and_besides(study: str, turns: int) -> Iterator[dict[str, float]]:
    """Yield the CPU-seconds of `lawbook run STUDY` by turn; the first trains, all others find every run in the cache.

    Of the first, what the runs tell of their own training is taken off: probes, which train too, are left in.
    """
    with tempfile.TemporaryDirectory() as folder:
        checkout = build(Path(folder) / "checkout", study)
        command = [sys.executable, "-m", "lawbook", "run", study, "--cores", "2"]
        whole = timed(*command, environment=checkout.environment(), folder=checkout.folder).cpu_s
        yield {"whole": whole, "besides": whole - float(checkout.table("costs")["cpu_s"].sum())}
        for _ in range(turns):
            shutil.rmtree(checkout.path(""))
            shutil.rmtree(checkout.folder / ".snakemake")
            yield {
                "from the cache": timed(
                    *command, environment=checkout.environment(), folder=checkout.folder
                ).cpu_s
            }


def small_jobs(turns: int) -> Iterator[dict[str, float]]:
    """Yield by turn the CPU-seconds of a job of each small stage, as a fork and as a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        checkout = build(Path(folder) / "checkout")
        ran = checkout.lawbook("run", checkout.study)
        if ran.returncode not in (0, 1, 3):
            raise RuntimeError(ran.stderr)
        here = Path.cwd()
        os.chdir(checkout.folder)
        try:
            with _served(checkout) as (warm, server):
                for _ in range(turns):
                    yield {
                        f"{stage} {how}": _cpu_of_job(
                            checkout, stage, warm if how == "warm" else None, server
                        )
                        for stage in SMALL
                        for how in ("cold", "warm")
                    }
        finally:
            os.chdir(here)


@contextmanager
def _served(checkout: Checkout) -> Iterator[tuple[WarmJobs, psutil.Process]]:
    """Yield a server that has learnt a checkout's study, and its process."""
    before = os.environ.copy()
    os.environ |= checkout.environment()
    try:
        with warm_jobs() as warm:
            warm.announce(checkout.study, "config/studies")
            script = checkout.folder / "nothing.py"
            script.write_text("")
            subprocess.run([warm.environment[PYTHON], str(script)], check=True)
            place = str(Path(warm.environment[PYTHON]).with_name("socket"))
            (server,) = [p for p in psutil.process_iter(["cmdline"]) if place in (p.info["cmdline"] or [])]
            yield warm, server
    finally:
        os.environ.clear()
        os.environ |= before


def _cpu_of_job(checkout: Checkout, stage_name: str, warm: WarmJobs | None, server: psutil.Process) -> float:
    plan, stage = plan_study(checkout.study, checkout.folder / "config/studies"), STAGES[stage_name]
    part = next(iter(stage.parts(plan)))
    named = ["--part", part] if stage.wildcard else []
    expected = [stage.configuration(plan, part), stage.code(plan, part)]
    out = [f"results/{checkout.study}/{file}" for file in stage.leaves(part)]
    script = str(checkout.folder / f"scripts/{SMALL[stage_name]}.py")
    python = warm.environment[PYTHON] if warm else sys.executable
    command = [python, script, checkout.study, *named, "--expect", *expected, "--out", out[0]]
    environment = checkout.environment() | {
        "LAWBOOK_STUDIES": "config/studies",
        "LAWBOOK_CACHE": "results/.cache",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    before = _of_forks(server)
    spent = timed(*command, environment=environment, folder=checkout.folder).cpu_s
    while warm and server.children():
        pass  # a fork counts once it has been waited for
    return spent + _of_forks(server) - before


def _of_forks(server: psutil.Process) -> float:
    """Return the CPU-seconds of a server and of its forks that have ended."""
    times = server.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


if __name__ == "__main__":
    for turn in small_jobs(3):
        print(turn)
    for turn in trained_and_besides(*(sys.argv[1:] or ["smoke"]), turns=2):
        print(turn)
