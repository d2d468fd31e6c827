"""Train the probes of a study's pools and score their examples."""

import _path  # noqa: F401

from lawbook.jobs import job_arguments, planned, provenance, reported
from lawbook.progress import SCORES, heartbeat
from lawbook.provenance import about_runs
from lawbook.stages import code_digest
from lawbook.studies import pools_digest
from lawbook.tables import write_table

with reported():
    from lawbook.pruning.scoring import score_pools

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
