"""JSON, one object a line, as trainers write it: finished runs, or the rows of what a run logged; or a trainer's state.

Of a `.jsonl` file, lines with `config` or `summary`, or without a step, are finished runs, one each; lines with a step
are rows of the run that the file is, or that its `run_id` names; Levanter's events are understood. A `.json` file is a
run where it is the `trainer_state.json` of Hugging Face: of the checkpoints of one run, the last counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lawbook.errors import LawbookError
from lawbook.imports import Kind, Rejected, Run, UnreadableError, Value
from lawbook.imports._answers import Answers
from lawbook.imports._folders import folder_at, folders, run_name
from lawbook.imports._values import flatten, json_value, merged, number, run_with_curve

LINES = (".jsonl", ".ndjson")
TRAINER_STATE, TRAINER_CONFIG = "trainer_state.json", "config.json"
STEPS = ("step", "_step", "global_step", "iteration", "iter", "train_step", "trainer/global_step")
NAMES = ("run_id", "run", "run_name", "id", "name")
CONFIGS, SUMMARIES = ("config", "hparams", "hyperparameters"), ("summary", "metrics")
STATES = ("state", "status")
CHECKPOINT = re.compile(r"checkpoint-(\d+)")


def read(source: str, answers: Answers) -> Iterator[Run | Rejected]:
    """Yield the runs in a file, or in a folder and below it. Raises LawbookError if there is none."""
    given = Path(source)
    if given.is_file():
        yield from _of_file(given, given.parent, answers)
        return
    root = folder_at(source, kind.source)
    found = [
        folder / name
        for folder, names in folders(root)
        for name in names
        if Path(name).suffix in LINES or name == TRAINER_STATE
    ]
    if not found:
        raise LawbookError(f"{source}: holds no .jsonl file and no {TRAINER_STATE}; give {kind.source}")
    last = _last_checkpoints(found)
    for file in found:
        if last.get(file, file) != file:
            name = run_name(root, file.parent)
            yield Rejected(
                name, name, "", f"an earlier checkpoint than {last[file].parent.name} of the same run"
            )
        else:
            yield from _of_file(file, root, answers)


def _last_checkpoints(files: list[Path]) -> dict[Path, Path]:
    """Return the last state of the run of each trainer's state: that of its last checkpoint, or outside of these."""
    states = [file for file in files if file.name == TRAINER_STATE]
    last: dict[Path, tuple[float, Path]] = {}
    for file in states:
        step = CHECKPOINT.fullmatch(file.parent.name)
        run, reached = (file.parent.parent, float(step[1])) if step else (file.parent, float("inf"))
        last[run] = max(last.get(run, (-1.0, file)), (reached, file))
    return {
        file: last[file.parent.parent if CHECKPOINT.fullmatch(file.parent.name) else file.parent][1]
        for file in states
    }


def _of_file(file: Path, root: Path, answers: Answers) -> Iterator[Run | Rejected]:
    if file.suffix == ".json":
        yield _trainer_state(file, root, answers)
        return
    name = f"{run_name(root, file.parent)}/{file.stem}" if file.parent != root else file.stem
    rows = _rows(file, answers)
    if any("event" in row for row in rows):
        yield from _guarded(name, _of_events, [row for row in rows if "event" in row], name)
        return
    stepped = [row for row in rows if _step(row) is not None]
    if not stepped or any(key in row for row in rows for key in (*CONFIGS, "summary")):
        for place, row in enumerate(rows, start=1):
            called = f"{name}:{place}" if len(rows) > 1 else name
            yield from _guarded(_named(row, called), _finished, row, called)
        return
    if not any(key in row for row in rows for key in NAMES) and _repeats(stepped):
        answers.notes.append(
            f"{file}: steps stand twice, and are taken for one run that was resumed; give rows a `run_id` if they are "
            "of several"
        )
    by_run: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_run.setdefault(_named(row, name), []).append(row)
    for run, logged in by_run.items():
        yield from _guarded(run, _of_rows, logged, run)


def _repeats(rows: list[dict[str, Any]]) -> bool:
    """Tell whether rows of one step hold the same metric."""
    logged = [(_step(row), key) for row in rows for key in row if key not in STEPS]
    return len(set(logged)) < len(logged)


def _guarded(name: str, made: Callable[..., Run], *given: Any) -> Iterator[Run | Rejected]:
    try:
        yield made(*given)
    except UnreadableError as error:
        yield Rejected(name, name, "", str(error))


