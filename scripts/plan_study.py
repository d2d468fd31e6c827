"""Publish the plan of a study: a row per run."""

import _path  # noqa: F401

from lawbook.storage.tables import write_table
from lawbook.workflow.jobs import begin, reported

with reported():
    job = begin("plan")
    write_table(job.plan.table(), job.out[0], made=job.provenance(), roles=job.plan.roles)
