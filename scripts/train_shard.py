"""Train the runs of one shard, or take them from the cache."""

from lawbook.jobs import job_arguments, planned, provenance, reported
from lawbook.progress import heartbeat
from lawbook.provenance import about_runs
from lawbook.stopping import heed_signals
from lawbook.studies import shard_digest
from lawbook.tables import read_table, write_table
from lawbook.training.shard import train_shard

with reported():
    heed_signals()
    job = job_arguments("train", "shard", "scores", "out")
    shard = str(job.shard[0])
    plan = planned(job, lambda plan: shard_digest(plan.shards[shard]))
    runs = plan.shards[shard]
    curves, outcomes = train_shard(
        runs,
        shard=shard,
        cache=job.cache,
        code=job.expect[1],
        scores=read_table(job.scores[0]) if job.scores else None,
        heartbeat=heartbeat(job.out[0].parents[1], shard),
        keep=plan.kept,
    )
    made = provenance(job, about_runs(outcomes, (run.config["seed"] for run in runs)))
    write_table(outcomes, job.out[1], "outcomes", made)
    write_table(curves, job.out[0], "curves", made)
