"""Export: a finished study packed into one bundle."""

from __future__ import annotations

from pathlib import Path

from lawbook.bundle.archive import Manifest, describe, write_archive
from lawbook.errors import LawbookError
from lawbook.storage.provenance import read_provenance
from lawbook.studies import Plan
from lawbook.workflow.stages import (
    FIGURE_FORMATS,
    FIT_TABLES,
    TWINS,
    claims_digest,
    collect_digest,
    figure_digest,
    laws_digest,
    source_digest,
    study_digest,
    tables_of,
)


def export_study(plan: Plan, results: Path, out: Path) -> Manifest:
    """Write a bundle of a study: YAML, tables, figures, report, and a manifest of digests and versions.

    results: the study's results folder. Raises LawbookError if something is not there yet, or was made from
    another version of the study.
    """
    files = _files(plan, results)
    for name, path in files.items():
        if not path.is_file():
            raise LawbookError(
                f"{path} is not there yet; `lawbook run {plan.study.name}` makes it ({name} of the bundle)"
            )
    made = {
        "runs": (results / "runs.parquet", (collect_digest if plan.source is None else source_digest)(plan)),
        "fits": (results / "fits.parquet", laws_digest(plan)),
        "claims": (results / "claims.parquet", claims_digest(plan)),
    } | {
        f"figures.{block.name}": (results / f"figures/{block.name}.svg", figure_digest(plan, block.name))
        for block in plan.study.content.figures
    }
    provenance = {name: read_provenance(path) for name, (path, _) in made.items()}
    for name, (path, digest) in made.items():
        if provenance[name].configuration != digest:
            fix = f"`lawbook run {plan.study.name}` brings it up to date"
            raise LawbookError(f"{path} was made from another version of {plan.study.file}; {fix}")
    manifest = Manifest(
        study=plan.study.name,
        digests={"study": study_digest(plan), **{name: digest for name, (_, digest) in made.items()}},
        code={name: one.code for name, one in provenance.items()},
        versions=dict(provenance["fits"].versions),
        runs=dict(provenance["runs"].runs),
        files=describe(files),
    )
    write_archive(out, manifest, files)
    return manifest


def _files(plan: Plan, results: Path) -> dict[str, Path]:
    """Return the files of a finished study by their names in the bundle."""
    content, tables = plan.study.content, tables_of(plan)
    planned = () if plan.source is not None else ("plan",)
    names = [f"{table}.parquet" for table in (*planned, *tables, *FIT_TABLES, "claims")]
    names += [f"{table}.csv" for table in TWINS if table in (*tables, "fits", "claims")]
    names += [f"figures/{block.name}.{kind}" for block in content.figures for kind in FIGURE_FORMATS]
    found = {f"results/{name}": results / name for name in (*names, "report.html")}
    return {plan.study.file.name: plan.study.file, **found}
