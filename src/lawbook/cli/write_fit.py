"""An answer as files: JSON for machines, draws, predictions, a figure; all of them or none."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lawbook import __version__
from lawbook.errors import LawbookError
from lawbook.fitting.table import Answer, grid
from lawbook.laws import Fit, Law

SCHEMA = 2
"""Version of the JSON; grows when a field changes its meaning or goes."""


def as_json(answer: Answer) -> str:
    """Return the answer as JSON: every number with all its digits, what is not a number as null, no draws."""
    found = answer.comparison
    content = {
        "schema": SCHEMA,
        "lawbook": __version__,
        "file": {
            "name": answer.source.file.name,
            "sha256": answer.source.sha256,
            "rows": len(answer.source.table),
        },
        "question": _plain(answer.question),
        "headline": answer.headline,
        "status": answer.fit.status,
        "reason": answer.fit.reason,
        "exit_code": answer.exit_code,
        "fits": {name: fit_as_plain(fitted) for name, fitted in answer.fits.items()},
        "comparison": None if found is None else {k: v for k, v in _plain(found).items() if k != "fits"},
    }
    if answer.held is not None:
        held = {name: _plain(getattr(answer.held, name)) for name in ("schedule", "r2", "mae", "table")}
        content["held_schedule"] = held
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


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
    from lawbook.report.figures._fit import draw_fit
    from lawbook.report.style import save, styled
    from lawbook.storage.tables import write_csv, write_table

    out = Path(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
            made = Path(name)
            (made / "fit.json").write_text(as_json(answer), encoding="utf-8")
            write_table(draws_of(answer), made / "draws.parquet")
            predictions = predictions_of(answer)
            write_csv(predictions, made / "predictions.csv")
            with styled():
                drawn = draw_fit(answer.fit, answer.fits, predictions, answer.slopes())
                save(drawn.figure, made, "figure", drawn.title, drawn.caption)
            out.mkdir(exist_ok=True)
            return [Path(shutil.move(file, out / file.name)) for file in sorted(made.iterdir())]
    except OSError as error:
        raise LawbookError(f"{out}: cannot be written ({error.strerror}); name another folder") from None
