"""Import the runs of a study from the table that it names."""

import _path  # noqa: F401

from lawbook.results.from_table import import_table
from lawbook.storage.tables import write_csv, write_table
from lawbook.workflow.jobs import begin, reported

with reported():
    job = begin("import")
    runs, source = import_table(job.plan)
    made = job.provenance({"data": list(source["sha256"])})
    write_table(source, job.out[1], "source", made)
    write_table(runs, job.out[0], made=made, roles=job.plan.roles)
    write_csv(runs, job.out[0].with_suffix(".csv"))
