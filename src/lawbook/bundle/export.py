"""Export: a finished study packed into one bundle."""

from __future__ import annotations

from pathlib import Path

from lawbook.bundle.archive import Manifest, describe, write_archive
from lawbook.errors import LawbookError
from lawbook.storage.provenance import read_provenance
from lawbook.studies import Plan
from lawbook.workflow.freshness import CARRIERS, check_current
from lawbook.workflow.stages import STAGES

LEFT_OUT = "train"
"""The stage whose files are not packed: what they hold stands in the tables of runs and curves."""


def export_study(plan: Plan, results: Path, out: Path) -> Manifest:
    """Write a bundle of a study: YAML, tables, figures, report, and a manifest of digests and versions.

    results: the study's results folder. Raises LawbookError if something is not there yet, or is not current.
    """
    packed = [
        (stage, part, files)
        for stage in STAGES.values()
        if stage.name != LEFT_OUT
        for part, files in stage.files(plan)
    ]
    names = [name for _, _, files in packed for name in files]
    for name in names:
        if not (results / name).is_file():
            problem = f"is not there yet; `lawbook run {plan.study.name}` makes it"
            raise LawbookError(f"{results / name} {problem} (results/{name} of the bundle)")
    check_current(plan, [name for name in names if name.endswith(CARRIERS)], results)
    made = [(label(stage.name, part), stage, part) for stage, part, _ in packed]
    files = {
        f"{plan.study.name}.yaml": plan.study.file,
        **{f"results/{name}": results / name for name in names},
    }
    manifest = Manifest(
        study=plan.study.name,
        digests={name: stage.configuration(plan, part) for name, stage, part in made},
        code={name: stage.code(plan, part) for name, stage, part in made},
        versions=dict(read_provenance(results / "fits.parquet").versions),
        runs=dict(read_provenance(results / "runs.parquet").runs),
        files=describe(files),
    )
    write_archive(out, manifest, files)
    return manifest


def label(stage: str, part: str) -> str:
    """Return the name of a part of a stage in a manifest.

    >>> label("fit", ""), label("draw", "law_error_by_data")
    ('fit', 'draw law_error_by_data')
    """
    return f"{stage} {part}".strip()
