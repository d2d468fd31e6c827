"""TensorBoard: a run is a folder with event files, configured by the hparams plugin or by `hparams.yaml`.

PyTorch's `add_hparams` writes the configuration of a run into a folder below it: the only such folder is part of
the run; where there are several, each is a run of its own, as for TensorBoard itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lawbook.errors import LawbookError
from lawbook.imports import Kind, Rejected, Run, UnreadableError, Value
from lawbook.imports._answers import Answers
from lawbook.imports._event_file import Event, read_event, records
from lawbook.imports._folders import folder_at, folders, run_name
from lawbook.imports._values import merged, one_line, run_with_curve
from lawbook.imports.lightning import configuration

MARK = ".tfevents."


@dataclass(frozen=True)
class Logged:
    """What the event files of a folder say, and the file of its configuration."""

    events: Sequence[Event]
    config: dict[str, Value]

    @property
    def is_configured(self) -> bool:
        """Tell whether the folder says how its run was configured."""
        return bool(self.config) or any(event.config for event in self.events)


def read(source: str, answers: Answers) -> Iterator[Run | Rejected]:
    """Yield the runs in a folder and below it, each called by its path. Raises LawbookError if there is none."""
    root = folder_at(source, kind.source)
    found: dict[Path, Logged | Rejected] = {}
    for folder, names in folders(root):
        files = [folder / name for name in names if MARK in name]
        if files:
            try:
                events = [event for file in files for event in read_events(file, answers)]
                found[folder] = Logged(events, configuration(folder, names, answers))
            except UnreadableError as error:
                name = run_name(root, folder)
                found[folder] = Rejected(name, name, "", str(error))
    if not found:
        raise LawbookError(f"{source}: holds no event file (*{MARK}*); give {kind.source}")
    for folder, logged in _with_configurations(found).items():
        yield logged if isinstance(logged, Rejected) else run_of(run_name(root, folder), logged)


def _with_configurations(found: dict[Path, Logged | Rejected]) -> dict[Path, Logged | Rejected]:
    """Return the folders; one without configuration takes in the only folder right below it that has one."""
    whole = dict(found)
    for folder, logged in found.items():
        below = {
            place: inner
            for place, inner in found.items()
            if place.parent == folder and isinstance(inner, Logged) and inner.is_configured
        }
        if isinstance(logged, Logged) and not logged.is_configured and len(below) == 1:
            ((place, inner),) = below.items()
            del whole[place]
            whole[folder] = replace(logged, events=[*logged.events, *inner.events], config=inner.config)
    return whole


def read_events(file: Path, answers: Answers) -> list[Event]:
    """Return the events of a file. A last record that is cut off, as of a running job, is left out, and said.

    Raises UnreadableError, naming the file, where it is damaged.
    """
    events = []
    try:
        for record in records(answers.read(file)):
            if record is None:
                told = "its last record is cut off, as of a run that is still writing; it is left out"
                answers.notes.append(f"{file}: {told}")
            else:
                events.append(read_event(record))
    except UnreadableError as error:
        raise UnreadableError(f"{one_line(file.name)}: {error}") from None
    return events


def run_of(name: str, told: Logged) -> Run:
    """Return the run of a folder: of a metric logged twice at a step, what was logged later counts."""
    logged: list[tuple[int, dict[str, Value]]] = []
    config, state = dict(told.config), ""
    for event in sorted(told.events, key=lambda one: one.wall_time):
        if event.restarted:
            logged = [(step, values) for step, values in logged if step < event.step]
        logged.append((event.step, {one_line(tag): value for tag, value in event.scalars.items()}))
        config |= {one_line(key): value for key, value in event.config.items()}
        state = event.state or state
    curve = merged((step, values) for step, values in logged if values)
    return run_with_curve(name, config, curve, state)


kind = Kind("a folder with event files in it", read)
