"""Find the quanta of a study, and judge them by a run of another seed, or by the tasks where these are known."""

import _path  # noqa: F401

from lawbook.storage.tables import write_table
from lawbook.training.process import load_libraries
from lawbook.workflow.freshness import check_inputs
from lawbook.workflow.jobs import job_arguments, planned, provenance, reported
from lawbook.workflow.stages import quanta_digest, training_code

with reported():
    load_libraries()
    from lawbook.analyses.text_quanta.compute import discover_quanta

    job = job_arguments("discover", "runs", "out")
    plan = planned(job, quanta_digest)
    check_inputs(plan, job.runs, job.runs[0].parent)
    tables = discover_quanta(plan, cache=job.cache, code=training_code(plan))
    made = provenance(job, job.runs[0])
    for file in job.out:
        write_table(tables[file.stem], file, file.stem, made)
