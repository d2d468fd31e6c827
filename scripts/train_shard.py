"""Train the runs of one shard, or take them from the cache."""

import _path  # noqa: F401

from lawbook.storage.provenance import about_runs
from lawbook.storage.tables import read_table, write_table
from lawbook.workflow.jobs import begin, reported
from lawbook.workflow.progress import heartbeat

if __name__ == "__main__":  # the processes of a distributed run import this file, too
    with reported():
        from lawbook.training.shard import train_shard

        job = begin("train")
        shard, runs = job.part, job.plan.shards[job.part]
        scores = read_table(job.inputs[0]) if job.inputs else None
        more = {"heartbeat": heartbeat(job.results, shard), "keep": job.plan.kept}
        curves, outcomes = train_shard(
            runs, shard=shard, cache=job.cache, code=job.expected[1], scores=scores, **more
        )
        made = job.provenance(about_runs(outcomes, (run.config["seed"] for run in runs)))
        write_table(outcomes, job.out[1], "outcomes", made)
        write_table(curves, job.out[0], "curves", made)
