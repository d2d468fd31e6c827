"""Fit the laws that a study asks for: from its table of runs to the tables of fits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, suggest
from lawbook.fitting import censored
from lawbook.laws.compare import Comparison, compare_points
from lawbook.laws.fit import Fit, fit_points
from lawbook.laws.forms import laws as forms
from lawbook.laws.loss import Loss, robust_delta
from lawbook.laws.points import Notice, Points, gather, listed
from lawbook.laws.slopes import slopes_of
from lawbook.results.derived import is_censored
from lawbook.results.evaluations import choose, independent, runs_at
from lawbook.results.selection import INPUTS, LawBlock, select, text_of
from lawbook.storage.tables import conform, empty
from lawbook.studies.columns_block import bounds_of

TABLES = ("fits", "draws", "predictions", "points", "slopes")
_GRID = 100


@dataclass(frozen=True)
class Group:
    """The runs of one law block and one combination of its `by` values, choices made."""

    law: str
    group: str
    runs: pd.DataFrame
    notices: tuple[Notice, ...]
    n_unconverged: int


def fit_study(
    laws: Mapping[str, LawBlock],
    runs: pd.DataFrame,
    progress: Callable[[str], None] | None = None,
    *,
    curves: pd.DataFrame | None = None,
    bounded: Collection[str] = (),
    draws: int = 1000,
    level: float = 0.95,
) -> dict[str, pd.DataFrame]:
    """Fit every law block of a study, form by form and group by group.

    runs: a row per run (`lawbook.storage.tables`: runs); curves: that table, if a law has points at other evaluations
    than the last; bounded: derived columns that rows may have by bounds alone. Returns the tables 'fits', 'draws',
    'predictions', 'points' and 'slopes'. Data that give no law become rows with status 'refused' and the reason.
    `progress` is called with each law's name and group before it is fitted. Raises LawbookError for a column that the
    runs lack, for a selection from a table that is empty, and for an unknown form or loss.
    """
    parts: dict[str, list[pd.DataFrame]] = {kind: [] for kind in TABLES}
    for name, block in laws.items():
        table = runs_at(runs, curves, block.at, block.first_step)
        _check(name, block, table)
        for group in _groups(name, block, table):
            if progress:
                progress(f"{name} {group.group}".strip())
            for kind, part in _fit_group(block, group, bounded, draws, level).items():
                parts[kind].append(part.assign(law=name, group=group.group))
    return {kind: conform(_joined(kind, rows), kind) for kind, rows in parts.items()}


def sensitivity(
    laws: Mapping[str, LawBlock],
    runs: pd.DataFrame,
    *,
    curves: pd.DataFrame | None = None,
    bounded: Collection[str] = (),
    draws: int = 200,
) -> pd.DataFrame:
    """Return the headline form's exponent under each defensible choice, a row each (table 'sensitivity').

    Choices: as fitted; without the smallest or largest x; with the floor on or off; error for loss or the
    reverse, where that column exists; the other residual loss (δ of log-Huber = 1.345 robust standard
    deviations of the residuals). A refused fit keeps its estimate; one without estimates is null.
    """
    rows = []
    for name, block in laws.items():
        table = runs_at(runs, curves, block.at, block.first_step)
        _check(name, block, table)
        for group in _groups(name, block, table):
            for choice, fitted in _choices(block, group, bounded, draws):
                parameter = fitted.law.exponent
                estimate = fitted.estimates[parameter]
                rows.append(
                    {
                        "law": name, "form": fitted.law.name, "group": group.group, "parameter": parameter,
                        "choice": choice, "estimate": estimate.value, "low": estimate.low,
                        "high": estimate.high, "status": fitted.status,
                    }
                )  # fmt: skip
    return conform(pd.DataFrame(rows), "sensitivity") if rows else empty("sensitivity")


def _check(name: str, block: LawBlock, runs: pd.DataFrame) -> None:
    """Raise LawbookError if the block names a column or a form that is not there, or selects no run."""
    chosen = [block.choose] if block.choose else []
    for column in (block.y, *block.inputs, *block.by, *block.cluster, *block.where, *chosen):
        if column not in runs.columns:
            raise LawbookError(
                f"law {name!r}: the runs have no column {column!r}; {suggest(column, runs.columns)}"
            )
    for form in block.compare:
        if form not in forms:
            raise LawbookError(f"law {name!r}: no form {form!r}; {suggest(form, forms)}")
    if block.sweep is None and select(block, runs).empty:
        asked = [f"{column} = {value}" for column, value in block.where.items()]
        asked += [f"{block.inputs[0]} in {block.range}"] if block.range else []
        raise LawbookError(
            f"law {name!r}: no run has {' and '.join(asked) or 'been given'}; mend where or range"
        )
    Loss(block.loss, block.delta)


def _groups(name: str, block: LawBlock, runs: pd.DataFrame) -> Iterator[Group]:
    """Yield the groups of a block, unconverged runs taken out and choices made."""
    selected = select(block, runs)
    by = list(block.by)
    split: list[tuple[str, pd.DataFrame]] = [("", selected)]
    if by:
        grouped = selected.groupby(by, dropna=False, sort=True)
        split = [(_group_name(by, key), rows) for key, rows in grouped]
    for label, rows in split:
        notices = []
        late = rows["status"] == "unconverged"
        if late.any():
            text = (
                f"{int(late.sum())} runs had not converged and are left out: {listed(rows['run_id'][late])}"
            )
            notices.append(Notice("unconverged", text, tuple(rows.index[late])))
        twice = rows.drop(columns="run_id").duplicated()
        if twice.any():  # in a table that was given; planned runs differ in some axis
            text = f"rows {listed(rows['run_id'][twice])} repeat earlier rows exactly"
            notices.append(Notice("duplicate_rows", text, tuple(rows.index[twice])))
        kept = rows[~late]
        if block.at == "every":
            text = (
                "the points of a run are evaluations along its training: intervals are over seeds, but tests of "
                "the fit take neighbouring points for independent"
            )
            notices.append(Notice("points_along_runs", text))
        if block.choose:
            kept, notice = choose(kept, block.choose, block.inputs[0], block.y)
            notices.append(notice)
        yield Group(name, label, kept, tuple(notices), int(late.sum()))


def _group_name(by: Sequence[str], values: Sequence[object]) -> str:
    return ",".join(f"{axis}={text_of(value)}" for axis, value in zip(by, values, strict=True))


def _rows(block: LawBlock, group: Group, *columns: str) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows of a group with its inputs and these columns, and the columns of independent repeats."""
    keys = list(block.cluster) or independent(group.runs)
    wanted = list(dict.fromkeys([*columns, *block.inputs, *keys, "status"]))
    table = group.runs[wanted].set_axis(group.runs["run_id"])
    # Runs are told apart by run_id: equal rows here are no duplicates.
    return table.assign(run_id=table.index), keys


