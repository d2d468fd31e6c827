"""What a study of many runs costs before, around and after its training: plan, workflow, jobs, tables, fits.

python benchmarks/scale.py                 10,000 and 100,000 runs: prints the tables, about ten minutes
python benchmarks/scale.py --slurm         also measures jobs on a Slurm of one node (root on Debian)
python benchmarks/scale.py --page          also writes docs/scale.md

Each part is a process of its own, so that time and memory are its own. Shards are filled with made-up curves of the
right shape, since only their size matters to what is done with them.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from fault_harness.checkout import build
from processes import REPOSITORY, Process, timed
from rich.progress import track
from scale_page import Measured, page_of, tables_of

from lawbook.seeds import generator
from lawbook.storage.columns import COLUMNS
from lawbook.storage.files import write_text
from lawbook.storage.provenance import Provenance, versions
from lawbook.storage.tables import conform, write_parts, write_table
from lawbook.studies import Plan, Run, load_study, make_plan, shard_digest
from lawbook.studies.cost import run_cost
from lawbook.studies.published import publish
from lawbook.workflow.stages import STAGES, training_code

PAGE = REPOSITORY / "docs/scale.md"
TEMPLATE = Path(__file__).with_suffix(".yaml")
RUNS_PER_SEED = 200
"""Runs that the grid of the template has for each seed."""

SHARD_FLOPS = (4e12, 1e12, 1e11)
"""What a shard may hold, from the default down: the fewer FLOPs a shard, the more shards for more cores."""

WARM_FLOPS = (4e12, 4e9)
"""The same for a small study, so that it has few shards and many."""

METRICS = [(split, metric) for split in ("test", "train", "validation") for metric in ("error", "loss")]
PLANNING = """
import sys, time
began = time.perf_counter()
from pathlib import Path
from lawbook.studies import load_study, make_plan
imported = time.perf_counter()
plan = make_plan(load_study(Path(sys.argv[1])))
plan.digest
print(len(plan.runs), imported - began, time.perf_counter() - imported)
"""
ON_SLURM = (
    "--workflow-profile", "profiles/slurm", "--latency-wait", "5",
    "--slurm-init-seconds-before-status-checks", "2", "--seconds-between-status-checks", "2",
)  # fmt: skip


def planned(folder: Path, n_runs: int, shard_flops: float = SHARD_FLOPS[0]) -> Plan:
    """Write the study of so many runs into a folder, and plan it."""
    folder.mkdir(parents=True, exist_ok=True)
    text = TEMPLATE.read_text().replace("SEEDS", str(n_runs // RUNS_PER_SEED))
    file = folder / "scale.yaml"
    file.write_text(f"{text}shard_flops: {shard_flops:.1e}\n")
    return make_plan(load_study(file))


def snakemake(folder: Path, *more: str, target: Sequence[str] = ("scale",)) -> Process:
    """Run Snakemake on the study of a folder, with results and cache beside it."""
    places = {"studies": folder, "results": folder / "results", "cache": folder / "cache"}
    config = [f"{name}={path}" for name, path in places.items()]
    command = (sys.executable, "-m", "snakemake", "--cores", "2", *more)
    return timed(*command, "--config", *config, "--", *target)


def job(folder: Path, script: str, *arguments: object) -> Process:
    """Run the script of one job of the study of a folder, as the workflow would."""
    places = {"LAWBOOK_STUDIES": str(folder), "LAWBOOK_CACHE": str(folder / "cache")}
    return timed(sys.executable, f"scripts/{script}.py", "scale", *arguments, environment=places)


def measure_plan(folder: Path, n_runs: int) -> dict[str, float]:
    """Return how long a fresh process plans, and what memory that takes."""
    planned(folder, n_runs)
    done = timed(sys.executable, "-c", PLANNING, folder / "scale.yaml")
    runs, import_s, plan_s = map(float, done.said.split())
    return {"runs": runs, "import_s": import_s, "plan_s": plan_s, "peak_mb": done.peak_mb}


def measure_workflow(folder: Path, n_runs: int, shard_flops: float) -> dict[str, float]:
    """Return how long Snakemake takes to find what is to be done, and the longest shard's part of all training."""
    plan = planned(folder, n_runs, shard_flops)
    done = snakemake(folder, "--dry-run")
    found = re.search(r"^train_shard +(\d+)", done.said, re.MULTILINE)
    assert found is not None, done.said[-2000:]
    assert int(found[1]) == len(plan.shards)
    seconds = [sum(run_cost(run.config).seconds for run in runs) for runs in plan.shards.values()]
    longest = max(seconds) / sum(seconds)
    return {"shard_flops": shard_flops, "shards": len(seconds), "longest_share": longest, **done.row}


