"""Which values of runs become the columns of a table: what a mapping file says, and what it makes of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from lawbook.errors import LawbookError, printable, suggest
from lawbook.imports import Curve, Run, UnreadableError, Value
from lawbook.imports._states import COUNTED, WORDS, told
from lawbook.imports._values import is_finite, number, quantity
from lawbook.studies.yaml_file import read_yaml

RUN, STEP = "run", "step"
"""Columns that each table has: which run a row is of, and where a row is not of its end, at which step."""

SIZES = ("N", "D")


def _reference(text: str) -> str:
    space, dot, key = text.partition(".")
    if space not in ("config", "summary", "final", "run") or not (dot and key):
        problem = "this names no value of a run"
        raise ValueError(f"{problem}; write config.KEY, summary.KEY, final.KEY or run.KEY")
    return text


def _column(text: str) -> str:
    if not text.strip() == text or not text or printable(text) != text or "\n" in text or len(text) > 100:
        raise ValueError("a column cannot be called so; write a short name")
    if text in (RUN, STEP):
        raise ValueError(f"the table has a column {text!r} already; give another name")
    return text


Reference = Annotated[str, AfterValidator(_reference)]
Column = Annotated[str, AfterValidator(_column)]
Scalar = bool | int | float | str


class Range(BaseModel):
    """A condition on a number."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    at_least: float | None = None
    at_most: float | None = None


