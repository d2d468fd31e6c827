"""Find the scaling symmetries of a metric: its derivatives at many points, their null vectors, what then collapses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lawbook.analyses import Inputs
from lawbook.analyses.symmetries.block import TABLES, SymmetriesBlock
from lawbook.analyses.symmetries.collapse import Powers, collapsed
from lawbook.analyses.symmetries.points import NEIGHBOURS, Star, find_stars, lacking
from lawbook.analyses.symmetries.words import exponent_of, groups_of
from lawbook.errors import LawbookError, suggest
from lawbook.laws.law import Array
from lawbook.laws.note import Note, info, notes_to_json, reason_of, refusal, warning
from lawbook.laws.symmetries import Symmetries, find, fraction, intervals, slope_weights
from lawbook.results.evaluations import metrics_along
from lawbook.results.selection import of_sweep, where
from lawbook.results.words import count, number
from lawbook.storage.status import FitStatus, RunStatus

_ROUGH = 1e-3
"""A point whose derivatives are off by more than this share of its row is left out."""

_TOO_ROUGH = 1e-2
"""Share of the largest singular value that the errors may move a zero by: beyond, none can be told."""


@dataclass(frozen=True)
class Points:
    """Points (n): the setting's run, the step, and of each hyperparameter the derivative (n, p) with its error."""

    run_ids: Sequence[str]
    steps: NDArray[np.int64]
    gradients: Array
    errors: Array

    def of(self, rows: NDArray[np.bool_]) -> Points:
        """Return some of the points."""
        run_ids = [name for name, is_in in zip(self.run_ids, rows, strict=True) if is_in]
        return Points(run_ids, self.steps[rows], self.gradients[rows], self.errors[rows])


