"""Write the report of a study."""

import _path  # noqa: F401

from lawbook.report.page import write_report
from lawbook.workflow.jobs import job_arguments, planned, reported
from lawbook.workflow.stages import study_digest

with reported():
    job = job_arguments("report", "out")
    write_report(planned(job, study_digest).study, job.out[0].parent)