def _gather(block: LawBlock, group: Group, y: str | None = None) -> Points:
    """Return the points of a group, with the test examples behind each error."""
    y = y or block.y
    error = y.endswith("error") and "n_eval" in group.runs.columns
    table, keys = _rows(block, group, y, *(["n_eval"] if error else []))
    positive = any(forms[form].positive_x for form in block.compare)
    points = gather(
        table,
        y=y,
        x=block.inputs,
        cluster=keys or None,
        n_eval="n_eval" if error else None,
        positive_x=positive,
    )
    return replace(points, notices=(*group.notices, *points.notices))


def _has_censored(block: LawBlock, group: Group, bounded: Collection[str]) -> bool:
    """Tell whether the fit of a group needs the likelihood of values that are known by bounds alone."""
    return block.y in bounded and bool(is_censored(group.runs, block.y).any())


def _fit_group(
    block: LawBlock, group: Group, bounded: Collection[str], draws: int, level: float
) -> dict[str, pd.DataFrame]:
    """Return the parts of all five tables for one group."""
    points: Points | None = None
    try:
        if _has_censored(block, group, bounded):
            table, keys = _rows(block, group, block.y, *bounds_of(block.y))
            found = censored.fit_forms(block, table, keys, group.notices, draws, level)
        else:
            points = _gather(block, group)
            compared, loss = [forms[form] for form in block.compare], Loss(block.loss, block.delta)
            found = compare_points(points, compared, loss, draws=draws, level=level)
    except LawbookError as error:
        return {"fits": _refused(block, group, str(error))}
    parts = _parts(block, group, found)
    if points is not None and len(block.inputs) == 1 and len(points.x) > 1 and (points.x > 0).all():
        parts["slopes"] = slopes_of(points, level)
    return parts


