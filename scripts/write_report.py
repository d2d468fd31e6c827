"""Write the report of a study."""

from lawbook.errors import one_message
from lawbook.jobs import job_arguments, planned
from lawbook.report.page import write_report
from lawbook.workflow import study_digest

with one_message():
    job = job_arguments("report", "out")
    write_report(planned(job, study_digest).study, job.out[0].parent)