class RunMapping(BaseModel):
    """What a mapping file says; unknown keys are errors.

    columns: the columns by name, each with where its value stands: config.KEY; summary.KEY, a metric at the moment that
    `at` says; final.KEY, a metric at the end whatever `at` says; run.id, run.name, run.state and what else the service
    knows. where: rows are of runs with these values alone. states: of runs that ended so. at: last, the end of a run;
    min, where `of` is lowest; every, a row for each step at which `of` was logged. require: columns in which a row must
    have a finite number, by default those of metrics, N and D.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    columns: dict[Column, Reference] = Field(min_length=1)
    where: dict[Reference, Scalar | list[Scalar] | Range] = {}
    states: list[str] = list(COUNTED)
    at: Literal["last", "min", "every"] = "last"
    of: str | None = None
    require: list[str] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> RunMapping:
        for key, names in (("of", [self.of] if self.of else []), ("require", self.require or [])):
            for name in names:
                if name not in self.columns:
                    raise ValueError(
                        f"{key} names {name!r}, which is no column; {suggest(name, self.columns)}"
                    )
        if self.at != "last" and self.measured is None:
            raise ValueError(
                f"at: {self.at} needs a column of a metric; write loss: summary.KEY, and of: loss"
            )
        return self

    @property
    def measured(self) -> str | None:
        """Return the column that `min` and `every` speak of: `of`, else loss, else the first of a metric."""
        metrics = [name for name, place in self.columns.items() if place.startswith("summary.")]
        if self.of is not None:
            return self.of if self.of in metrics else None
        return "loss" if "loss" in metrics else next(iter(metrics), None)

    @property
    def required(self) -> list[str]:
        """Return the columns in which a row must have a finite number."""
        if self.require is not None:
            return self.require
        return [name for name, place in self.columns.items() if place.startswith("summary.") or name in SIZES]

    @property
    def metrics(self) -> list[str]:
        """Return the metrics of which columns are made."""
        return [key for place in self.columns.values() if (key := place.removeprefix("summary.")) != place]


def read_mapping(file: Path) -> RunMapping:
    """Return the mapping of a file. Raises LawbookError for the first mistake, naming key, value and fix."""
    said = read_yaml(file)
    try:
        return RunMapping.model_validate(said)
    except ValidationError as invalid:
        raise LawbookError(f"{file}: {_first_mistake(said, invalid)}") from None


def _first_mistake(said: Mapping[Any, Any], invalid: ValidationError) -> str:
    error = min(invalid.errors(), key=lambda one: one["type"] != "extra_forbidden")
    # A union's members and a key's check stand in the location without being keys of the file.
    place = [str(part) for part in error["loc"] if part not in ("[key]", "Range")]
    key = ".".join(place[:2])
    if error["type"] == "extra_forbidden":
        known = Range.model_fields if len(place) > 1 else RunMapping.model_fields
        return f"{'.'.join(place)}: there is no such key; {suggest(place[-1], known)}"
    value = said.get(place[0]) if place else None
    value = value.get(place[1]) if len(place) > 1 and isinstance(value, dict) else value
    if place[:1] == ["columns"] and isinstance(value, list):
        return f"{key}: names {len(value)} values ({', '.join(map(str, value))}); keep one of them"
    if error["type"] == "missing":
        return f"{key}: this key is missing; write columns: {{loss: summary.KEY, N: config.KEY}}"
    if len(place) > 2 and place[0] == "where":
        return f"{key} = {value!r}: is no condition; write a value, a list of values, or {{at_least: …, at_most: …}}"
    problem = error["msg"].removeprefix("Value error, ")
    shown = f" = {value!r}" if place else ""
    return f"{key}{shown}: {problem}" if key else problem


def check_places(mapping: RunMapping, runs: Sequence[Run], file: Path) -> None:
    """Raise LawbookError, with the nearest, if the mapping names a state or a value that no run has."""
    words = {*WORDS, *(told(run.state) for run in runs)}
    for state in mapping.states:
        if state not in words:
            raise LawbookError(f"{file}: states = {state!r}: there is no such state; {suggest(state, words)}")
    known = {place: None for run in runs for place in places(run)}
    for key, named in (("columns", mapping.columns), ("where", {place: place for place in mapping.where})):
        for name, place in named.items():
            if place not in known:
                space = place.partition(".")[0]
                near = suggest(place, (one for one in known if one.startswith(f"{space}.")) if known else ())
                field = f"{key}.{name} = {place!r}" if key == "columns" else f"where: {place!r}"
                raise LawbookError(f"{file}: {field}: no run has this value; {_short(near)}")


def _short(fix: str) -> str:
    return fix if len(fix) < 600 else f"{fix[:600]}…"


def places(run: Run) -> Iterator[str]:
    """Yield where the values of a run stand."""
    yield from ("run.id", "run.name", "run.state")
    yield from (f"run.{key}" for key in run.about)
    yield from (f"config.{key}" for key in run.config)
    for space in ("summary", "final"):
        yield from (f"{space}.{key}" for key in run.summary)


def value_at(run: Run, place: str, metrics: Mapping[str, Value]) -> Value:
    """Return a value of a run; `metrics` are its metrics at the moment that is asked for."""
    space, _, key = place.partition(".")
    if space == "run":
        own: dict[str, Value] = {"id": run.run_id, "name": run.name, "state": told(run.state)}
        return own[key] if key in own else run.about.get(key)
    return {"config": run.config, "summary": metrics, "final": run.summary}[space].get(key)


def unwanted(run: Run, mapping: RunMapping) -> str | None:
    """Say why a mapping does not want a run, None if it does."""
    if told(run.state) not in mapping.states:
        return f"its state is {told(run.state)}"
    for place, wanted in mapping.where.items():
        found = value_at(run, place, run.summary)
        if not _meets(found, wanted):
            return f"where: {place} = {found!r}"[:200]
    return None


def _meets(found: Value, wanted: Scalar | list[Scalar] | Range) -> bool:
    if isinstance(wanted, Range):
        value = number(found)
        low = -float("inf") if wanted.at_least is None else wanted.at_least
        high = float("inf") if wanted.at_most is None else wanted.at_most
        return value is not None and low <= value <= high
    return any(_same(found, one) for one in (wanted if isinstance(wanted, list) else [wanted]))


def _same(found: Value, wanted: Scalar) -> bool:
    """Tell whether a value is the wanted one; MLflow writes numbers and truth values as text."""
    if isinstance(wanted, bool) or isinstance(found, bool):
        return str(found).lower() == str(wanted).lower()
    a, b = number(found), number(wanted)
    return a == b if a is not None and b is not None else str(found) == str(wanted)


def rows_of(run: Run, mapping: RunMapping) -> tuple[list[dict[str, Value]], int]:
    """Return the rows of a run, and at how many steps it gives none since what is required is not there.

    Raises UnreadableError, with the first reason, for a run that gives no row.
    """
    rows, problems = [], []
    for step, metrics in _moments(run, mapping):
        row = {name: value_at(run, place, metrics) for name, place in mapping.columns.items()}
        lacking = next((name for name in mapping.required if not is_finite(row[name])), None)
        if lacking is None:
            rows.append({RUN: run.run_id, **({} if step is None else {STEP: step}), **row})
        else:
            place, value = mapping.columns[lacking], row[lacking]
            problems.append(
                f"no {place}" if value is None else f"{place} = {value!r} is no finite number"[:200]
            )
    if not rows:
        raise UnreadableError(problems[0])
    return rows, len(problems)


def _moments(run: Run, mapping: RunMapping) -> Iterator[tuple[int | None, Mapping[str, Value]]]:
    """Yield the steps that give rows with the metrics there; a metric not logged at a step is as it was last before."""
    if mapping.at == "last":
        yield None, run.summary
        return
    assert mapping.measured is not None
    curve, chosen = run.curve(mapping.metrics), mapping.columns[mapping.measured].removeprefix("summary.")
    at = [step for step in sorted(curve) if curve[step].get(chosen) is not None]
    if not at:
        raise UnreadableError(f"no curve of summary.{chosen}")
    if mapping.at == "min":
        at = [min(at, key=lambda step: (_height(curve[step][chosen]), step))]
    yield from _filled(curve, at)


def _height(value: Value) -> float:
    """Return a value by which the lowest is found: what is no number is above all."""
    found = quantity(value)
    return float("inf") if found is None or math.isnan(found) else float(found)


def _filled(curve: Curve, at: Sequence[int]) -> Iterator[tuple[int, Mapping[str, Value]]]:
    known: dict[str, Value] = {}
    wanted = set(at)
    for step in sorted(curve):
        known |= curve[step]
        if step in wanted:
            yield step, dict(known)
