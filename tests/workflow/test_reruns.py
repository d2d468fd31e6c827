"""Reruns are exact: what changes a number reruns, with all that follows from it, and nothing else does."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.workflow.conftest import STUDY, Checkout

YAML = "config/studies/smoke.yaml"
CLAIMS = {"judge_claims": 1, "write_report": 1, STUDY: 1}
FITS = {"fit_laws": 1, "draw_figure": 2, **CLAIMS}
COLLECTED = {"collect_runs": 1, **FITS}


def test_what_changes_no_number_reruns_nothing(finished: Checkout) -> None:
    # The folder was moved already: `finished` is a copy.
    finished.edit("src/lawbook/training/stack.py", "\nclass StackedRuns", "\n# A comment.\nclass StackedRuns")
    finished.edit("src/lawbook/laws/solver.py", "from __future__", "# Another comment.\nfrom __future__")
    finished.edit("src/lawbook/models/mlp.py", '"""Multilayer perceptron:', '"""A new docstring:')
    source = finished.folder / "src/lawbook"
    (source / "tasks/another.py").write_text((source / "tasks/digits.py").read_text())
    (source / "laws/forms/another.py").write_text((source / "laws/forms/power.py").read_text())

    assert finished.jobs() == {}


def test_a_csv_that_nothing_needs_is_made_again_all_the_same(finished: Checkout) -> None:
    finished.path("claims.csv").unlink()

    assert finished.jobs() == CLAIMS


def test_the_law_solver_reruns_fits_figures_claims_and_report(finished: Checkout) -> None:
    file = finished.folder / "src/lawbook/laws/solver.py"
    file.write_text(file.read_text() + "\nANOTHER = 1\n")

    assert finished.jobs() == FITS


def test_the_model_retrains_probes_and_shards(finished: Checkout) -> None:
    file = finished.folder / "src/lawbook/models/mlp.py"
    file.write_text(file.read_text() + "\nANOTHER = 1\n")

    assert finished.jobs() == {"score_pools": 1, "train_shard": 3, **COLLECTED}


def test_each_block_of_a_study_reruns_its_own_rules(finished: Checkout) -> None:
    finished.edit(YAML, "at_most: 0", "at_most: 0.01")
    assert finished.jobs() == CLAIMS

    finished.edit(YAML, "title: Smoke", "title: Smoke and mirrors")
    assert finished.jobs() == CLAIMS

    finished.edit(YAML, "  - {curves: data_size}\n", "  - {curves: keep_fraction}\n")
    assert finished.jobs() == {"draw_figure": 1, **CLAIMS}


def test_another_keep_fraction_starts_no_probe_and_no_score_job(finished: Checkout) -> None:
    finished.edit(YAML, "set: {samples: 256, keep_fraction: 0.5}", "set: {samples: 256}")
    finished.edit(
        YAML, "{metric: [random, el2n], seed", "{keep_fraction: [0.25, 0.5], metric: [random, el2n], seed"
    )

    assert finished.jobs() == {"plan_study": 1, "train_shard": 2, **COLLECTED}


def test_a_deleted_shard_comes_from_the_cache_and_a_new_rate_trains_its_runs_alone(
    finished: Checkout,
) -> None:
    before = finished.table("costs").set_index("run_id")
    finished.path("shards/width=16_pruned.parquet").unlink()
    assert finished.jobs() == {"train_shard": 1, **COLLECTED}
    finished.edit(YAML, "metric: [random, el2n],", "metric: [random, el2n], learning_rate: [3.0e-3, 1.0e-2],")
    assert finished.jobs() == {"plan_study": 1, "train_shard": 2, **COLLECTED}

    ran = finished.lawbook("run", STUDY)

    assert ran.returncode == 0, ran.stderr
    after = finished.table("costs").set_index("run_id")
    new = after.index.difference(before.index)
    assert len(new) == 4
    assert not after.loc[new, "cached"].any()
    rerun = before[before["shard"] != "width=8"].index
    assert after.loc[rerun, "cached"].all()
    untouched = before.index.difference(rerun)
    pd.testing.assert_frame_equal(after.loc[untouched], before.loc[untouched])


@pytest.mark.slow
@pytest.mark.long
def test_a_deleted_shard_trains_none_and_changes_no_byte(finished: Checkout, undisturbed: Checkout) -> None:
    finished.path("shards/width=8.parquet").unlink()

    ran = finished.lawbook("run", STUDY)

    assert ran.returncode == 0, ran.stderr
    assert finished.table("costs").query("shard == 'width=8'")["cached"].all()
    assert finished.path("runs.parquet").read_bytes() == undisturbed.path("runs.parquet").read_bytes()


def test_a_job_refuses_when_the_study_has_changed_since_it_was_submitted(finished: Checkout) -> None:
    import os
    import subprocess
    import sys

    places = {"LAWBOOK_STUDIES": "config/studies", "LAWBOOK_CACHE": "results/.cache"}
    job = [sys.executable, "scripts/plan_study.py", STUDY, "--expect", "0" * 16, "--out", "plan.parquet"]
    environment = os.environ | places | {"PYTHONPATH": str(finished.folder / "src")}
    refused = subprocess.run(
        job, cwd=finished.folder, env=environment, capture_output=True, text=True, check=False
    )

    assert refused.returncode == 2
    assert "smoke.yaml has changed since this job was submitted" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (finished.folder / "plan.parquet").exists()


def test_another_derived_column_trains_nothing(finished: Checkout) -> None:
    finished.edit(YAML, "laws:\n", "columns: {gap: {difference: [test_loss, train_loss]}}\nlaws:\n")

    assert finished.jobs() == COLLECTED