def _rows(file: Path, answers: Answers) -> list[dict[str, Any]]:
    """Return the objects of a file's lines. Raises LawbookError naming the line of what is none."""
    rows: list[dict[str, Any]] = []
    try:
        lines = answers.read(file).decode("utf-8-sig").split("\n")  # U+2028 may stand in a text
    except UnicodeDecodeError:
        raise LawbookError(f"{file}: is not UTF-8 text; give JSON, one object a line") from None
    told = [(place, line) for place, line in enumerate(lines, start=1) if line.strip()]
    for place, line in told:
        try:
            row = json_value(line)
        except ValueError as error:
            if place == told[-1][0] and rows:
                answers.notes.append(
                    f"{file}: its last line is cut off, as of a run that is still writing; it is left out"
                )
                break
            problem = f"line {place} is not JSON ({str(error)[:100]})"
            raise LawbookError(f"{file}: {problem}; give one object a line, or move the file away") from None
        if not isinstance(row, dict):
            raise LawbookError(f'{file}: line {place} is no JSON object; write {{"loss": 2.9, …}} on a line')
        rows.append(row)
    return rows


def _finished(row: Mapping[str, Any], name: str) -> Run:
    """Return the run of one line; all of it is both config and summary where these do not stand apart."""
    config = next((row[key] for key in CONFIGS if isinstance(row.get(key), dict)), None)
    summary = next((row[key] for key in SUMMARIES if isinstance(row.get(key), dict)), None)
    apart = {key: value for key, value in row.items() if key not in (*CONFIGS, *SUMMARIES, *STATES)}
    state = next((row[key] for key in STATES if isinstance(row.get(key), str)), "")
    return Run(
        _named(row, name),
        str(row.get("name", row.get("run_name", _named(row, name)))),
        state.lower(),
        flatten(config) if config is not None else flatten(apart),
        flatten(summary, "summary") if summary is not None else flatten(apart, "summary"),
    )


def _of_rows(rows: list[dict[str, Any]], name: str) -> Run:
    """Return the run of rows with steps; what stands on rows without one is its configuration."""
    curve = merged(
        (step, {k: v for k, v in flatten(row, "row").items() if k not in (*STEPS, *NAMES)})
        for row in rows
        if (step := _step(row)) is not None
    )
    config = flatten({key: value for row in rows if _step(row) is None for key, value in row.items()})
    return run_with_curve(name, config, curve)


def _of_events(rows: list[dict[str, Any]], name: str) -> Run:
    """Return the run of Levanter's events: hparams, log, summary and finish."""
    config: dict[str, Any] = {}
    summary: dict[str, Any] = {}
    points: list[tuple[int, dict[str, Value]]] = []
    ended = False
    for row in rows:
        event, metrics = row["event"], row.get("metrics")
        if event == "hparams" and isinstance(row.get("hparams"), dict):
            config |= row["hparams"]
        elif event == "finish":
            ended = True
        elif event == "summary" and isinstance(metrics, dict):
            summary |= metrics
        elif event == "log" and isinstance(metrics, dict) and (step := _step(row)) is not None:
            points.append((step, flatten(metrics, "row")))
    run = run_with_curve(name, flatten(config), merged(points), "finished" if ended else "running")
    return Run(**{**vars(run), "summary": {**run.summary, **flatten(summary, "summary")}})


def _trainer_state(file: Path, root: Path, answers: Answers) -> Run | Rejected:
    name = run_name(root, file.parent)
    try:
        state = _object(file, answers)
        beside = file.with_name(TRAINER_CONFIG)
        config = flatten(_object(beside, answers)) if beside.is_file() else {}
        history = state.pop("log_history", None)
        if not isinstance(history, list) or not all(isinstance(row, dict) for row in history):
            raise UnreadableError(f"{file.name} has no list of rows `log_history`")
        curve = merged(
            (step, {k: v for k, v in flatten(row, "row").items() if k != "step"})
            for row in history
            if (step := _step(row)) is not None
        )
        return run_with_curve(name, {**config, **flatten(state)}, curve)
    except UnreadableError as error:
        return Rejected(name, name, "", str(error))


def _object(file: Path, answers: Answers) -> dict[str, Any]:
    try:
        found = json_value(answers.read(file).decode("utf-8-sig"))
    except ValueError as error:
        raise UnreadableError(f"{file.name} is not JSON ({str(error)[:100]})") from None
    if not isinstance(found, dict):
        raise UnreadableError(f"{file.name} is no JSON object")
    return found


def _named(row: Mapping[str, Any], otherwise: str) -> str:
    return next((str(row[key])[:200] for key in NAMES if isinstance(row.get(key), str | int)), otherwise)


def _step(row: Mapping[str, Any]) -> int | None:
    """Return the step of a row, None if it names no whole one."""
    said = (number(row[key]) for key in STEPS if isinstance(row.get(key), int | float | str))
    return next((int(step) for step in said if step is not None and step == step // 1), None)


kind = Kind("a .jsonl file, or a folder with such files or trainer_state.json in it", read)
