"""A study without training: its table goes through the same rules, and reruns follow the table's content."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from benchmarks.fault_harness.checkout import REPOSITORY, Checkout, build

from lawbook.laws import fit
from lawbook.results.from_table import import_table
from lawbook.studies import load_study, make_plan
from lawbook.theory.sgd_oracle import constant_rate_loss

STUDY = "refit"
STUDIES = REPOSITORY / "config/studies"
YAML, TABLE = "config/studies/refit.yaml", "config/studies/refit.csv"
CLAIMED = {"judge_claims": 1, "write_report": 1, STUDY: 1}
FITTED = {"fit_laws": 1, "draw_figure": 3, **CLAIMED}


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """Return the module that writes the shipped table."""
    spec = importlib.util.spec_from_file_location("refit", STUDIES / "refit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def refitted(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a checkout in which the table has been refitted; look, but do not touch."""
    done = build(tmp_path_factory.mktemp("refit") / "checkout")
    ran = done.lawbook("run", STUDY)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("holds ") == 5
    return done


@pytest.fixture
def copied(refitted: Checkout, tmp_path: Path) -> Checkout:
    """Return a copy of that checkout, to be changed."""
    shutil.copytree(refitted.folder, tmp_path / "moved", ignore=shutil.ignore_patterns("__pycache__"))
    return Checkout(tmp_path / "moved")


def test_the_table_becomes_fits_figures_claims_and_a_report(refitted: Checkout) -> None:
    results = refitted.folder / "results" / STUDY
    given, runs = pd.read_csv(STUDIES / "refit.csv"), pd.read_parquet(results / "runs.parquet")
    page = (results / "report.html").read_text()

    np.testing.assert_array_equal(runs["loss"], given["loss"])
    np.testing.assert_array_equal(runs["N"], given["modes"])
    assert not (results / "costs.parquet").exists()
    assert (pd.read_parquet(results / "claims.parquet")["verdict"] == "holds").all()
    assert "Nothing was trained" in page
    assert load_study(STUDIES / "refit.yaml").content.table.sha256 in page
    assert "modes to N" in page
    assert "40 of 200" in page
    assert refitted.lawbook("verify", STUDY).returncode == 0
    assert "100%" in refitted.lawbook("status", STUDY).stdout


def test_only_another_content_refits(copied: Checkout) -> None:
    os.utime(copied.folder / TABLE)
    again = copied.lawbook("run", STUDY)
    assert f"Nothing to be done: {STUDY} is up to date." in again.stdout, again.stderr

    copied.edit(YAML, "expected: 0.4508", "expected: 0.4507")
    assert copied.jobs(STUDY) == CLAIMED

    text = (copied.folder / TABLE).read_text()
    (copied.folder / TABLE).write_text(text.replace("\n4,256,0,", "\n4,256,8,", 1))
    assert copied.snakemake("-n", STUDY).returncode == 2  # the study says which file it means
    digest = load_study(STUDIES / "refit.yaml").content.table.sha256
    copied.edit(YAML, f"  sha256: {digest}\n", "")
    assert copied.jobs(STUDY) == {"import_table": 1, **FITTED}


def test_a_table_that_is_not_there_stops_at_once(checkout: Checkout) -> None:
    checkout.edit(YAML, "path: refit.csv", "path: runs_of_mine.csv")

    for refused in (checkout.lawbook("run", STUDY), checkout.snakemake("-n", STUDY)):
        assert refused.returncode == 2
        assert "refit.yaml: table.path = 'runs_of_mine.csv': there is no file" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert not (checkout.folder / "results").exists()
    assert checkout.jobs("smoke")["train_shard"] == 3


def test_the_claims_expect_what_the_exact_loss_gives(generator: ModuleType) -> None:
    content = load_study(STUDIES / "refit.yaml").content
    problem, rate, batch = generator.PROBLEM, generator.RATE, generator.BATCH
    exact = pd.DataFrame(
        {"N": size, "D": steps * batch, "loss": loss}
        for size in generator.SIZES
        for steps, loss in zip(
            generator.STEPS,
            constant_rate_loss(size, rate, batch, generator.STEPS, noise=problem["noise_variance"]),
            strict=True,
        )
    )

    for claim in content.claims:
        if claim.difference is not None:
            at = exact[exact["D"] == claim.where["D"]].set_index("N")["loss"]
            assert claim.expected == round(at[claim.of["N"]] - at[claim.minus["N"]], 4)
            continue
        name, form, parameter = str(claim.value).split(".")
        law = content.laws[name]
        wanted = {**law.where, **claim.where}
        points = exact[np.logical_and.reduce([exact["N"] > 0, *(exact[k] == v for k, v in wanted.items())])]
        found = fit(points, form, y=law.y, x=law.inputs, cluster=None, draws=1).estimates[parameter].value
        assert claim.expected == round(found, 4)


def test_the_shipped_table_is_what_its_script_writes(generator: ModuleType) -> None:
    table = pd.read_csv(STUDIES / "refit.csv")
    made = [(size, seed, generator.runs_of(size, seed)) for size, seed in ((4, 0), (16, 7))]

    for size, seed, losses in made:
        kept = table[(table["modes"] == size) & (table["seed"] == seed)]
        np.testing.assert_allclose(kept["loss"], losses, rtol=1e-5)


def test_the_shipped_plan_has_no_runs_to_train() -> None:
    plan = make_plan(load_study(STUDIES / "refit.yaml"))

    assert (plan.runs, plan.shards, plan.pools) == ((), {}, ())
    assert list(import_table(plan)[0].columns[:6]) == ["run_id", "N", "D", "seed", "loss", "shuffled_N"]
