"""Fit the laws of a study to its runs."""

from lawbook.fitting import fit_study, sensitivity
from lawbook.jobs import job_arguments, planned, reported
from lawbook.tables import read_table, write_csv, write_table
from lawbook.workflow import laws_digest

with reported():
    job = job_arguments("fit", "runs", "out")
    laws, runs = planned(job, laws_digest).study.content.laws, read_table(job.runs[0])
    tables = fit_study(laws, runs) | {"sensitivity": sensitivity(laws, runs)}
    for name, table in tables.items():
        write_table(table, job.out[0] / f"{name}.parquet", name)
    write_csv(tables["fits"], job.out[0] / "fits.csv")
