"""Make one analysis of a study: its tables, from the runs and what else it needs of them."""

import _path  # noqa: F401

from lawbook.storage.files import write_text
from lawbook.storage.tables import write_table
from lawbook.studies.analysis import analyses
from lawbook.workflow.configuration import analysis_of
from lawbook.workflow.jobs import begin, reported
from lawbook.workflow.stages import training_code

with reported():
    from lawbook.analyses import Inputs, compute_analysis
    from lawbook.results.reader import Results

    job = begin("analyse")
    kind, name = analysis_of(job.part)
    weights = {}
    if "weights" in analyses[kind].needs:
        from lawbook.training.process import load_libraries

        load_libraries()
        from lawbook.training.kept_runs import weights_by_run

        looked_into = job.plan.study.content.analyses.of(kind)[name].looked_into(job.plan.runs)
        weights = weights_by_run(job.plan, looked_into, cache=job.cache, code=training_code(job.plan))
    tables = compute_analysis(kind, name, Inputs(job.plan, Results(job.results), weights))
    made, texts = job.provenance(job.results / "runs.parquet"), analyses[kind].texts
    for file in job.out:
        if file.name in texts:
            write_text(file, tables[texts[file.name]]["text"].iloc[0])
        else:
            write_table(tables[file.stem], file, analyses[kind].tables[file.stem], made)
