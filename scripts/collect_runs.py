"""Put the shards of a study into one table of runs, one of curves and one of costs."""

from lawbook.collect import collect_runs
from lawbook.jobs import job_arguments, planned, provenance, reported
from lawbook.provenance import about_runs
from lawbook.tables import write_csv, write_table
from lawbook.workflow import plan_digest

with reported():
    job = job_arguments("collect", "shards", "out")
    runs, curves, costs = collect_runs(planned(job, plan_digest), job.shards)
    made = provenance(job, about_runs(costs, runs["seed"]))
    for table, path in zip((runs, curves, costs), job.out, strict=True):
        write_table(table, path, made=made)
        write_csv(table, path.with_suffix(".csv"))