def compute(block: SymmetriesBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables of the block's analysis."""
    return symmetry_tables(block, inputs.results.runs, inputs.results.curves, inputs.results.axes)


def symmetry_tables(
    block: SymmetriesBlock, runs: pd.DataFrame, curves: pd.DataFrame, axes: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """Return the tables of runs, their curves, and the columns of the runs that are axes.

    The search is refused, with the reason, where too few points are left or their derivatives are too rough; that a
    loss has no symmetry is an answer. Raises LawbookError for columns that the tables lack.
    """
    for name in block.hyperparameters:
        if name not in runs:
            raise LawbookError(f"the runs have no column {name!r}; {suggest(name, map(str, runs))}")
    along = metrics_along(curves[curves["step"] > 0])
    if block.y not in along:
        raise LawbookError(f"the curves have no metric {block.y!r}; {suggest(block.y, map(str, along))}")
    if block.last_step is not None:
        along = along[along["step"] <= block.last_step]
    values = along.pivot_table(index="run_id", columns="step", values=block.y)
    members = where(of_sweep(runs, block.sweep), block.where)
    sound = members[(members["status"] == RunStatus.OK) & members["run_id"].isin(values.index)]
    configs = [
        {str(axis): value for axis, value in row.items()} for row in sound[list(axes)].to_dict("records")
    ]
    stars = find_stars(configs, block.hyperparameters)
    every = _points(sound, stars, values, block.hyperparameters)
    share = np.linalg.norm(every.errors, axis=1) / np.hypot(1.0, np.linalg.norm(every.gradients, axis=1))
    points = every.of(share <= _ROUGH)
    n_lost = len(members) - len(sound)
    notes = _notes(block, len(points.steps), len(every.steps), n_lost)
    if not stars:
        name = lacking(configs, block.hyperparameters)
        notes = [refusal("no_points", f"no setting has all its neighbours: they lack in {name}"), *notes]
    found = None
    if not reason_of(notes):
        found = find(points.gradients, points.errors)
        if found.bound > _TOO_ROUGH:
            problem = f"the derivatives are off by so much that a zero could be {number(found.bound, 2)}"
            notes.append(refusal("too_rough", f"{problem} of the largest value; {_CLOSER}"))
        elif found.few < found.many:
            problem = f"the errors allow {found.few} to {found.many} symmetries, and {found.count} are told"
            notes.append(warning("no_gap", f"{problem}; {_CLOSER}", few=found.few, many=found.many))
    refused = bool(reason_of(notes))
    tables = {
        "derivatives": _derivatives(points, block.hyperparameters),
        "values": _values(None if refused else found),
        **_exponents(block, None if refused else found, points),
    }
    shown = collapsed(block, runs, values, axes, _powers(block, tables["exponents"]))
    summary = {
        **_counts(found, refused),
        "n_points": len(points.steps), "n_left_out": len(every.steps) - len(points.steps),
        "n_settings": len({*points.run_ids}), "n_runs": len(members), "n_lost": n_lost + shown.n_lost,
        **shown.summary,
        "status": FitStatus.REFUSED if refused else FitStatus.OK, "notes": notes_to_json(notes),
    }  # fmt: skip
    tables |= {"summary": pd.DataFrame([summary]), "curves": shown.curves}
    return {name: tables[name].reindex(columns=list(TABLES[name])) for name in TABLES}


_CLOSER = "take neighbours closer together, earlier steps, or dtype: float64"


def _notes(block: SymmetriesBlock, n_points: int, n_every: int, n_lost: int) -> list[Note]:
    """Return what is to be said of the points before anything is found."""
    notes = []
    needed = 2 * (len(block.hyperparameters) + 1)
    if n_points < needed:
        problem = (
            f"{count(n_points, 'point')} with sure derivatives for {count(needed // 2, 'unknown exponent')}"
        )
        notes.append(
            refusal("few_points", f"{problem}; {_CLOSER}, or take more settings, seeds or evaluations")
        )
    if n_points < n_every:
        share = f"{n_every - n_points} of {n_every} points"
        text = (
            f"{share} are left out, whose derivatives the farther neighbours change by more than {_ROUGH:.1%}"
        )
        notes.append((warning if 2 * n_points < n_every else info)("points_left_out", text))
    if n_lost:
        notes.append(warning("runs_left_out", f"{count(n_lost, 'run')} diverged or have no curve"))
    return notes


def _points(sound: pd.DataFrame, stars: Sequence[Star], values: pd.DataFrame, names: Sequence[str]) -> Points:
    """Return the derivatives of ln y at every step at which a setting and all its neighbours have a positive y."""
    ids = sound["run_id"].to_numpy()
    settings = np.log(sound[list(names)].to_numpy(dtype=float))
    logs = np.log(values.where(values > 0).reindex(ids).to_numpy(dtype=float))  # (runs, steps)
    steps = values.columns.to_numpy(dtype=np.int64)
    run_ids: list[str] = []
    parts: list[tuple[NDArray[np.int64], Array, Array]] = [
        (np.zeros(0, dtype=np.int64), np.zeros((0, len(names))), np.zeros((0, len(names))))
    ]
    for star in stars:
        gradients, errors = np.empty((2, len(steps), len(names)))
        for j, arm in enumerate(star.arms):
            places, at = settings[list(arm), j], settings[star.centre, j]
            near = slice(NEIGHBOURS - 1, NEIGHBOURS + 2)
            # The log of y at the setting is taken off, so that as little as can be is lost to rounding.
            lines = logs[list(arm)] - logs[star.centre]
            gradients[:, j] = slope_weights(places, at) @ lines
            errors[:, j] = slope_weights(places[near], at) @ lines[near] - gradients[:, j]
        known = np.isfinite(gradients).all(axis=1)
        run_ids += [str(ids[star.centre])] * int(known.sum())
        parts.append((steps[known], gradients[known], errors[known]))
    return Points(run_ids, *map(np.concatenate, zip(*parts, strict=True)))


def _counts(found: Symmetries | None, refused: bool) -> dict[str, Any]:
    """Return the numbers of symmetries, and the singular values on both sides of the gap."""
    if found is None:
        return {}
    bound = {"bound": found.bound}
    if refused:
        return bound
    others = len(found.singular) - found.count
    return bound | {
        "symmetries": found.count, "low": found.few, "high": found.many,
        "first": found.singular[others - 1], "last_null": found.singular[others] if found.count else np.nan,
    }  # fmt: skip


def _values(found: Symmetries | None) -> pd.DataFrame:
    if found is None:
        return pd.DataFrame(columns=list(TABLES["values"]))
    rising = found.singular[::-1]
    return pd.DataFrame(
        {
            "place": np.arange(1, len(rising) + 1),
            "value": rising,
            "low": np.maximum(0.0, rising - found.bound),
            "high": np.where(rising < 1, rising + found.bound, rising),
            "is_null": np.arange(len(rising)) < found.count,
        }
    )


def _exponents(block: SymmetriesBlock, found: Symmetries | None, points: Points) -> dict[str, pd.DataFrame]:
    """Return the tables 'exponents' and 'groups'."""
    if found is None:
        return {name: pd.DataFrame(columns=list(TABLES[name])) for name in ("exponents", "groups")}
    columns = [*block.hyperparameters, block.y]
    rows = []
    if found.count:
        low, high = intervals(points.gradients, found, np.array(points.run_ids))
        for i, pivot in enumerate(found.pivots):
            for j, name in enumerate(columns):
                ends = (float(found.vectors[i, j]), float(low[i, j]), float(high[i, j]))
                exact = fraction(*ends)
                rows.append(
                    {
                        "symmetry": block.hyperparameters[pivot], "of": name,
                        **dict(zip(("value", "low", "high"), ends, strict=True)),
                        "text": None if exact is None else str(exact),
                    }
                )  # fmt: skip
    exponents = pd.DataFrame(rows, columns=list(TABLES["exponents"]))
    return {"exponents": exponents, "groups": groups_of(block, exponents)}


def _powers(block: SymmetriesBlock, exponents: pd.DataFrame) -> Powers:
    """Return the exponents of each symmetry, the fraction where it is one: {column: {pivot: exponent}}."""
    found: dict[str, dict[str, float]] = {name: {} for name in (*block.hyperparameters, block.y)}
    for row in exponents.to_dict("records"):
        found[row["of"]][row["symmetry"]] = float(exponent_of(row))
    return found


def _derivatives(points: Points, names: Sequence[str]) -> pd.DataFrame:
    n, p = points.gradients.shape
    return pd.DataFrame(
        {
            "run_id": np.repeat(np.array(points.run_ids, dtype=object), p),
            "step": np.repeat(points.steps, p),
            "of": np.tile(np.array(names, dtype=object), n),
            "value": points.gradients.ravel(),
            "error": points.errors.ravel(),
        }
    )
