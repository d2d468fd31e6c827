"""Workflow Run RO-Crate 0.5: the bundle of a study with `ro-crate-metadata.json` and the workflow that made it.

The zip stays a bundle: its manifest names the further files too, so `lawbook check-bundle` checks it as any other.
https://www.researchobject.org/workflow-run-crate tells of the profiles.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lawbook.bundle.archive import MANIFEST, File, describe
from lawbook.exports import Finished, Form, licence_url, summary_of
from lawbook.exports._lawbook import licence
from lawbook.exports._run_crate import WORKFLOW, Entity, Record, address, ref
from lawbook.report.markdown import escaped
from lawbook.storage.files import write_text
from lawbook.workflow.places import workflow_files

METADATA, README = "ro-crate-metadata.json", "README.md"
CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]
RO_CRATE = "https://w3id.org/ro/crate/1.1"
WORKFLOW_RO_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
    WORKFLOW_RO_CRATE: ("Workflow RO-Crate", "1.0"),
}
"""The profiles that a crate conforms to: name and version of each."""

NO_LICENCE = (
    "No licence is stated: those who ran the study have not said under which its results are given away."
)
"""The licence that a crate must name, where nobody has said one."""

_FORMATS = {
    ".parquet": "application/vnd.apache.parquet", ".csv": "text/csv", ".html": "text/html", ".yaml": "application/yaml",
    ".svg": "image/svg+xml", ".pdf": "application/pdf", ".png": "image/png", ".json": "application/json",
    ".py": "text/x-python", ".md": "text/markdown", ".smk": "text/plain", "": "text/plain",
}  # fmt: skip


def crate_of(study: Finished, files: Mapping[str, File]) -> dict[str, Any]:
    """Return the JSON-LD of a study's crate; files: what it holds besides the metadata and the manifest."""
    entities = {entity["@id"]: entity for entity in Record(study).entities()}
    actions = [identity for identity, entity in entities.items() if "Action" in entity["@type"]]
    lawbooks = licence()
    for name, file in files.items():
        known = entities.get(address(name), {"@id": address(name), "@type": "File"})
        entity = {**_details(name), **known, "contentSize": str(file.bytes), "sha256": file.sha256}
        entities[address(name)] = entity
        if name.startswith(("workflow/", "scripts/")) and lawbooks:
            entity["license"] = ref(licence_url(lawbooks))
    if README in files:
        entities[README]["about"] = ref("./")
    about = "Size and SHA-256 of every other file, digests of study and code, versions of packages."
    entities[MANIFEST] = {"@id": MANIFEST, "@type": "File", "description": about, **_details(MANIFEST)}
    for name in filter(None, (study.licence, lawbooks)):
        entities[licence_url(name)] = {"@id": licence_url(name), "@type": "CreativeWork", "name": name}
    for profile, (name, version) in PROFILES.items():
        entities[profile] = {"@id": profile, "@type": "CreativeWork", "name": name, "version": version}
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
        "mentions": [ref(identity) for identity in actions],
    }
    descriptor: Entity = {
        "@id": METADATA,
        "@type": "CreativeWork",
        "about": ref("./"),
        "conformsTo": [ref(RO_CRATE), ref(WORKFLOW_RO_CRATE)],
    }
    graph = [_compact(entity) for entity in (descriptor, root, *entities.values())]
    return {"@context": CONTEXT, "@graph": graph}


def _details(name: str) -> Entity:
    return {"name": name, "encodingFormat": _FORMATS[Path(name).suffix]}


def _compact(entity: Entity) -> Entity:
    """Return an entity without what is empty, and with what is only one by itself, as RO-Crate asks."""
    alone = {
        key: value[0] if isinstance(value, list) and len(value) == 1 else value
        for key, value in entity.items()
    }
    return {key: value for key, value in alone.items() if value != []}


def _readme(study: Finished) -> str:
    return "\n\n".join(
        (
            f"# {escaped(study.content.title)}",
            f"The study {escaped(study.name)} of Lawbook. {escaped(summary_of(study))}",
            "- `results/report.html` tells its results; the tables beside it hold them.",
            f"- `{METADATA}` tells how they were made, as a Workflow Run RO-Crate 0.5.",
            f"- `{MANIFEST}` makes this a bundle of Lawbook, whose command check-bundle makes fits, claims and figures "
            "again from the runs.",
        )
    )


def _write(study: Finished, path: Path) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        written = {name: Path(folder) / name for name in (README, METADATA)}
        write_text(written[README], _readme(study) + "\n")
        beside = {**workflow_files(), README: written[README]}
        crate = crate_of(study, describe({**study.contents.files, **beside}))
        write_text(written[METADATA], json.dumps(crate, indent=2, ensure_ascii=False) + "\n")
        manifest = study.contents.write(path, {**beside, METADATA: written[METADATA]})
    return [
        f"{len(manifest.files)} files, {path.stat().st_size:,} bytes",
        f"It is a bundle, too: lawbook check-bundle {path.name}",
    ]


export = Form("{study}.zip", _write)
