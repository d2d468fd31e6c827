"""Every table and figure of a study that was run says how it came to be, and so does each of its runs."""

from __future__ import annotations

from tests.workflow.conftest import STUDY, Checkout

from lawbook.storage.provenance import read_provenance
from lawbook.studies import plan_study
from lawbook.workflow.stages import STAGES


def test_every_table_and_figure_names_its_digests_versions_devices_and_seeds(undisturbed: Checkout) -> None:
    plan = plan_study(STUDY, undisturbed.folder / "config/studies")
    made = {
        file.name: read_provenance(file)
        for pattern in ("*.parquet", "shards/*.parquet", "figures/*.svg")
        for file in undisturbed.path("").glob(pattern)
    }
    (trained_by,) = undisturbed.table("costs")["digest"].unique()

    assert made["plan.parquet"].configuration == made["runs.parquet"].configuration == plan.digest
    for file, stage in (("fits", "fit"), ("claims", "judge"), ("runs", "collect")):
        assert made[f"{file}.parquet"].stage == stage
        assert made[f"{file}.parquet"].configuration == STAGES[stage].configuration(plan, "")
        assert made[f"{file}.parquet"].code == STAGES[stage].code(plan)
    assert {one.study for one in made.values()} == {STUDY}
    assert all(one.versions["numpy"] and one.versions["lawbook"] for one in made.values())
    behind = [one.runs for name, one in made.items() if name != "plan.parquet"]
    assert all(runs["seeds"] == "0-1" and runs["devices"] == ["cpu"] and runs["data"] for runs in behind)
    assert made["runs.parquet"].runs["code"] == [trained_by]
    assert made["claims.parquet"].runs == made["runs.parquet"].runs


def test_status_says_why_a_run_has_its_numbers(undisturbed: Checkout) -> None:
    runs = undisturbed.table("runs")
    run = runs[runs["metric"] == "el2n"].iloc[0]
    told = undisturbed.lawbook("status", "--why", run["run_id"][:9])

    assert told.returncode == 0, told.stderr
    said = " ".join(told.stdout.replace("│", " ").split())
    assert run["run_id"] in said
    assert "metric el2n" in said
    assert "pruned by el2n of pool" in said
    assert f"test_loss {run['test_loss']:.6g}" in said
    assert "that of today" in said
    assert "results/.cache/" in said

    for wanted, problem in (("zzz", "no study plans a run 'zzz'"), ("", "write more of it")):
        refused = undisturbed.lawbook("status", STUDY, "--why", wanted)
        assert refused.returncode == 2
        assert problem in refused.stderr
