"""Draw one figure of a study."""

import _path  # noqa: F401

from lawbook.report.figures import draw_figure
from lawbook.workflow.configuration import figure_block
from lawbook.workflow.jobs import begin, reported

with reported():
    job = begin("draw")
    made = job.provenance(job.results / "runs.parquet")
    block, out = figure_block(job.plan, job.part), job.out[0].parent
    draw_figure(block, job.results, job.plan.study.content, out, made)
