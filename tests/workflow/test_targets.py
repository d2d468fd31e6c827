"""What each target asks for, and what a run from nothing gives."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest
from benchmarks.fault_harness.checkout import REPOSITORY, Checkout
from tests.shipped import load
from tests.workflow.conftest import STUDY

from lawbook.studies import Plan, plan_study, study_names
from lawbook.studies.source import awaits_table
from lawbook.studies.study import preset_names
from lawbook.workflow.quick import predicted_seconds

STUDIES = REPOSITORY / "config/studies"
PRESET = """
presets:
  quick:
    sweeps: {data_size: {axes: {width: [16]}}, keep_fraction: null}
    laws: {error_by_data: null}
    figures: [{curves: data_size}]
"""
ONCE = {"fit_laws", "judge_claims", "write_report"}


def jobs_of(plan: Plan) -> Counter[str]:
    """Return the jobs of a study from nothing: rule -> number."""
    content = plan.study.content
    wanted = Counter(dict.fromkeys(ONCE, 1))
    if plan.source is None:
        wanted += Counter({"plan_study": 1, "train_shard": len(plan.shards), "collect_runs": 1})
    else:
        wanted["import_table"] += 1
    wanted += Counter({"draw_figure": len(content.figures), "score_pools": int(bool(plan.pools))})
    return wanted + Counter(f"analyse_{kind}" for kind, _, _ in content.analyses.each())


def test_a_dry_run_of_all_studies_tells_the_truth(checkout: Checkout) -> None:
    names = [name for name in study_names(STUDIES) if not awaits_table(load(name))]
    wanted = sum((jobs_of(plan_study(name, STUDIES)) for name in names), Counter(names))

    assert checkout.jobs(*names) == wanted


def test_a_dry_run_at_each_preset_plans_smaller_studies(checkout: Checkout) -> None:
    with_preset: dict[str, list[str]] = {}
    for name in study_names(STUDIES):
        for preset in preset_names(STUDIES / f"{name}.yaml"):
            with_preset.setdefault(preset, []).append(name)
    for preset, names in with_preset.items():
        plans = [plan_study(f"{name}@{preset}", STUDIES) for name in names]
        wanted = sum(map(jobs_of, plans), Counter(names))

        assert checkout.jobs(*names, "--config", f"preset={preset}") == wanted
        for name, plan in zip(names, plans, strict=True):
            # Of a table no run is planned: a preset of its study fits fewer of the rows.
            of_table = plan.study.content.table is not None
            assert of_table or predicted_seconds(plan) < predicted_seconds(plan_study(name, STUDIES))


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


def test_one_command_runs_several_studies_each_at_the_preset_if_it_has_one(checkout: Checkout) -> None:
    named = ("regression", "sgd_oracle")

    ran = checkout.lawbook("run", *named, "--preset", "quick", "--", "-n")
    smoke = checkout.folder / "config/studies/smoke.yaml"
    smoke.write_text(smoke.read_text() + PRESET.replace("quick", "small"))
    mixed = checkout.lawbook("run", "smoke@small", "sgd_oracle@quick")

    assert "regression has no preset quick: it runs as it is written" in ran.stderr
    quick = plan_study("sgd_oracle@quick", STUDIES)
    shards = [*plan_study("regression", STUDIES).shards, *quick.shards]
    assert f"train_shard {len(shards)} " in " ".join(ran.stdout.split()) + " "
    assert f"results/{quick.study.name}/report.html" in ran.stdout
    assert mixed.returncode == 2
    assert mixed.stderr.startswith("Error: smoke@small, sgd_oracle@quick: one run has one preset")


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


def test_the_scheduler_looks_for_jobs_once_for_each_that_ends(undisturbed: Checkout) -> None:
    log = (undisturbed.folder / f"logs/{STUDY}/snakemake.log").read_text()

    assert 2 <= log.count("Ready jobs") <= sum(jobs_of(plan_study(STUDY, STUDIES)).values()) + 2


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
def test_snakemakes_own_report_holds_figures_and_tables(finished: Checkout) -> None:
    made = finished.snakemake("--report", "report.zip", STUDY)

    assert made.returncode == 0, made.stderr
    assert (finished.folder / "report.zip").stat().st_size > 100_000
