"""Put the shards of a study into one table of runs, one of curves and one of costs."""

import _path  # noqa: F401

from lawbook.collect import collect_runs, sorted_curves
from lawbook.jobs import job_arguments, planned, provenance, reported
from lawbook.makings import check_inputs
from lawbook.provenance import about_runs
from lawbook.stages import plan_digest
from lawbook.tables import write_csv, write_parts, write_table

with reported():
    job = job_arguments("collect", "out")
    plan, (runs_file, curves_file, costs_file) = planned(job, plan_digest), job.out
    shards = [runs_file.parent / f"shards/{shard}.parquet" for shard in plan.shards]
    results = runs_file.parent
    check_inputs(plan, [*shards, *(file.with_suffix(".runs.parquet") for file in shards)], results)
    runs, costs = collect_runs(plan, shards)
    made = provenance(job, about_runs(costs, runs["seed"]))
    write_parts(sorted_curves(shards), curves_file, "curves", made)
    for table, path in ((costs, costs_file), (runs, runs_file)):
        write_table(table, path, made=made)
        write_csv(table, path.with_suffix(".csv"))
