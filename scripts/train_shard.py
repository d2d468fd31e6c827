"""Train the runs of one shard, or take them from the cache."""

import _path  # noqa: F401

from lawbook.storage.provenance import about_runs
from lawbook.storage.tables import read_table, write_table
from lawbook.studies import shard_digest
from lawbook.training.process import load_libraries
from lawbook.workflow.freshness import check_inputs
from lawbook.workflow.jobs import job_arguments, planned, provenance, reported
from lawbook.workflow.progress import heartbeat
from lawbook.workflow.stages import measuring_code, training_code

if __name__ == "__main__":  # the processes of a distributed run import this file, too
    with reported():
        load_libraries()
        from lawbook.training.measure import how_measured, requests_of
        from lawbook.training.shard import train_shard

        job = job_arguments("train", "shard", "scores", "out")
        shard, results = str(job.shard[0]), job.out[0].parents[1]
        plan = planned(job, lambda plan: shard_digest(plan.shards[shard], plan.study.content.measure))
        check_inputs(plan, job.scores, results)
        runs, scores = plan.shards[shard], read_table(job.scores[0]) if job.scores else None
        code, requests = training_code(plan), requests_of(plan.study, measuring_code(plan))
        more = {"heartbeat": heartbeat(results, shard), "keep": plan.kept, "requests": requests}
        curves, outcomes = train_shard(runs, shard=shard, cache=job.cache, code=code, scores=scores, **more)
        print(how_measured(outcomes))
        made = provenance(job, about_runs(outcomes, (run.config["seed"] for run in runs)))
        write_table(outcomes, job.out[1], "outcomes", made)
        write_table(curves, job.out[0], "curves", made)
