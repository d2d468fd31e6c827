"""An answer, or one for each group, as files: JSON for machines, draws, predictions, a figure; all of them or none."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from lawbook import __version__
from lawbook.errors import LawbookError
from lawbook.fitting.table import Answer, grid, worst_of
from lawbook.laws import Fit, Law
from lawbook.laws.automatic import Automatic
from lawbook.laws.heldout_schedule import HeldSchedule

if TYPE_CHECKING:
    from lawbook.fitting.crossing import GroupsCrossed

SCHEMA = 2
"""Version of the JSON; grows when a field changes its meaning or goes."""


def as_json(answer: Answer) -> str:
    """Return the answer as JSON: every number with all its digits, what is not a number as null, no draws."""
    return _dumped(_content(answer))


def groups_as_json(answers: Sequence[Answer], crossed: GroupsCrossed | None = None) -> str:
    """Return the answers by group as JSON, each as `as_json` gives it, their crossing, and the worst exit code."""
    content = {
        "schema": SCHEMA,
        "lawbook": __version__,
        "by": list(answers[0].question.by),
        "exit_code": worst_of(answers, crossed),
        **({} if crossed is None else {"crossing": _crossing(crossed)}),
        "answers": [_content(answer) for answer in answers],
    }
    return _dumped(content)


def _crossing(crossed: GroupsCrossed) -> dict[str, Any]:
    """Return where one law falls below the other: x with its interval, null ends where no crossing is resolved."""
    found = crossed.found
    resolved = found is not None and found.resolved
    return {"below": crossed.below, "above": crossed.above, "resolved": resolved, "reason": crossed.why} | (
        {} if found is None else _plain(found)
    )


def _dumped(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _content(answer: Answer) -> dict[str, Any]:
    found = answer.comparison
    return {
        "schema": SCHEMA,
        "lawbook": __version__,
        "file": {
            "name": answer.source.file.name,
            "sha256": answer.source.sha256,
            "rows": len(answer.source.table),
        },
        "question": _plain(answer.question),
        "group": dict(answer.group),
        "headline": answer.headline,
        "status": answer.fit.status,
        "reason": answer.fit.reason,
        "exit_code": answer.exit_code,
        "fits": {name: fit_as_plain(fitted) for name, fitted in answer.fits.items()},
        "automatic": None if answer.automatic is None else _choice(answer.automatic),
        "comparison": None if found is None else {k: v for k, v in _plain(found).items() if k != "fits"},
        **({} if answer.held is None else {"held_schedule": _held(answer.held)}),
    }


def _held(held: HeldSchedule) -> dict[str, Any]:
    """Return how a schedule was predicted that the law was not fitted to."""
    return {name: _plain(getattr(held, name)) for name in ("schedule", "r2", "mae", "table")}


def _choice(found: Automatic) -> dict[str, Any]:
    """Return how a law was chosen and what the best laws predict, without what they were computed from."""
    return {
        "preferred": found.preferred, "rule": found.rule, "rules": _plain(found.rules), "decided": found.decided,
        "predictions": _plain(found.predictions), "candidates": _plain(found.table),
    }  # fmt: skip


_BULK = ("draws", "evidence")
"""Fields of a fit that are no answer: the draws have their own file."""


def fit_as_plain(fitted: Fit) -> dict[str, Any]:
    """Return the fields of a fit, with what follows from them, as plain values."""
    names = [field.name for field in fields(fitted) if field.name not in _BULK]
    plain = {
        name: _plain(getattr(fitted, name))
        for name in (*names, "reason", "n_points", "decades", "covariance")
    }
    return plain | {"n_draws": len(fitted.draws)}


def _plain(value: Any) -> Any:
    """Return a value as what JSON has: dataclasses as objects, tables as lists of rows, NaN and ∞ as null."""
    if isinstance(value, Law):
        return {
            "name": value.name,
            "formula": value.formula,
            "parameters": value.parameters,
            "source": value.source,
            "written": value.written,
            "shift": value.shift,
            **({} if value.index is None else {"index": _plain(value.index)}),
        }
    if isinstance(value, pd.DataFrame):
        return [_plain(row) for row in value.to_dict("records")]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def draws_of(answer: Answer) -> pd.DataFrame:
    """Return the refits that converged, long: law, draw, parameter, value."""
    parts = []
    for name, fitted in answer.fits.items():
        kept = np.flatnonzero(np.isfinite(fitted.draws).all(axis=1))
        parameters = np.array(fitted.law.parameters, dtype=object)
        parts.append(
            pd.DataFrame(
                {
                    "law": name,
                    "draw": np.repeat(kept, len(parameters)),
                    "parameter": np.tile(parameters, len(kept)),
                    "value": fitted.draws[kept].reshape(-1),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def predictions_of(answer: Answer) -> pd.DataFrame:
    """Return each law on its grid: law, inputs, estimate, low, high; for a new run prediction_low, prediction_high."""
    parts = []
    for name, fitted in answer.fits.items():
        if np.isfinite(fitted.parameters).all():
            table = fitted.predict(at := grid(fitted))
            run = fitted.predict(at, interval="prediction")
            table[["prediction_low", "prediction_high"]] = run[["low", "high"]]
            table.insert(0, "law", name)
            parts.append(table)
    columns = ["law", *answer.fit.inputs, "estimate", "low", "high", "prediction_low", "prediction_high"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def write_answer(answer: Answer, out: str | Path) -> list[Path]:
    """Write fit.json, draws.parquet, predictions.csv, figure.svg, .pdf and .png into a folder; return the paths.

    They are made beside the folder and moved into it when all are whole. Raises LawbookError if the folder
    cannot be written.
    """
    return _written(Path(out), lambda made: _make(answer, made))


def write_groups(
    answers: Sequence[Answer], out: str | Path, crossed: GroupsCrossed | None = None
) -> list[Path]:
    """Write answers.csv, a row per group and parameter, and for each group a folder as `write_answer` does.

    Where it was asked for, crossing.json says where one law falls below the other.
    """
    from lawbook.storage.tables import write_csv

    def make(made: Path) -> None:
        write_csv(numbers_of(answers), made / "answers.csv")
        if crossed is not None:
            (made / "crossing.json").write_text(_dumped(_crossing(crossed)), encoding="utf-8")
        for answer in answers:
            folder = made / folder_of(answer.group)
            folder.mkdir()
            _make(answer, folder)

    return _written(Path(out), make)


def numbers_of(answers: Sequence[Answer]) -> pd.DataFrame:
    """Return a row per group and parameter: the group's values, law, status, parameter, estimate, low, high."""
    return pd.DataFrame(
        {
            **answer.group, "law": answer.headline, "status": answer.fit.status.value,
            "exit_code": int(answer.exit_code), "points": answer.fit.n_points,
            "parameter": name, "estimate": one.value, "low": one.low, "high": one.high,
            "method": one.method,
        }
        for answer in answers
        for name, one in {**answer.fit.estimates, **answer.fit.derived}.items()
    )  # fmt: skip


