"""Judge the claims of a study by its tables."""

import _path  # noqa: F401

from lawbook.claims.judge import judge_claims
from lawbook.storage.tables import write_csv, write_table
from lawbook.workflow.jobs import job_arguments, planned, provenance, reported
from lawbook.workflow.stages import claims_digest

with reported():
    job = job_arguments("judge", "out")
    results = job.out[0].parent
    content = planned(job, claims_digest).study.content
    claims = judge_claims(content.claims, results, content.laws)
    write_table(claims, job.out[0], "claims", provenance(job, results / "runs.parquet"))
    write_csv(claims, job.out[0].with_suffix(".csv"))
