"""Train the probes of a study's pools and score their examples."""

import _path  # noqa: F401

from lawbook.storage.provenance import about_runs
from lawbook.storage.tables import write_table
from lawbook.studies import pools_digest
from lawbook.training.process import load_libraries
from lawbook.workflow.jobs import job_arguments, planned, provenance, reported
from lawbook.workflow.progress import SCORES, heartbeat
from lawbook.workflow.stages import code_digest

with reported():
    load_libraries()
    from lawbook.scoring.score import score_pools

    job = job_arguments("score", "out")
    plan = planned(job, lambda plan: pools_digest(plan.pools))
    scores, scorings = score_pools(
        plan.pools,
        cache=job.cache,
        code=code_digest(plan, "score"),
        heartbeat=heartbeat(job.out[0].parent, SCORES),
    )
    made = provenance(job, about_runs(scorings.rename(columns={"pool_digest": "data"}), scorings["seed"]))
    write_table(scorings, job.out[1], "scorings", made)
    write_table(scores, job.out[0], "scores", made)
