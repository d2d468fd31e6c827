"""Publish the plan of a study: a row per run."""

import _path  # noqa: F401

from lawbook.jobs import job_arguments, planned, provenance, reported
from lawbook.stages import plan_digest
from lawbook.tables import write_table

with reported():
    job = job_arguments("plan", "out")
    write_table(planned(job, plan_digest).table(), job.out[0], made=provenance(job))