def measure_after(folder: Path, n_runs: int, evaluations: int) -> dict[str, Process]:
    """Return what collecting and fitting take when all shards are there."""
    plan, results = planned(folder, n_runs), folder / "results/scale"
    (results / "shards").mkdir(parents=True)
    code = training_code(plan)
    for name, runs in track(plan.shards.items(), "making shards up", transient=True):
        make_up(name, runs, results / "shards", evaluations, code)
    done = {}
    for name, script in (("collect", "collect_runs"), ("fit", "fit_laws")):
        stage = STAGES[name]
        out = [results / file for file in stage.leaves("") if file.endswith(".parquet")]
        expect = ("--expect", stage.configuration(plan, ""), stage.code(plan))
        done[name] = job(folder, script, *expect, "--out", *out)
    assert len(pd.read_parquet(results / "runs.parquet", columns=["run_id"])) == n_runs
    return done


def make_up(name: str, runs: Sequence[Run], folder: Path, evaluations: int, code: str) -> None:
    """Write the tables of a shard: final values that fall as a power of the samples, and curves towards them.

    code: the digest of the training code, without which collecting would refuse them.
    """
    made = Provenance("scale", "train", shard_digest(list(runs)), code, versions())
    rng = generator(0, f"made-up shard {name}")
    steps = np.unique(np.geomspace(1, runs[0].config["steps"], evaluations).round().astype(np.int64))
    samples = np.array([run.config["samples"] for run in runs])
    final = 0.4 * (samples / 32) ** -0.5 * np.exp(rng.normal(0, 0.1, len(runs)))
    values = np.minimum(0.9, final[:, None] * (steps[-1] / steps) ** 0.2)
    columns = {
        "run_id": np.repeat([run.run_id for run in runs], len(steps) * len(METRICS)),
        "step": np.tile(np.repeat(steps, len(METRICS)), len(runs)),
        "samples_seen": np.tile(np.repeat(steps * runs[0].config["batch_size"], len(METRICS)), len(runs)),
        "split": np.tile([split for split, _ in METRICS], values.size),
        "metric": np.tile([metric for _, metric in METRICS], values.size),
        "value": np.repeat(values.ravel(), len(METRICS)),
        "index": pa.nulls(values.size * len(METRICS), COLUMNS["curves"]["index"]),
    }
    curves = pa.table({column: columns[column] for column in COLUMNS["curves"]})
    write_parts([curves], folder / f"{name}.parquet", "curves", made)
    (folder / f"{name}.csv").unlink()
    known = {"run_id": [run.run_id for run in runs], "n_train": samples, "n_unique": samples}
    same = {
        "status": "ok",
        "shard": name,
        "engine": "stack",
        "device": "cpu",
        "versions": "{}",
        "cached": False,
    }
    outcomes = conform(pd.DataFrame(known | same | {"digest": code}), "outcomes")
    write_table(outcomes, folder / f"{name}.runs.parquet", "outcomes", made)


def measure_training(folder: Path) -> list[dict[str, float]]:
    """Return, for a shard of each width, what its job takes when it trains its runs, and when the cache has them."""
    plan, rows = planned(folder, 2 * RUNS_PER_SEED), []
    for name, runs in track(plan.shards.items(), "training", transient=True):
        out = [folder / f"results/scale/shards/{name}{part}.parquet" for part in ("", ".runs")]
        expect = ("--expect", shard_digest(runs), training_code(plan))
        arguments = ("--part", name, *expect, "--out", *out)
        new, cached = (job(folder, "train_shard", *arguments) for _ in range(2))
        rows.append(
            {
                "width": runs[0].config["width"],
                "runs": len(runs),
                "job_cpu_s": cached.cpu_s,
                "run_cpu_s": (new.cpu_s - cached.cpu_s) / len(runs),
                "predicted_s": sum(run_cost(run.config).seconds for run in runs) / len(runs),
                "peak_mb": new.peak_mb,
            }
        )
    return rows


