"""Draw one figure of a study."""

from lawbook.jobs import job_arguments, planned, reported
from lawbook.report.figures import draw_figure
from lawbook.workflow import figure_block, figure_digest

with reported():
    job = job_arguments("draw", "figure", "out")
    figure = str(job.figure[0])
    plan = planned(job, lambda plan: figure_digest(plan, figure), figure)
    draw_figure(figure_block(plan, figure), job.out[0].parent, plan.study.content, job.out[0])
