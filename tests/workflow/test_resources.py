"""What jobs ask for, and what a cluster is asked for by the shipped profiles; no Slurm is needed for that."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from tests.workflow.conftest import Checkout, build

from lawbook.studies import Plan, plan_study
from lawbook.workflow import resources

REPOSITORY = Path(__file__).parents[2]
PROFILES = {file.parent.name: file for file in sorted((REPOSITORY / "profiles").glob("*/profile.yaml"))}

STUDY = """
title: Large
question: What do its jobs ask for?
task: {name: digits, samples: 128}
model: {name: mlp, width: 8}
training: {steps: 20, batch_size: 16, device: cuda}
sweeps:
  small: {axes: {metric: [el2n]}, set: {keep_fraction: 0.5}}
  large: {axes: {width: [2048], seed: {count: 2}}, set: {depth: 4, devices: 4}}
  elsewhere: {axes: {width: [16]}, set: {device: cpu}}
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return the plan of a study whose shards take a GPU, four GPUs, and none."""
    (tmp_path / "large.yaml").write_text(STUDY)
    return plan_study("large", tmp_path)


def test_a_distributed_run_asks_for_a_core_a_gpu_and_memory_for_each_process(plan: Plan) -> None:
    small, large, same, elsewhere = plan.shards.values()
    probes = [probe for pool in plan.pools for probe in pool.every_probe]
    jobs = (small, large, same, elsewhere, probes, [])
    assert [resources.processes(runs) for runs in jobs] == [1, 4, 4, 1, 1, 1]
    assert [resources.gpus(runs) for runs in jobs] == [1, 4, 4, 0, 1, 0]
    weights = 4 * 4 * plan.table()["n_params"].max()
    libraries = 5 * resources.LIBRARIES_MB
    assert resources.memory_mb(large) == pytest.approx(libraries + 4 * weights / 1e6, rel=0.02)
    assert 0 < resources.memory_mb(probes) - resources.memory_mb([]) < 10


def asked_of_slurm(checkout: Checkout) -> dict[str, str]:
    """Return the sbatch line of each training job, made by Slurm's own plugin from what a dry-run says of it."""
    plugin = pytest.importorskip("snakemake_executor_plugin_slurm")
    ran = checkout.snakemake("-n", "--cores", "16", "--workflow-profile", "profiles/slurm-gpu", "large")
    assert ran.returncode == 0, ran.stderr
    lines = {}
    for job in re.split(r"\n(?=(?:local)?rule )", ran.stdout + ran.stderr):
        rule = re.match(r"rule (train_shard|score_pools):", job)
        if rule is None:
            continue
        shard, threads = re.search(r"shard=(\S+)", job), re.search(r"threads: (\d+)", job)
        (said,) = re.findall(r"resources: (.*)", job)
        pairs = dict(item.split("=") for item in said.split(", "))
        asked = Asked({key: int(value) if value.isdigit() else value for key, value in pairs.items()})
        fake = SimpleNamespace(resources=asked, threads=int(threads[1]) if threads else 1)
        params = dict.fromkeys(("run_uuid", "slurm_logfile", "comment_str", "account", "workdir"), "")
        params["partition"] = f"-p {asked.slurm_partition}"
        line = plugin.submit_string.get_submit_command(fake, params) + plugin.utils.set_gres_string(fake)
        lines[shard[1] if shard else rule[1]] = line
    return lines


class Asked(dict[str, Any]):
    """Resources of a job, by key and by attribute, as Snakemake holds them."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


def options(line: str, *names: str) -> list[str | None]:
    """Return the values of options of a command line, None for those that are not there."""
    found = [re.search(rf"(?:^|\s){name}[= ](\S+)", line) for name in names]
    return [match[1] if match else None for match in found]


def test_slurm_is_asked_for_the_gpus_of_each_job_on_one_node(tmp_path: Path) -> None:
    checkout = build(tmp_path / "checkout")
    (checkout.folder / "config/studies/large.yaml").write_text(STUDY)

    asked = {
        job: options(line, "-p", "--gpus", "--nodes", "--cpus-per-task", "--ntasks-per-gpu", "--gres")
        for job, line in asked_of_slurm(checkout).items()
    }

    assert sorted(asked) == [
        "score_pools",
        *sorted(plan_study("large", checkout.folder / "config/studies").shards),
    ]
    assert asked["score_pools"] == ["gpu", "1", None, "1", None, None]
    of_shards = sorted((line for job, line in asked.items() if job != "score_pools"), key=str)
    assert of_shards == [
        ["gpu", "1", "1", "1", None, None],
        ["gpu", "4", "1", "4", None, None],
        ["gpu", "4", "1", "4", None, None],
        ["gpu", None, "1", "1", None, None],
    ]


def content(profile: str) -> dict[str, Any]:
    """Return the keys of a profile."""
    read: dict[str, Any] = yaml.safe_load(PROFILES[profile].read_text())
    return read


def test_a_profile_repeats_the_keys_of_those_that_it_replaces() -> None:
    assert sorted(PROFILES) == ["default", "slurm", "slurm-gpu"]
    default, slurm, gpu = map(content, PROFILES)
    assert slurm | default | {"latency-wait": slurm["latency-wait"]} == slurm
    assert gpu | {"set-resources": {}} == slurm | {"set-resources": {}}
    assert gpu["set-resources"].keys() == {"train_shard", "score_pools"}


@pytest.mark.parametrize("profile", PROFILES)
def test_each_key_of_a_profile_is_commented_and_none_is_known_to_lose_jobs(profile: str) -> None:
    lines = PROFILES[profile].read_text().splitlines()
    keys = [number for number, line in enumerate(lines) if re.match(r" *[a-z_-]+: \S", line)]
    bare = [lines[number] for number in keys if not _is_commented(lines, number)]
    assert bare == [], "a comment says how to choose a key"
    assert not any("array" in lines[number] for number in keys), "one failed task fails all of an array"


def _is_commented(lines: Sequence[str], number: int) -> bool:
    """Tell whether a comment stands above a key, or above the keys right above it."""
    above = lines[number - 1].strip()
    return above.startswith("#") or (
        bool(re.match(r"[a-z_-]+: \S", above)) and _is_commented(lines, number - 1)
    )


def test_no_rule_has_retries_of_its_own() -> None:
    """Under Slurm these happen inside the same allocation, with the memory that was too little."""
    rules = sorted((REPOSITORY / "workflow/rules").glob("*.smk"))
    assert rules
    assert not any("retries:" in file.read_text() for file in rules)


def test_a_workflow_profile_replaces_the_default_one(tmp_path: Path) -> None:
    (tmp_path / "profile.yaml").write_text("jobs: 1\n")
    shown = "import sys; from snakemake.cli import parse_args; print(parse_args(sys.argv[1:])[1].keep_going)"
    for arguments, kept in (((), "True"), (("--workflow-profile", str(tmp_path)), "False")):
        told = subprocess.run(
            [sys.executable, "-c", shown, "--cores", "1", *arguments],
            cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        assert told.stdout.split()[-1] == kept
