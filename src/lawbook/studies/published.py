"""The plan of a study as it is published when a workflow starts, so that a job on one shard plans nothing again."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lawbook.errors import LawbookError
from lawbook.storage.provenance import Provenance, read_provenance, versions
from lawbook.storage.tables import read_rows, write_table
from lawbook.studies.analysis import analyses
from lawbook.studies.identity import Run, reads_scores, run_id
from lawbook.studies.plan import Plan
from lawbook.studies.presets import split_name
from lawbook.studies.study import find_study, load_study

FOLDER = ".plans"
"""Published plans lie here, below the results."""


def publish(plan: Plan, results: str | Path) -> None:
    """Write the plan of a study's runs to results/.plans/STUDY.parquet, unless it stands there.

    Not that of a study of one shard, which a job needs whole; nor where an analysis looks into weights, since which
    runs' weights are kept depends on all runs; nor where an axis has text in some runs and numbers in others.
    """
    used = (analyses[kind] for kind, _, _ in plan.study.content.analyses.each())
    if len(plan.shards) < 2 or any("weights" in analysis.needs for analysis in used):
        return
    file = _place(plan.study.name, results)
    made = Provenance(plan.study.name, "plan", _written(plan.study.file), plan.digest, versions(), {})
    with suppress(OSError, LawbookError):
        if read_provenance(file) == made:
            return
    rows = [
        {
            "run_id": run.run_id,
            "sweeps": ",".join(run.sweeps),
            "shard": plan.shard_of[run.run_id],
            **run.config,
        }
        for run in plan.runs
    ]
    with suppress(pa.ArrowException):
        write_table(
            pd.DataFrame(rows, dtype=object), file, made=made
        )  # whole numbers stay whole beside nulls


def shard_alone(name: str, folder: str | Path, shard: str, results: str | Path) -> Plan | None:
    """Return the part of a study's published plan that is one shard; None where the study must be planned.

    That is where no plan is published, where the study's file has been written since, where the runs that are read are
    not, by their identities, those that were planned, and where they read scores, which other runs have a part in.
    """
    study_name, preset = split_name(name)
    file = _place(name, results)
    try:
        found = find_study(study_name, folder)
        if read_provenance(file).configuration != _written(found):
            return None
        rows = read_rows(file, pc.field("shard") == shard).to_pylist()
    except (OSError, LawbookError):
        return None
    study = load_study(found, preset)
    bases = {(variant.base["task"], variant.base["model"]): variant.base for variant in study.variants}
    runs = []
    for row in rows:
        base = bases.get((row["task"], row["model"]))
        if base is None:
            return None
        config = {axis: row[axis] for axis in base}
        runs.append(Run(row["run_id"], config, tuple(row["sweeps"].split(","))))
        if run_id(config) != row["run_id"] or reads_scores(config):
            return None
    return Plan(study, tuple(runs), {shard: runs}, ()) if runs else None


def _place(name: str, results: str | Path) -> Path:
    return Path(results) / FOLDER / f"{name}.parquet"


def _written(file: Path) -> str:
    """Return the digest of a study's file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]
