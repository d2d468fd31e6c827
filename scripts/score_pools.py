"""Train the probes of a study's pools and score their examples."""

import _path  # noqa: F401

from lawbook.storage.provenance import about_runs
from lawbook.storage.tables import write_table
from lawbook.training.process import load_libraries
from lawbook.workflow.jobs import begin, reported
from lawbook.workflow.progress import SCORES, heartbeat

with reported():
    load_libraries()
    from lawbook.scoring.score import score_pools

    job = begin("score")
    beat = heartbeat(job.results, SCORES)
    scores, scorings = score_pools(job.plan.pools, cache=job.cache, code=job.expected[1], heartbeat=beat)
    made = job.provenance(about_runs(scorings.rename(columns={"pool_digest": "data"}), scorings["seed"]))
    write_table(scorings, job.out[1], "scorings", made)
    write_table(scores, job.out[0], "scores", made)
