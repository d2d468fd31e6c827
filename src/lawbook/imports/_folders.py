"""The folders of a source on disk, one after the other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from lawbook.errors import LawbookError, suggest


def folder_at(source: str, what: str) -> Path:
    """Return the folder of a source. Raises LawbookError if there is none; `what` says what it should be."""
    folder = Path(source)
    if folder.is_dir():
        return folder
    if folder.exists():
        raise LawbookError(f"{source}: is no folder; give {what}")
    beside = [path.name for path in folder.parent.glob("*") if path.is_dir()]
    near = suggest(folder.name, beside)
    raise LawbookError(f"{source}: there is no such folder; {near if 'mean' in near else f'give {what}'}")


def folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield a folder and those below it with the names of their files, in order; not hidden ones, nor links."""
    for place, below, names in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith("."))
        yield Path(place), sorted(names)


def run_name(root: Path, folder: Path) -> str:
    """Return how a run is called that lies in a folder: by the path from the root, which itself has its own name."""
    inside = folder.relative_to(root).as_posix()
    return (root.resolve().name or "run") if inside == "." else inside