def folder_of(group: Mapping[str, str]) -> str:
    """Return the name of a group's folder, which no value can make lead elsewhere, nor be too long for a disk.

    >>> folder_of({"dataset": "web", "lr": "0.001"}), folder_of({"of": "../a b"})
    ('dataset=web,lr=0.001', 'of=..%2Fa b')
    """
    name = ",".join(f"{quote(column, safe=' ')}={quote(value, safe=' ')}" for column, value in group.items())
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


_LONGEST_NAME = 200


def _make(answer: Answer, folder: Path) -> None:
    """Write the files of an answer into an empty folder."""
    from lawbook.report.figures._fit import draw_fit
    from lawbook.report.style import save, styled
    from lawbook.storage.tables import write_csv, write_table

    (folder / "fit.json").write_text(as_json(answer), encoding="utf-8")
    write_table(draws_of(answer), folder / "draws.parquet")
    predictions = predictions_of(answer)
    write_csv(predictions, folder / "predictions.csv")
    with styled():
        drawn = draw_fit(answer.fit, answer.fits, predictions, answer.slopes())
        save(drawn.figure, folder, "figure", drawn.title, drawn.caption)


def _written(out: Path, make: Callable[[Path], None]) -> list[Path]:
    """Have files and folders made beside a folder, and move them into it; return the paths that they then have."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
            make(made := Path(name))
            out.mkdir(exist_ok=True)
            for folder in filter(Path.is_dir, made.iterdir()):  # files replace earlier ones, folders do not
                if (out / folder.name).exists():
                    shutil.rmtree(out / folder.name)
            return [Path(shutil.move(path, out / path.name)) for path in sorted(made.iterdir())]
    except OSError as error:
        raise LawbookError(f"{out}: cannot be written ({error.strerror}); name another folder") from None
