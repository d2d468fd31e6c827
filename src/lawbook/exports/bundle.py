"""The bundle: a study in one file, which `lawbook check-bundle` checks elsewhere."""

from __future__ import annotations

from pathlib import Path

from lawbook.exports import Finished, Form


def _write(study: Finished, path: Path) -> list[str]:
    manifest = study.contents.write(path)
    return [
        f"{len(manifest.files)} files, {path.stat().st_size:,} bytes",
        f"Check it on another machine: lawbook check-bundle {path.name}",
    ]


export = Form("{study}.zip", _write)
