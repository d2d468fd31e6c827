"""Lightning's CSVLogger: in the folder of each run, `metrics.csv` and `hparams.yaml`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from lawbook.errors import LawbookError
from lawbook.imports import Curve, Kind, Rejected, Run, UnreadableError, Value
from lawbook.imports._answers import Answers
from lawbook.imports._folders import folder_at, folders, run_name
from lawbook.imports._values import flatten, merged, number, run_with_curve, yaml_mapping

METRICS, CONFIG = "metrics.csv", "hparams.yaml"


def read(source: str, answers: Answers) -> Iterator[Run | Rejected]:
    """Yield the runs in a folder and below it, each called by its path. Raises LawbookError if there is none."""
    root, any_found = folder_at(source, kind.source), False
    for folder, names in folders(root):
        if METRICS not in names:
            continue
        any_found = True
        name = run_name(root, folder)
        try:
            config = configuration(folder, names, answers)
            curve = read_metrics(folder / METRICS, answers)
        except UnreadableError as error:
            yield Rejected(name, name, "", str(error))
            continue
        yield run_with_curve(name, config, curve)
    if not any_found:
        raise LawbookError(f"{source}: holds no {METRICS}; give {kind.source}")


def configuration(folder: Path, names: list[str], answers: Answers) -> dict[str, Value]:
    """Return what `hparams.yaml` says, nothing where there is none. Raises UnreadableError if it is no YAML."""
    if CONFIG not in names:
        return {}
    return flatten(yaml_mapping(answers.read(folder / CONFIG), CONFIG))


def read_metrics(file: Path, answers: Answers) -> Curve:
    """Return the curve in a `metrics.csv`, in which a row holds what was logged at one moment, and blanks.

    A last row that is cut off is left out, and said. Raises UnreadableError for what is no such table.
    """
    try:
        text = answers.read(file).decode("utf-8-sig")
        header, *rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableError(f"{file.name} is no CSV in UTF-8 ({error})") from None
    if "step" not in header:
        raise UnreadableError(f"{file.name} has no column `step`")
    if rows and (len(rows[-1]) != len(header) or not text.endswith("\n")):
        answers.notes.append(
            f"{file}: its last row is cut off, as of a run that is still writing; it is left out"
        )
        rows.pop()
    points = []
    for place, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise UnreadableError(
                f"{file.name}: record {place} has {len(row)} cells, its header {len(header)}"
            )
        logged: dict[str, Value] = {
            metric: cell for metric, cell in zip(header, row, strict=True) if cell != ""
        }
        step = number(logged.pop("step", None))
        if not isinstance(step, int):
            raise UnreadableError(f"{file.name}: record {place} has no whole number in `step`")
        points.append((step, {metric: cell if (found := number(cell)) is None else found
                              for metric, cell in logged.items()}))  # fmt: skip
    return merged(points)


kind = Kind("a folder with lightning_logs/version_*/metrics.csv and hparams.yaml in it", read)
