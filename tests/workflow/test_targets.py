"""What each target asks for, and what a run from nothing gives."""

from __future__ import annotations

import pandas as pd
import pytest
from benchmarks.fault_harness.checkout import REPOSITORY, Checkout
from tests.shipped import shipped_studies
from tests.workflow.conftest import STUDY

from lawbook.studies import plan_study, study_names
from lawbook.studies.yaml_file import read_yaml

STUDIES = REPOSITORY / "config/studies"
PRESET = """
presets:
  quick:
    sweeps: {data_size: {axes: {width: [16]}}, keep_fraction: null}
    laws: {error_by_data: null}
    figures: [{curves: data_size}]
"""
ONCE = {"fit_laws", "judge_claims", "write_report"}


@pytest.mark.parametrize("study", shipped_studies())
def test_a_dry_run_of_every_study_tells_the_truth(checkout: Checkout, study: str) -> None:
    plan = plan_study(study, STUDIES)
    wanted = dict.fromkeys(ONCE, 1) | {study: 1}
    if plan.source is None:
        wanted |= {"plan_study": 1, "train_shard": len(plan.shards), "collect_runs": 1}
    else:
        wanted |= {"import_table": 1}
    wanted |= {"draw_figure": len(plan.study.content.figures)} if plan.study.content.figures else {}
    wanted |= {"score_pools": 1} if plan.pools else {}
    for kind, _, _ in plan.study.content.analyses.each():
        wanted[f"analyse_{kind}"] = wanted.get(f"analyse_{kind}", 0) + 1

    assert checkout.jobs(study) == wanted


@pytest.mark.parametrize(
    ("study", "preset"),
    [
        (study, preset)
        for study in study_names(STUDIES)
        for preset in (read_yaml(STUDIES / f"{study}.yaml").get("presets") or {})
    ],
)
def test_a_dry_run_of_every_preset_plans_a_smaller_study(checkout: Checkout, study: str, preset: str) -> None:
    plan = plan_study(f"{study}@{preset}", STUDIES)
    jobs = checkout.jobs(study, "--config", f"preset={preset}")

    assert (jobs[study], jobs["train_shard"]) == (1, len(plan.shards))
    assert len(plan.runs) < len(plan_study(study, STUDIES).runs)


def test_a_preset_takes_the_runs_that_it_shares_from_the_cache_and_leaves_the_study_alone(
    finished: Checkout,
) -> None:
    study = finished.folder / "config/studies/smoke.yaml"
    study.write_text(study.read_text() + PRESET)
    before = {path: path.read_bytes() for path in finished.path("").rglob("*") if path.is_file()}

    ran = finished.lawbook("run", STUDY, "--preset", "quick")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    quick = Checkout(finished.folder, f"{STUDY}@quick")
    assert quick.table("costs")["cached"].all()
    shared = finished.table("runs").set_index("run_id").loc[quick.table("runs")["run_id"]]
    assert (quick.table("runs").set_index("run_id")["test_loss"] == shared["test_loss"]).all()
    assert {path: path.read_bytes() for path in before} == before
    quick.path("figures/curves_data_size.svg").unlink()
    assert finished.jobs("figures", "--rerun-triggers", "mtime") == {"draw_figure": 1, "figures": 1}
    assert finished.jobs(STUDY, "--config", "preset=quick", "--rerun-triggers", "mtime")["draw_figure"] == 1
    unknown = finished.snakemake("-n", STUDY, "--config", "preset=quik")
    assert unknown.returncode == 2
    assert "no study in config/studies has such a preset; did you mean 'quick'?" in unknown.stderr


def test_without_a_target_the_default_study_is_run(checkout: Checkout) -> None:
    checkout.edit("config/config.yaml", "default: digits ", f"default: {STUDY} ")
    jobs = checkout.jobs("--nocolor")

    assert jobs["default_study"] == jobs["write_report"] == 1
    assert jobs["train_shard"] == len(plan_study(STUDY, STUDIES).shards)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("default=smok", "there is no study 'smok' in config/studies; did you mean 'smoke'?"),
        ("default=mine", "config/studies/mine.yml: the file of a study ends in .yaml; rename or delete it"),
        (
            "studies=nowhere",
            "studies = 'nowhere': there is no such folder; set `studies:` in config/config.yaml",
        ),
    ],
)
def test_a_default_that_cannot_be_is_one_message(checkout: Checkout, setting: str, said: str) -> None:
    (checkout.folder / "config/studies/mine.yml").touch()

    refused = checkout.snakemake("--cores", "1", "--config", setting)

    assert refused.returncode == 2
    assert f"Error: {said}\n" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (checkout.folder / "results").exists()


def test_a_run_leaves_every_table_figure_and_page(undisturbed: Checkout) -> None:
    plan = plan_study(STUDY, STUDIES)
    runs, costs = undisturbed.table("runs"), undisturbed.table("costs")

    assert set(runs["run_id"]) == {run.run_id for run in plan.runs}
    assert (runs["status"] == "ok").all()
    assert not costs["cached"].any()
    assert undisturbed.path("report.html").stat().st_size > 10_000
    for block in plan.study.content.figures:
        for kind in ("svg", "pdf", "png", "csv", "json"):
            assert undisturbed.path(f"figures/{block.name}.{kind}").stat().st_size > 0
    twin = pd.read_csv(undisturbed.path("runs.csv"))
    assert list(twin["run_id"]) == list(runs["run_id"])


def test_a_second_run_says_that_nothing_is_to_be_done(finished: Checkout) -> None:
    before = finished.path("report.html").stat().st_mtime_ns
    again = finished.lawbook("run", STUDY)

    assert again.returncode == 0, again.stderr
    assert f"Nothing to be done: {STUDY} is up to date." in again.stdout
    assert "Report: results/smoke/report.html" in again.stdout
    assert finished.path("report.html").stat().st_mtime_ns == before
    by_default = finished.snakemake("--cores", "2", "--config", f"default={STUDY}")
    assert "Nothing to be done" in by_default.stdout + by_default.stderr


def test_figures_draws_what_is_finished_and_never_trains(finished: Checkout) -> None:
    finished.edit("config/studies/smoke.yaml", "steps: 100}", "steps: 120}")
    finished.edit("config/studies/smoke.yaml", "compare: [power]", "compare: [power, power_floor]")

    assert "train_shard" in finished.jobs()
    assert finished.jobs("figures") == {"fit_laws": 1, "draw_figure": 2, "figures": 1}
    mixed = finished.snakemake("-n", "figures", STUDY)
    assert mixed.returncode == 2
    assert "ask for `figures` by itself" in mixed.stderr


@pytest.mark.slow
def test_one_core_gives_the_same_bytes_as_two(checkout: Checkout, undisturbed: Checkout) -> None:
    ran = checkout.snakemake("--cores", "1", STUDY)

    assert ran.returncode == 0, ran.stderr
    assert checkout.path("runs.parquet").read_bytes() == undisturbed.path("runs.parquet").read_bytes()


@pytest.mark.slow
def test_snakemakes_own_report_holds_figures_and_tables(finished: Checkout) -> None:
    made = finished.snakemake("--report", "report.zip", STUDY)

    assert made.returncode == 0, made.stderr
    assert (finished.folder / "report.zip").stat().st_size > 100_000
