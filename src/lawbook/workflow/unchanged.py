"""Whether a target is as it was last left: by sizes and times of files, before anything is planned or imported for it.

Snakemake decides what is to be made from plans and digests, which takes seconds for many studies. Where no file that
it would decide from, and none that it left, has another size or time than then, it would decide the same: nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from lawbook.registry import roots
from lawbook.storage.files import write_text
from lawbook.workflow.places import workflow_files
from lawbook.workflow.settings import CONFIG, Settings

FOLDER = Path(".snakemake/unchanged")
READ = ("LAWBOOK_", "SNAKEMAKE_")
"""How environment variables begin that change what is done."""


class Unchanged:
    """What a target was made from, and what it left, as recorded when it was last brought up to date."""

    def __init__(self, target: str, settings: Settings) -> None:
        """Take the state of what the target is made from: before anything of it is read."""
        self._file, self._results = FOLDER / f"{target}.json", Path(settings.results)
        self._made_from = _digest([*_environment(settings), *_states(_inputs(settings))])

    def told(self) -> Sequence[str] | None:
        """Return what was told when the target was made, None if something has changed since, or may have."""
        try:
            record = json.loads(self._file.read_text(encoding="utf-8"))
            same = record["made_from"] == self._made_from and record["left"] == self._left()
            return [str(line) for line in record["told"]] if same else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, told: Sequence[str]) -> None:
        """Record the target as up to date, and what was told of it."""
        record = {"made_from": self._made_from, "left": self._left(), "told": list(told)}
        with suppress(OSError):  # on a full disk; then the next call takes its time
            write_text(self._file, json.dumps(record))

    def _left(self) -> str:
        return _digest(_states([self._results]))


def _inputs(settings: Settings) -> Iterator[Path]:
    """Yield the files and folders that a workflow is made of, and that it reads before it runs a job."""
    yield from roots().values()
    yield from workflow_files().values()
    yield from (CONFIG, Path("Snakefile"), Path(settings.studies))


def _environment(settings: Settings) -> Iterator[str]:
    """Yield what else decides: settings, variables, the interpreter, and the packages that it finds, with versions."""
    yield settings.model_dump_json()
    yield from sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith(READ))
    yield f"{sys.executable} {sys.version}"
    with suppress(OSError):
        packages = Path(sysconfig.get_path("purelib")).iterdir()
        yield from sorted(package.name for package in packages if package.name.endswith("-info"))


def _states(places: Iterable[Path]) -> Iterator[str]:
    """Yield path, size and time of each file at some places, at any depth; what is hidden or compiled is left out."""
    for place in places:
        if place.is_dir():
            for folder, folders, names in os.walk(place):
                folders[:] = sorted(name for name in folders if name[0] != "." and name != "__pycache__")
                yield from (_state(Path(folder, name)) for name in sorted(names) if name[0] != ".")
        else:
            yield _state(place)


def _state(file: Path) -> str:
    try:
        found = file.stat()
    except OSError:
        return f"{file} absent"
    return f"{file} {found.st_size} {found.st_mtime_ns}"


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