def measure_job(folder: Path, n_runs: int) -> dict[str, float]:
    """Return the CPU-seconds of a job on one of very many shards whose runs the cache has, and of its Snakemakes.

    `job_s`: of the script; `snakemake_s`: of one Snakemake that runs it as a submitted job, both by the published plan;
    `planning_s`: of such a Snakemake where no plan is published.
    """
    plan = planned(folder, n_runs, SHARD_FLOPS[-1])
    shard = next(iter(plan.shards))
    stage = STAGES["train"]
    out = [folder / "results/scale" / file for file in stage.leaves(shard)]
    expect = ("--expect", stage.configuration(plan, shard), stage.code(plan, shard))
    arguments = ("--part", shard, *expect, "--out", *out)
    remote = ("--mode", "remote", "--target-jobs", f"train_shard:study=scale,shard={shard}", "--dry-run")
    options = (*remote, "--allowed-rules", "train_shard", "--force", "--no-hooks", "--nolock")
    planning = snakemake(folder, *options, target=()).cpu_s
    publish(plan, folder / "results")
    job(folder, "train_shard", *arguments)
    return {
        "job_s": job(folder, "train_shard", *arguments).cpu_s,
        "snakemake_s": snakemake(folder, *options, target=()).cpu_s,
        "planning_s": planning,
    }


def measure_warm(folder: Path, n_runs: int) -> float:
    """Return the CPU-seconds of `lawbook run` for each shard more, its job included, if the cache has its runs."""
    checkout = build(folder, "scale")
    command = (sys.executable, "-m", "lawbook", "run", "scale", "--", "--until", "train_shard")
    spent, shards = [], []
    for limit in (WARM_FLOPS[0], *WARM_FLOPS):  # the first trains
        plan = planned(checkout.folder / "config/studies", n_runs, limit)
        shutil.rmtree(checkout.path(""), ignore_errors=True)
        spent.append(timed(*command, environment=checkout.environment(), folder=checkout.folder).cpu_s)
        shards.append(len(plan.shards))
    return (spent[2] - spent[1]) / (shards[2] - shards[1])


def measure_slurm(folder: Path) -> dict[str, float]:
    """Return how long the shards of `measure_training`, all in the cache, take as jobs here and on a Slurm."""
    sys.path.insert(0, str(REPOSITORY))
    from tests.slurm import one_node

    one_node.up()
    try:
        found = {}
        for place, options in (("here", ()), ("Slurm", ON_SLURM)):
            shutil.rmtree(folder / "results", ignore_errors=True)
            found[place] = snakemake(folder, *options, "--until", "train_shard").wall_s
    finally:
        one_node.down()
    return found


def measure(folder: Path, n_runs: int, evaluations: int, slurm: bool) -> Measured:
    """Measure every part."""
    return Measured(
        plans=pd.DataFrame([measure_plan(folder / "plan", n) for n in (n_runs // 10, n_runs)]),
        workflows=pd.DataFrame(
            [
                measure_workflow(folder / "workflow", n_runs, limit)
                for limit in track(SHARD_FLOPS, "planning by Snakemake", transient=True)
            ]
        ),
        after=pd.DataFrame(
            {stage: done.row for stage, done in measure_after(folder / "after", n_runs, evaluations).items()}
        ).T,
        training=pd.DataFrame(measure_training(folder / "training")),
        jobs=measure_job(folder / "job", n_runs) | {"warm_s": measure_warm(folder / "warm", n_runs // 50)},
        slurm=measure_slurm(folder / "training") if slurm else {},
        evaluations=evaluations,
    )


def main() -> None:
    """Print the tables; write the page if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100_000, help="of the largest study")
    parser.add_argument("--evaluations", type=int, default=30, help="of each run")
    parser.add_argument("--slurm", action="store_true")
    parser.add_argument("--page", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(Path(folder), arguments.runs, arguments.evaluations, arguments.slurm)
    print(tables_of(measured))
    if arguments.page:
        write_text(PAGE, page_of(measured))
        print(PAGE)


if __name__ == "__main__":
    main()
