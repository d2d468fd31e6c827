"""MLflow's file store: mlruns/EXPERIMENT/RUN/, in it meta.yaml, and a file each for params/, metrics/ and tags/."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lawbook.errors import LawbookError
from lawbook.imports import Rejected, Run, UnreadableError, Value
from lawbook.imports._answers import Answers
from lawbook.imports._folders import folder_at, folders
from lawbook.imports._values import LONGEST_TEXT, flatten, last_values, merged, number, one_line, yaml_mapping

META = "meta.yaml"
STATES = {"1": "running", "2": "scheduled", "3": "finished", "4": "failed", "5": "killed"}
"""How a run ended, by the number in its meta.yaml."""


def read_folder(source: str, what: str, answers: Answers) -> Iterator[Run | Rejected]:
    """Yield the runs in a folder and below it. Raises LawbookError if there is none."""
    root, any_found = folder_at(source, what), False
    experiments: dict[Path, str] = {}
    for folder, names in folders(root):
        if META not in names:
            continue
        try:
            meta = flatten(yaml_mapping(answers.read(folder / META), META))
        except UnreadableError as error:
            if (folder / "metrics").is_dir() or (folder / "params").is_dir():
                any_found = True
                yield Rejected(folder.name, folder.name, "", str(error))
            continue
        if "run_id" not in meta and "run_uuid" not in meta:
            experiments[folder] = str(meta.get("name", folder.name))
            continue
        if "model_id" in meta:
            continue
        any_found = True
        experiment = experiments.get(folder.parent, str(meta.get("experiment_id", folder.parent.name)))
        yield _run(folder, meta, experiment, answers)
    if not any_found:
        raise LawbookError(f"{source}: holds no run of MLflow (a folder with {META}); give {what}")


def _run(folder: Path, meta: dict[str, Value], experiment: str, answers: Answers) -> Run | Rejected:
    run_id = str(meta.get("run_id", meta.get("run_uuid")))
    state = STATES.get(str(meta.get("status")), str(meta.get("status", "")).lower())
    try:
        tags = {key: _text(file, answers) for key, file in _files(folder / "tags")}
        name = str(meta.get("run_name") or tags.get("mlflow.runName") or run_id)
        if meta.get("lifecycle_stage") == "deleted":
            return Rejected(run_id, name, state, "deleted in MLflow")
        config: dict[str, Value] = {key: _text(file, answers) for key, file in _files(folder / "params")}
        curve = merged(
            point for metric, file in _files(folder / "metrics") for point in _points(metric, file, answers)
        )
    except UnreadableError as error:
        return Rejected(run_id, run_id, state, str(error))
    about: dict[str, Value] = {"experiment": experiment}
    about |= {f"tags.{key}": value for key, value in tags.items() if not key.startswith("mlflow.")}
    return Run(run_id, name, state, config, last_values(curve), about, lambda _: curve)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of a folder with the keys that they stand for: `eval/loss` lies in a folder of its own."""
    for place, names in folders(folder):
        for name in names:
            yield one_line((place / name).relative_to(folder).as_posix()), place / name


def _text(file: Path, answers: Answers) -> str:
    return answers.read(file).decode("utf-8", "replace").strip()[:LONGEST_TEXT]


def _points(metric: str, file: Path, answers: Answers) -> Iterator[tuple[int, dict[str, Value]]]:
    """Yield the points of a metric; a line is `timestamp value step`, and of a data set its name and digest."""
    *lines, last = answers.read(file).decode("utf-8", "replace").split("\n")
    if last:
        answers.notes.append(
            f"{file}: its last line is cut off, as of a run that is still writing; it is left out"
        )
    for place, line in enumerate(lines, start=1):
        words = line.split()
        if not words:
            continue
        step = number(words[2]) if len(words) > 2 else 0
        value = number(words[1]) if len(words) > 1 else None
        if value is None or not isinstance(step, int):
            raise UnreadableError(f"metrics/{metric}: line {place} is no `timestamp value step`")
        yield step, {metric: value}
