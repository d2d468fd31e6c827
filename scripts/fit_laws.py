"""Fit the laws of a study to its runs, and find its frontiers."""

import _path  # noqa: F401

from lawbook.analyses.pruning_frontier.compute import fit_frontiers
from lawbook.fitting.sensitivity import sensitivity
from lawbook.fitting.study import fit_study
from lawbook.storage.tables import read_table, write_csv, write_table
from lawbook.studies.columns_block import bounded
from lawbook.workflow.freshness import check_inputs
from lawbook.workflow.jobs import job_arguments, planned, provenance, reported
from lawbook.workflow.stages import laws_digest

with reported():
    job = job_arguments("fit", "runs", "out")
    plan = planned(job, laws_digest)
    check_inputs(plan, job.runs, job.out[0])
    content, runs = plan.study.content, read_table(job.runs[0])
    curves = read_table(job.runs[1]) if len(job.runs) > 1 else None
    given = {"curves": curves, "bounded": bounded(content.columns)}
    tables = fit_study(content.laws, runs, **given)
    tables["sensitivity"] = sensitivity(content.laws, runs, **given)
    tables |= fit_frontiers(content.frontiers, runs)
    for name, table in tables.items():
        write_table(table, job.out[0] / f"{name}.parquet", name, provenance(job, job.runs[0]))
    write_csv(tables["fits"], job.out[0] / "fits.csv")
