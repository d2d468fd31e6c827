"""Put the shards of a study into one table of runs, one of curves and one of costs."""

import _path  # noqa: F401

from lawbook.results.collect import collect_runs, sorted_curves
from lawbook.storage.provenance import about_runs
from lawbook.storage.tables import write_csv, write_parts, write_table
from lawbook.workflow.freshness import check_inputs
from lawbook.workflow.jobs import job_arguments, planned, provenance, reported
from lawbook.workflow.stages import collect_digest

with reported():
    job = job_arguments("collect", "out")
    plan, (runs_file, curves_file, costs_file) = planned(job, collect_digest), job.out
    shards = [runs_file.parent / f"shards/{shard}.parquet" for shard in plan.shards]
    results = runs_file.parent
    check_inputs(plan, [*shards, *(file.with_suffix(".runs.parquet") for file in shards)], results)
    runs, costs = collect_runs(plan, shards)
    made = provenance(job, about_runs(costs, runs["seed"]))
    write_parts(sorted_curves(shards), curves_file, "curves", made)
    write_table(costs, costs_file, made=made)
    write_table(runs, runs_file, made=made, roles=plan.roles)
    for table, path in ((costs, costs_file), (runs, runs_file)):
        write_csv(table, path.with_suffix(".csv"))
