"""Draw one figure of a study."""

import _path  # noqa: F401

from lawbook.report.figures import draw_figure
from lawbook.workflow.jobs import job_arguments, planned, provenance, reported
from lawbook.workflow.stages import figure_block, figure_digest

with reported():
    job = job_arguments("draw", "figure", "out")
    figure = str(job.figure[0])
    plan = planned(job, lambda plan: figure_digest(plan, figure), figure)
    results = job.out[0].parent
    made = provenance(job, results / "runs.parquet")
    draw_figure(figure_block(plan, figure), results, plan.study.content, job.out[0], made)
