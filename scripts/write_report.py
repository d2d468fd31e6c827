"""Write the report of a study."""

import _path  # noqa: F401

from lawbook.report.page import write_report
from lawbook.workflow.jobs import begin, reported

with reported():
    job = begin("report")
    write_report(job.plan.study, job.results)
