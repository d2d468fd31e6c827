"""Put the shards of a study into one table of runs, one of curves and one of costs."""

from lawbook.collect import collect_runs
from lawbook.jobs import job_arguments, planned, reported
from lawbook.tables import write_csv, write_table
from lawbook.workflow import plan_digest

with reported():
    job = job_arguments("collect", "shards", "out")
    tables = collect_runs(planned(job, plan_digest), job.shards)
    for table, path in zip(tables, job.out, strict=True):
        write_table(table, path)
        write_csv(table, path.with_suffix(".csv"))
