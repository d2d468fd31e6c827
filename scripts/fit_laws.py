"""Fit the laws of a study to its runs."""

import _path  # noqa: F401

from lawbook.fitting.sensitivity import sensitivity
from lawbook.fitting.study import fit_study
from lawbook.storage.tables import read_table, write_csv, write_table
from lawbook.studies.columns_block import bounded
from lawbook.workflow.jobs import begin, reported

with reported():
    job = begin("fit")
    laws, (runs, *more) = job.plan.study.content.laws, map(read_table, job.inputs)
    given = {"curves": more[0] if more else None, "bounded": bounded(job.plan.study.content.columns)}
    tables = fit_study(laws, runs, **given)
    tables["sensitivity"] = sensitivity(laws, runs, **given)
    for file in job.out:
        write_table(tables[file.stem], file, file.stem, job.provenance(job.inputs[0]))
    write_csv(tables["fits"], job.results / "fits.csv")
