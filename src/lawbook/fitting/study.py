"""Fit the laws that a study asks for: from its table of runs to the tables of fits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError
from lawbook.fitting.censored import fit_forms, has_censored
from lawbook.fitting.groups import Group, check_block, groups_of, points_of
from lawbook.fitting.rows import draw_rows, fit_rows, joined, prediction_rows, refused_rows
from lawbook.laws.compare import compare_points
from lawbook.laws.loss import Loss
from lawbook.laws.slopes import slopes_of
from lawbook.results.evaluations import runs_at
from lawbook.results.selection import INPUTS, LawBlock
from lawbook.storage.tables import conform

TABLES = ("fits", "draws", "predictions", "points", "slopes")


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
    'predictions', 'points' and 'slopes'. Data that give no law become rows with status 'refused', and a note on why.
    `progress` is called with each law's name and group before it is fitted. Raises LawbookError for a column that the
    runs lack, for a selection from a table that is empty, and for an unknown form or loss.
    """
    parts: dict[str, list[pd.DataFrame]] = {kind: [] for kind in TABLES}
    for name, block in laws.items():
        table = runs_at(runs, curves, block.at, block.first_step)
        check_block(name, block, table)
        for group in groups_of(name, block, table):
            if progress:
                progress(f"{name} {group.group}".strip())
            for kind, part in _fit_group(block, group, bounded, draws, level).items():
                parts[kind].append(part.assign(law=name, group=group.group))
    return {kind: conform(joined(kind, rows), kind) for kind, rows in parts.items()}


def _fit_group(
    block: LawBlock, group: Group, bounded: Collection[str], draws: int, level: float
) -> dict[str, pd.DataFrame]:
    """Return the parts of all five tables for one group."""
    slopes = None
    try:
        if has_censored(block, group, bounded):
            found = fit_forms(block, group, draws, level)
        else:
            points = points_of(block, group)
            compared, loss = [block.form(form) for form in block.compare], Loss(block.loss, block.delta)
            found = compare_points(points, compared, loss, draws=draws, level=level)
            if len(block.inputs) == 1 and len(points.x) > 1 and (points.x > 0).all():
                slopes = slopes_of(points, level)
    except LawbookError as error:
        return {"fits": refused_rows(block, group, str(error))}
    parts: dict[str, list[pd.DataFrame]] = {kind: [] for kind in TABLES}
    columns = dict(zip(block.inputs, INPUTS, strict=False))
    for form, fitted in found.fits.items():
        if len(fitted.law.inputs) != len(block.inputs):
            continue  # the baseline sees the first of several inputs: its held-out error is all that counts
        parts["fits"].append(fit_rows(block, group, fitted, found))
        shown = fitted.points.assign(**dict(zip(fitted.inputs, fitted.places.T, strict=True)))
        parts["points"].append(shown.rename(columns=columns).assign(form=form))
        if np.isfinite(fitted.parameters).all():
            parts["draws"].append(draw_rows(fitted))
            parts["predictions"].append(prediction_rows(fitted).rename(columns=columns).assign(form=form))
    if slopes is not None:
        parts["slopes"].append(slopes)
    return {kind: pd.concat(rows, ignore_index=True) for kind, rows in parts.items() if rows}
