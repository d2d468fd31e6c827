"""TensorBoard: a run is a folder with event files, configured by the hparams plugin or by `hparams.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lawbook.errors import LawbookError, printable
from lawbook.imports import Kind, Rejected, Run, UnreadableError, Value
from lawbook.imports._answers import Answers
from lawbook.imports._event_file import Event, read_event, records
from lawbook.imports._folders import folder_at, folders, run_name
from lawbook.imports._values import merged, run_with_curve
from lawbook.imports.lightning import configuration

MARK = ".tfevents."


def read(source: str, answers: Answers) -> Iterator[Run | Rejected]:
    """Yield the runs in a folder and below it, each called by its path. Raises LawbookError if there is none."""
    root, any_found = folder_at(source, kind.source), False
    for folder, names in folders(root):
        files = [folder / name for name in names if MARK in name]
        if not files:
            continue
        any_found = True
        name = run_name(root, folder)
        try:
            events = [event for file in files for event in read_events(file, answers)]
            config = configuration(folder, names, answers)
        except UnreadableError as error:
            yield Rejected(name, name, "", str(error))
            continue
        yield run_of(name, events, config)
    if not any_found:
        raise LawbookError(f"{source}: holds no event file (*{MARK}*); give {kind.source}")


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
        raise UnreadableError(f"{printable(file.name)}: {error}") from None
    return events


def run_of(name: str, events: list[Event], config: dict[str, Value]) -> Run:
    """Return the run of the events of a folder: of a metric logged twice at a step, what was logged later counts."""
    logged: list[tuple[int, dict[str, Value]]] = []
    state = ""
    for event in sorted(events, key=lambda one: one.wall_time):
        if event.restarted:
            logged = [(step, values) for step, values in logged if step < event.step]
        logged.append((event.step, {printable(tag): value for tag, value in event.scalars.items()}))
        config = {**config, **{printable(key): value for key, value in event.config.items()}}
        state = event.state or state
    curve = merged((step, values) for step, values in logged if values)
    return run_with_curve(name, config, curve, state)


kind = Kind("a folder with event files in it", read)
