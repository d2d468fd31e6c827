"""Train the runs of one shard, or take them from the cache."""

import _path  # noqa: F401

from lawbook.storage.provenance import about_runs
from lawbook.storage.tables import read_table, write_table
from lawbook.training.process import load_libraries
from lawbook.workflow.jobs import begin, reported
from lawbook.workflow.progress import heartbeat
from lawbook.workflow.stages import measuring_code, training_code

if __name__ == "__main__":  # the processes of a distributed run import this file, too
    with reported():
        load_libraries()
        from lawbook.training.measure import how_measured, requests_of
        from lawbook.training.shard import train_shard

        job = begin("train")
        shard, runs = job.part, job.plan.shards[job.part]
        scores = read_table(job.inputs[0]) if job.inputs else None
        code, requests = training_code(job.plan), requests_of(job.plan.study, measuring_code(job.plan))
        more = {"heartbeat": heartbeat(job.results, shard), "keep": job.plan.kept, "requests": requests}
        curves, outcomes = train_shard(runs, shard=shard, cache=job.cache, code=code, scores=scores, **more)
        print(how_measured(outcomes))
        made = job.provenance(about_runs(outcomes, (run.config["seed"] for run in runs)))
        write_table(outcomes, job.out[1], "outcomes", made)
        write_table(curves, job.out[0], "curves", made)
