"""Take the runs of a study from the table that it names."""

from lawbook.jobs import job_arguments, planned, reported
from lawbook.tables import write_csv, write_table
from lawbook.take import take_table
from lawbook.workflow import source_digest

with reported():
    job = job_arguments("take", "out")
    runs, source = take_table(planned(job, source_digest))
    write_table(source, job.out[1], "source")
    write_table(runs, job.out[0])
    write_csv(runs, job.out[0].with_suffix(".csv"))
