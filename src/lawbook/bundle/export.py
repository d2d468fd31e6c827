"""Export: a finished study packed into one bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lawbook.bundle.archive import Manifest, describe, write_archive
from lawbook.errors import LawbookError
from lawbook.storage.provenance import read_provenance
from lawbook.studies import Plan
from lawbook.studies.presets import split_name
from lawbook.workflow.freshness import CARRIERS, check_current
from lawbook.workflow.stages import STAGES

LEFT_OUT = "train"
"""The stage whose files are not packed: what they hold stands in the tables of runs and curves."""


@dataclass(frozen=True)
class Contents:
    """What a bundle of a study holds: its manifest, and where each file that the manifest names lies here."""

    manifest: Manifest
    files: Mapping[str, Path]

    def write(self, out: Path, beside: Mapping[str, Path] | None = None) -> Manifest:
        """Write the bundle, with more files beside those of the study if there are any; return its manifest."""
        files = {**self.files, **(beside or {})}
        manifest = self.manifest.model_copy(update={"files": describe(files)}) if beside else self.manifest
        write_archive(out, manifest, files)
        return manifest


def contents_of(plan: Plan, results: Path) -> Contents:
    """Return what a bundle of a study holds: YAML, tables, figures, report, digests and versions.

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
        study_file(plan.study.name): plan.study.file,
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
    return Contents(manifest, files)


def study_file(study: str) -> str:
    """Return what the YAML of a study is called in a bundle; a preset stands in it.

    >>> study_file("quanta@quick")
    'quanta.yaml'
    """
    return f"{split_name(study)[0]}.yaml"


def label(stage: str, part: str) -> str:
    """Return the name of a part of a stage in a manifest.

    >>> label("fit", ""), label("draw", "law_error_by_data")
    ('fit', 'draw law_error_by_data')
    """
    return f"{stage} {part}".strip()
