"""The gallery's targets: what they make, what they never train, and which studies are quick."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from benchmarks.fault_harness.checkout import REPOSITORY, Checkout
from tests.shipped import load
from tests.workflow.conftest import STUDY

from lawbook.studies import plan_study, study_names
from lawbook.studies.source import awaits_table
from lawbook.workflow.gallery import outdated_thumbnails
from lawbook.workflow.quick import LIMIT_S, predicted_seconds, quick_studies
from lawbook.workflow.shown import shown

STUDIES = REPOSITORY / "config/studies"
PRESET = """
presets:
  quick: {training: {steps: 50}}
"""


def keep_only(checkout: Checkout, *studies: str) -> Path:
    """Leave a checkout no studies but these; return their folder."""
    folder = checkout.folder / "config/studies"
    for file in folder.glob("*.yaml"):
        if file.stem not in studies:
            file.unlink()
    return folder


def test_every_shipped_study_that_needs_no_download_is_quick() -> None:
    found = quick_studies(study_names(STUDIES), STUDIES, lambda name: plan_study(name, STUDIES))

    lacking = {name: "its table is not here" for name in study_names(STUDIES) if awaits_table(load(name))}
    assert found.left_out == {"cifar10_pruning": "its data are downloaded", **lacking}
    assert {"digits@quick", "quanta@quick", "quanta_known@quick", "interpolation", "refit"} <= set(
        found.plans
    )
    # Half a minute a study, in the mean.
    assert sum(predicted_seconds(plan) for plan in found.plans.values()) < 30 * len(found.plans)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (("steps: 100}", "steps: 90000000}"), "it has no preset quick and takes about"),
        (("steps: 100}", "steps: 100, device: cuda}"), "it trains on a GPU"),
    ],
)
def test_a_study_that_is_not_quick_is_left_out_with_its_reason(tmp_path: Path, edit, reason: str) -> None:
    text = (STUDIES / "smoke.yaml").read_text()
    assert text.count(edit[0]) == 1
    (tmp_path / "long.yaml").write_text(text.replace(*edit))
    (tmp_path / "short.yaml").write_text(text.replace(*edit) + PRESET.replace("50}", "50, device: cpu}"))

    found = quick_studies(["long", "short"], tmp_path, lambda name: plan_study(name, tmp_path))

    assert list(found.plans) == ["short@quick"]
    assert found.left_out["long"].startswith(reason)
    assert predicted_seconds(found.plans["short@quick"]) < LIMIT_S


def test_a_study_is_shown_in_the_place_of_its_presets() -> None:
    assert shown(["a", "a@quick", "b@full", "b@quick", "c"]) == ["a", "b@full", "b@quick", "c"]


def test_without_a_finished_study_one_is_told_how_to_get_one(checkout: Checkout) -> None:
    refused = checkout.snakemake("-n", "gallery")

    assert refused.returncode == 2
    assert (
        "Error: results holds no finished study to show; `lawbook run STUDY` finishes one" in refused.stderr
    )


def test_the_gallery_shows_what_is_finished_and_never_trains(finished: Checkout) -> None:
    made = finished.lawbook("gallery", "--docs", "docs")

    assert made.returncode == 0, made.stdout + made.stderr
    assert "Gallery: results/index.html" in made.stdout
    page = (finished.folder / "results/index.html").read_text(encoding="utf-8")
    assert 'href="smoke/report.html"' in page
    others = [name for name in study_names(STUDIES) if name != STUDY]
    assert f"Not run yet, and so not here: {', '.join(others)}" in page
    assert finished.path("thumbnail.png").stat().st_size > 10_000
    assert (finished.folder / "docs/gallery/smoke.png").read_bytes() == finished.path(
        "thumbnail.png"
    ).read_bytes()
    assert (finished.folder / "docs/records.md").exists()
    assert finished.jobs("gallery") == {}
    log = finished.folder / "logs/gallery/snakemake.log"
    log.unlink()
    again = finished.lawbook("gallery")
    assert "Nothing to be done: the gallery is up to date." in again.stdout
    assert not log.exists(), "no Snakemake was started"
    plan = plan_study(STUDY, finished.folder / "config/studies")
    assert list(outdated_thumbnails(plan, finished.path(""))) == []
    finished.path("thumbnail.svg").write_text("damaged")
    assert list(outdated_thumbnails(plan, finished.path(""))) == [finished.path("thumbnail.svg")]
    mended = finished.lawbook("gallery")
    assert "Nothing to be done" not in mended.stdout
    assert list(outdated_thumbnails(plan, finished.path(""))) == []

    finished.edit("config/studies/smoke.yaml", "steps: 100}", "steps: 120}")
    finished.edit("config/studies/smoke.yaml", "compare: [power]", "compare: [power, power_floor]")
    jobs = finished.jobs("gallery")
    assert jobs["fit_laws"] == jobs["draw_thumbnail"] == jobs["write_gallery"] == 1
    assert not {"train_shard", "score_pools", "collect_runs"} & set(jobs)


@pytest.mark.parametrize("target", ["gallery", "gallery_quick"])
def test_a_target_that_decides_what_is_trained_stands_alone(checkout: Checkout, target: str) -> None:
    keep_only(checkout, STUDY)

    mixed = checkout.snakemake("-n", target, STUDY)

    assert mixed.returncode == 2
    assert f"ask for `{target}` by itself" in mixed.stderr


def test_the_quick_studies_are_run_at_their_preset_and_others_as_they_are(finished: Checkout) -> None:
    folder = keep_only(finished, STUDY, "refit")
    shutil.copy(folder / "smoke.yaml", folder / "long.yaml")
    with (folder / "smoke.yaml").open("a") as file:
        file.write(PRESET)
    finished.edit("config/studies/long.yaml", "steps: 100}", "steps: 90000000}")

    dry = finished.snakemake("-n", "gallery_quick")
    jobs = finished.jobs("gallery_quick")

    assert "Left out: long: it has no preset quick and takes about" in dry.stderr
    plan = plan_study(f"{STUDY}@quick", folder)
    assert jobs["train_shard"] == len(plan.shards)
    assert jobs["import_table"] == 1
    assert jobs["write_gallery"] == 1
    assert jobs["draw_thumbnail"] == 2, (
        "of refit and of smoke as it is written, which takes the place of its preset"
    )
