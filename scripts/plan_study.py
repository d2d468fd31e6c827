"""Publish the plan of a study: a row per run."""

import _path  # noqa: F401

from lawbook.storage.tables import write_table
from lawbook.workflow.jobs import job_arguments, planned, provenance, reported
from lawbook.workflow.stages import plan_digest

with reported():
    job = job_arguments("plan", "out")
    plan = planned(job, plan_digest)
    write_table(plan.table(), job.out[0], made=provenance(job), roles=plan.roles)