def _parts(block: LawBlock, group: Group, found: Comparison) -> dict[str, pd.DataFrame]:
    """Return the parts of the tables 'fits', 'points', 'draws' and 'predictions' for the fits of one group."""
    parts: dict[str, list[pd.DataFrame]] = {kind: [] for kind in TABLES}
    columns = dict(zip(block.inputs, INPUTS, strict=False))
    for form, fitted in found.fits.items():
        if len(fitted.law.inputs) != len(block.inputs):
            continue  # the baseline sees the first of several inputs: its held-out error is all that counts
        parts["fits"].append(_fit_rows(block, group, fitted, found))
        parts["points"].append(fitted.points.rename(columns=columns).assign(form=form))
        if np.isfinite(fitted.parameters).all():
            parts["draws"].append(_draw_rows(fitted))
            parts["predictions"].append(_prediction_rows(fitted).rename(columns=columns).assign(form=form))
    return {kind: pd.concat(rows, ignore_index=True) for kind, rows in parts.items() if rows}


def _fit_rows(block: LawBlock, group: Group, fitted: Fit, found: Comparison) -> pd.DataFrame:
    """Return the rows of `fits` of one form: one per parameter."""
    scores = found.table.set_index("form").loc[fitted.law.name]
    common = {
        "form": fitted.law.name, "level": fitted.level, "y": block.y, "x": ", ".join(block.inputs),
        **_range_columns(fitted), "n_points": fitted.n_points,
        "n_runs": min(fitted.n_runs, len(set(group.runs["run_id"]))), "n_seeds": fitted.n_seeds,
        "n_censored": fitted.n_censored, "n_diverged": fitted.n_diverged,
        "n_unconverged": group.n_unconverged,
        "loss": fitted.loss.name, "delta": fitted.loss.delta, "objective": fitted.objective,
        "gradient": fitted.gradient, "starts": fitted.starts, "starts_at_best": fitted.starts_at_best,
        "failed_draws": fitted.failed_draws, "lack_of_fit": fitted.lack_of_fit,
        "status": fitted.status, "reason": fitted.reason,
        "warnings": "\n".join(str(notice) for notice in fitted.warnings),
        "heldout_error": scores["heldout_error"], "heldout_error_power": scores["heldout_error_power"],
        "bic": fitted.bic, "preferred": found.preferred, "preferred_reason": found.reason,
    }  # fmt: skip
    rows = [
        {"parameter": name, "estimate": e.value, "low": e.low, "high": e.high, "method": e.method, **common}
        for name, e in (fitted.estimates | fitted.derived).items()
    ]
    return pd.DataFrame(rows)


def _range_columns(fitted: Fit) -> dict[str, Any]:
    """Return the fitted range: numbers for one input; for several, which no one number describes, text."""
    if len(fitted.inputs) == 1:
        (low, high), decades = fitted.x_range[0], fitted.decades[0]
        return {"x_low": low, "x_high": high, "decades": decades}
    ranges = zip(fitted.inputs, fitted.x_range, fitted.decades, strict=True)
    parts = [f"{name} {low:.4g}–{high:.4g} ({decades:.1f} decades)" for name, (low, high), decades in ranges]
    return {"ranges": ", ".join(parts)}


