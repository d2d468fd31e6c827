"""What the server of warm jobs has in its memory: modules, plans, digests of code; and whether it still holds."""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lawbook.registry import EXTENSIONS, roots

if TYPE_CHECKING:
    from lawbook.studies import Plan

Signature = tuple[int, int, int]
"""What changes with a file: its number, its size, and when it was written, in ns."""


class Memory:
    """Modules and plans, made of files that are as they were before the first of them was read."""

    def __init__(self) -> None:
        self._code = _code()
        self._read: dict[Path, Signature] = {}

    def is_true(self) -> bool:
        """Tell whether all files are as they were, and no other has come."""
        there = all(file.exists() and _signature(file.stat()) == then for file, then in self._read.items())
        return there and _code() == self._code

    def learn(self, study: str, folder: str) -> None:
        """Plan a study and import what its jobs call. What is wrong, or missing, is left for the job to say."""
        gc.disable()  # that makes a million objects that live as long as the process
        with suppress(Exception):
            from lawbook.studies.presets import split_name
            from lawbook.studies.study import find_study
            from lawbook.workflow.jobs import plan_ahead
            from lawbook.workflow.stages import STAGES

            self._remember(find_study(split_name(study)[0], folder))
            plan = plan_ahead(study, folder)
            if plan.source is not None:
                self._remember(plan.source.file)
            for stage in STAGES.values():
                for part in stage.parts(plan):
                    stage.code(plan, part)
                    for module in (*stage.modules, *stage.entries(plan, part)):
                        if not module.startswith(f"{EXTENSIONS}."):
                            with suppress(ModuleNotFoundError):
                                importlib.import_module(module)
            _read_alike(plan)
        gc.enable()

    def _remember(self, file: Path) -> None:
        self._read[file] = _signature(file.stat())


def _read_alike(plan: Plan) -> None:
    """Read what each job would read again: versions of packages, and examples that come with Python or a library."""
    from lawbook.storage import provenance
    from lawbook.tasks import tasks
    from lawbook.training import shard
    from lawbook.training.shard import data_digest
    from lawbook.workflow.quick import DOWNLOADED

    provenance.versions()
    shard.versions()
    for runs in plan.shards.values():
        config = runs[0].config
        if config["task"] not in DOWNLOADED and not tasks[config["task"]].outside(config):
            data_digest(config)


def _code() -> Mapping[str, Signature]:
    """Return the signature of each file that is code, or is read by code, of the package and the extensions."""
    return {file: _signature(about) for folder in roots().values() for file, about in _files(str(folder))}


def _files(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the files at any depth of a folder; pathlib would take several times as long."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _files(entry.path)
            elif entry.name.endswith((".py", ".html", ".css", ".js")):
                yield entry.path, entry.stat()


def _signature(about: os.stat_result) -> Signature:
    return about.st_ino, about.st_size, about.st_mtime_ns
