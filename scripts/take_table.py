"""Take the runs of a study from the table that it names."""

import _path  # noqa: F401

from lawbook.results.from_table import import_table
from lawbook.storage.tables import write_csv, write_table
from lawbook.workflow.jobs import job_arguments, planned, provenance, reported
from lawbook.workflow.stages import source_digest

with reported():
    job = job_arguments("take", "out")
    plan = planned(job, source_digest)
    runs, source = import_table(plan)
    made = provenance(job, {"data": list(source["sha256"])})
    write_table(source, job.out[1], "source", made)
    write_table(runs, job.out[0], made=made, roles=plan.roles)
    write_csv(runs, job.out[0].with_suffix(".csv"))
