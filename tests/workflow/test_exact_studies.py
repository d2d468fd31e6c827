"""Studies most of whose claims are exact, from file to verdicts: each such claim holds, or says why it does not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tests.shipped import STUDIES

from lawbook.analyses import Inputs, compute_analysis
from lawbook.claims.judge import judge_claims
from lawbook.fitting.study import fit_study
from lawbook.results.collect import collect_runs, sorted_curves
from lawbook.results.reader import Results
from lawbook.storage.status import Verdict
from lawbook.storage.tables import write_parts, write_table
from lawbook.studies import Plan, load_study, make_plan, study_names
from lawbook.studies.analysis import analyses
from lawbook.studies.columns_block import bounded
from lawbook.studies.study import preset_names
from lawbook.studies.yaml_file import read_yaml
from lawbook.training.measure import requests_of
from lawbook.training.shard import train_shard
from lawbook.workflow.stages import measuring_code

PRESET = "quick"
MOST_CPU_S = 40
"""CPU-seconds of training, by the dearest in docs/records.csv, from which a study is left to `make gallery`."""


def exact_studies() -> list[str]:
    """Return the studies that train for no longer, and at least half of whose claims are exact."""
    found = []
    recorded = pd.read_csv(STUDIES.parents[1] / "docs/records.csv")
    cost = recorded.groupby(recorded["study"].str.partition("@")[0])["cpu_s"].max()  # some machines are fast
    for name in study_names(STUDIES):
        written = read_yaml(STUDIES / f"{name}.yaml")
        origins = [claim["origin"] for claim in written.get("claims", [])]
        exact = origins and 2 * origins.count("exact") >= len(origins)
        # Weights are kept by jobs, which are not run here.
        looked_into = any("weights" in analyses[kind].needs for kind in written.get("analyses", {}))
        if "table" not in written and exact and not looked_into and cost.get(name, 0) <= MOST_CPU_S:
            found.append(name)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", exact_studies())
def test_every_exact_claim_holds_or_says_why_it_does_not(name: str, tmp_path: Path) -> None:
    file = STUDIES / f"{name}.yaml"
    plan = make_plan(load_study(file, PRESET if PRESET in preset_names(file) else None))
    claims = judged(plan, tmp_path)
    content = plan.study.content.claims
    for claim, row in zip(content, claims.to_dict("records"), strict=True):
        if claim.origin == "exact" and not claim.note:
            assert row["verdict"] == Verdict.HOLDS, row


def judged(plan: Plan, folder: Path) -> pd.DataFrame:
    """Train, collect, fit, analyse and judge a study in a folder, as its jobs do; return its claims."""
    content, requests = plan.study.content, requests_of(plan.study, measuring_code(plan))
    shards = []
    for shard, runs in plan.shards.items():
        more = {"keep": plan.kept, "requests": requests}
        curves, outcomes = train_shard(runs, shard=shard, cache=folder / "cache", code="", **more)
        shards.append(folder / f"shards/{shard}.parquet")
        write_table(curves, shards[-1], "curves")
        write_table(outcomes, shards[-1].with_suffix(".runs.parquet"), "outcomes")
    runs, costs = collect_runs(plan, shards)
    write_parts(sorted_curves(shards), folder / "curves.parquet", "curves")
    write_table(costs, folder / "costs.parquet")
    write_table(runs, folder / "runs.parquet", roles=plan.roles)
    given = {"curves": Results(folder).curves, "bounded": bounded(content.columns)}
    for kind, table in fit_study(content.laws, Results(folder).runs, **given).items():
        write_table(table, folder / f"{kind}.parquet", kind)
    for kind, name, _ in content.analyses.each():
        for table, rows in compute_analysis(kind, name, Inputs(plan, Results(folder))).items():
            write_table(rows, folder / kind / name / f"{table}.parquet", analyses[kind].tables[table])
    return judge_claims(content.claims, folder, content.laws, content.analyses)
