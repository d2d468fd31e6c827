"""Workflow Run RO-Crate 0.5: the bundle of a study with `ro-crate-metadata.json` and the workflow that made it.

The zip stays a bundle: its manifest names the further files too, so `lawbook check-bundle` checks it as any other. The
profiles are https://w3id.org/ro/wfrun/process/0.5, workflow/0.5 and provenance/0.5.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

from lawbook.bundle.archive import MANIFEST, File, describe
from lawbook.bundle.export import study_file
from lawbook.exports import Finished, Form, licence_url, summary_of
from lawbook.exports._run_crate import WORKFLOW, Entity, Record, address, ref
from lawbook.storage.files import write_text
from lawbook.workflow.places import workflow_files

METADATA = "ro-crate-metadata.json"
CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]
RO_CRATE = "https://w3id.org/ro/crate/1.1"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
"""The profiles that a crate conforms to: name and version of each."""

NO_LICENCE = "No licence is stated: those who ran the study have not said under which its results are given away."
"""The licence that a crate must name, where nobody has said one."""

_FORMATS = {
    ".parquet": "application/vnd.apache.parquet", ".csv": "text/csv", ".html": "text/html", ".yaml": "application/yaml",
    ".svg": "image/svg+xml", ".pdf": "application/pdf", ".png": "image/png", ".json": "application/json",
    ".py": "text/x-python",
}  # fmt: skip


def crate_of(study: Finished, files: Mapping[str, File]) -> dict[str, Any]:
    """Return the JSON-LD of a study's crate; files: what it holds besides the metadata and the manifest."""
    run = Record(study).entities()
    described = _with_details(run, files, study)
    licences = [study.licence] if study.licence else []
    root: Entity = {
        "@id": "./",
        "@type": "Dataset",
        "name": study.content.title,
        "description": summary_of(study),
        "datePublished": study.written.isoformat(timespec="seconds"),
        "license": ref(licence_url(study.licence)) if study.licence else NO_LICENCE,
        "conformsTo": [ref(profile) for profile in PROFILES],
        "mainEntity": ref(WORKFLOW),
        "hasPart": [ref(address(name)) for name in [*files, MANIFEST]],
        "mentions": [ref(entity["@id"]) for entity in run if "Action" in entity["@type"]],
    }
    descriptor: Entity = {
        "@id": METADATA,
        "@type": "CreativeWork",
        "about": ref("./"),
        "conformsTo": [ref(RO_CRATE), ref("https://w3id.org/workflowhub/workflow-ro-crate/1.0")],
    }
    manifest: Entity = {
        "@id": MANIFEST,
        "@type": "File",
        "name": MANIFEST,
        "description": "Size and SHA-256 of every other file, digests of study and code, versions of packages.",
        "encodingFormat": _FORMATS[".json"],
    }
    profiles: list[Entity] = [
        {"@id": profile, "@type": "CreativeWork", "name": name, "version": version}
        for profile, (name, version) in PROFILES.items()
    ]
    terms = [{"@id": licence_url(name), "@type": "CreativeWork", "name": name} for name in _licences(licences)]
    return {"@context": CONTEXT, "@graph": [descriptor, root, *profiles, *terms, *described, manifest]}


def _with_details(run: list[Entity], files: Mapping[str, File], study: Finished) -> list[Entity]:
    """Return the entities of a run and of all files, each file with its size, SHA-256 and format."""
    entities = {entity["@id"]: entity for entity in run}
    own = {study_file(study.name), *study.contents.files}
    for name, file in files.items():
        entity = entities.setdefault(address(name), {"@id": address(name), "@type": "File"})
        entity |= {"name": name, "contentSize": str(file.bytes), "sha256": file.sha256}
        if kind := _FORMATS.get(Path(name).suffix):
            entity["encodingFormat"] = kind
        if name not in own and (terms := _licence_of_lawbook()):
            entity["license"] = ref(licence_url(terms))
    return list(entities.values())


def _licences(stated: Iterable[str]) -> list[str]:
    """Return each licence that an entity names, once."""
    return list(dict.fromkeys([*stated, *filter(None, [_licence_of_lawbook()])]))


def _licence_of_lawbook() -> str | None:
    return metadata("lawbook").get("License-Expression")


def _write(study: Finished, path: Path) -> list[str]:
    workflow = workflow_files()
    described = describe({**study.contents.files, **workflow})
    with tempfile.TemporaryDirectory() as folder:
        text = json.dumps(crate_of(study, described), indent=2, ensure_ascii=False)
        write_text(Path(folder) / METADATA, text + "\n")
        manifest = study.contents.write(path, {**workflow, METADATA: Path(folder) / METADATA})
    return [
        f"{len(manifest.files)} files, {path.stat().st_size:,} bytes",
        f"It is a bundle, too: lawbook check-bundle {path.name}",
    ]


export = Form("{study}.zip", _write)
