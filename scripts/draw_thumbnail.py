"""Draw the figure that shows a study's answer, at the size of a card."""

import _path  # noqa: F401

from lawbook.report.card import hero
from lawbook.report.gallery.thumbnail import draw_thumbnail
from lawbook.workflow.configuration import figure_block
from lawbook.workflow.jobs import begin, reported

with reported():
    job = begin("thumbnail")
    made = job.provenance(job.results / "runs.parquet")
    block = figure_block(job.plan, hero(job.plan.study.content) or "")
    draw_thumbnail(block, job.results, job.plan.study.content, made)