def _refused(block: LawBlock, group: Group, reason: str) -> pd.DataFrame:
    """Return the rows of `fits` of a group whose data cannot be fitted by any form."""
    rows = [
        {
            "form": form, "parameter": parameter, "method": "none", "y": block.y,
            "x": ", ".join(block.inputs),
            "n_runs": len(group.runs), "n_unconverged": group.n_unconverged, "loss": block.loss,
            "delta": block.delta, "status": "refused", "reason": reason, "preferred": "undecided",
            "warnings": "\n".join(str(notice) for notice in group.notices),
        }
        for form in block.compare
        for parameter in forms[form].parameters
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _draw_rows(fitted: Fit) -> pd.DataFrame:
    """Return the converged draws, long."""
    kept = np.flatnonzero(np.isfinite(fitted.draws).all(axis=1))
    names = fitted.law.parameters
    return pd.DataFrame(
        {
            "form": fitted.law.name,
            "draw": np.repeat(kept, len(names)),
            "parameter": np.tile(np.array(names, dtype=object), len(kept)),
            "value": fitted.draws[kept].reshape(-1),
        }
    )


def _prediction_rows(fitted: Fit) -> pd.DataFrame:
    """Return the fitted curve with its band on a grid over the fitted range; of several inputs, at the points."""
    if len(fitted.inputs) > 1:
        return fitted.predict(fitted.points[list(fitted.inputs)])
    low, high = fitted.x_range[0]
    return fitted.predict(np.geomspace(low, high, _GRID) if low > 0 else np.linspace(low, high, _GRID))


def _choices(
    block: LawBlock, group: Group, bounded: Collection[str], draws: int
) -> Iterator[tuple[str, Fit]]:
    """Yield each defensible choice with the headline form fitted under it."""
    if _has_censored(block, group, bounded):
        with suppress(LawbookError):
            table, keys = _rows(block, group, block.y, *bounds_of(block.y))
            yield from censored.choices(block, table, keys, draws)
        return
    law, loss = forms[block.compare[0]], Loss(block.loss, block.delta)
    try:
        points = _gather(block, group)
    except LawbookError:
        return
    headline = fit_points(points, law, loss=loss, draws=draws)
    yield "as fitted", headline
    for name, values in zip(block.inputs if len(block.inputs) > 1 else ("x",), points.x.T, strict=True):
        if len(np.unique(values)) > 1:
            for end, edge in (("smallest", values.min()), ("largest", values.max())):
                without = points.keep(np.asarray(values != edge))
                yield f"without {end} {name}", fit_points(without, law, loss=loss, draws=draws)
    partner = law.name.removesuffix("_floor") if law.floor else f"{law.name}_floor"
    if partner in forms and partner != law.name:
        yield (
            "without floor" if law.floor else "with floor",
            fit_points(points, forms[partner], loss=loss, draws=draws),
        )
    split, _, quantity = block.y.partition("_")
    other = f"{split}_{'loss' if quantity == 'error' else 'error'}"
    if quantity in ("loss", "error") and other in group.runs.columns and group.runs[other].notna().any():
        # Where that column has no logarithm there is no such choice.
        with suppress(LawbookError):
            again = fit_points(_gather(block, group, other), law, loss=loss, draws=draws)
            yield f"{other} for {block.y}", again
    others = {
        shape: replace(loss, name=loss.scale + shape, delta=None) for shape in ("least_squares", "absolute")
    }
    if loss.scale == "log_" and loss.shape != "huber" and np.isfinite(headline.objective):
        r = headline.points["residual"].to_numpy()
        others["huber"] = loss.huber(robust_delta(r))
    for changed in others.values():
        if changed.shape != loss.shape:
            name = changed.name + (f" δ={changed.delta:.2g}" if changed.delta else "")
            yield name, fit_points(points, law, loss=changed, draws=draws)


def _joined(kind: str, parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Join parts, leaving out columns that a part has only as nulls, so that they do not decide types."""
    full = [part.dropna(axis=1, how="all") for part in parts if len(part)]
    return pd.concat(full, ignore_index=True) if full else empty(kind)
