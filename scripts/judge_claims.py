"""Judge the claims of a study by its tables."""

import _path  # noqa: F401

from lawbook.claims.judge import judge_claims
from lawbook.storage.tables import write_csv, write_table
from lawbook.workflow.jobs import begin, reported

with reported():
    job = begin("judge")
    content = job.plan.study.content
    claims = judge_claims(content.claims, job.results, content.laws, content.analyses)
    write_table(claims, job.out[0], "claims", job.provenance(job.results / "runs.parquet"))
    write_csv(claims, job.out[0].with_suffix(".csv"))
