"""Put the shards of a study into one table of runs, one of curves and one of costs."""

import _path  # noqa: F401

from lawbook.results.collect import collect_runs, sorted_curves
from lawbook.storage.provenance import about_runs
from lawbook.storage.tables import write_csv, write_parts, write_table
from lawbook.workflow.jobs import begin, reported

with reported():
    job = begin("collect")
    runs_file, curves_file, costs_file = job.out
    shards = [job.results / f"shards/{shard}.parquet" for shard in job.plan.shards]
    runs, costs = collect_runs(job.plan, shards)
    made = job.provenance(about_runs(costs, runs["seed"]))
    write_parts(sorted_curves(shards), curves_file, "curves", made)
    write_table(costs, costs_file, made=made)
    write_table(runs, runs_file, made=made, roles=job.plan.roles)
    for table, path in ((costs, costs_file), (runs, runs_file)):
        write_csv(table, path.with_suffix(".csv"))
