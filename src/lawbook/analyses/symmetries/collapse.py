"""Curves of runs far apart that a symmetry makes one: y over its own power, where the groups of the runs agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lawbook.analyses.symmetries.block import TABLES, SymmetriesBlock
from lawbook.laws.law import Array
from lawbook.results.selection import of_sweep, where
from lawbook.storage.status import RunStatus
from lawbook.studies.identity import NOT_IDENTITY

Powers = Mapping[str, Mapping[str, float]]
"""Exponents by column and symmetry: of each hyperparameter and of y, along each hyperparameter that frees one."""

_SAME = 1e-9
"""Groups are equal where their logs are within this."""


@dataclass(frozen=True)
class Collapsed:
    """The table 'curves', what the summary tells of it, and how many runs were lost."""

    curves: pd.DataFrame
    n_lost: int = 0
    summary: dict[str, Any] = field(default_factory=dict)


def collapsed(
    block: SymmetriesBlock, runs: pd.DataFrame, values: pd.DataFrame, axes: Sequence[str], powers: Powers
) -> Collapsed:
    """Return the curves of the sweeps that are to collapse, or not; values: y by run and step."""
    pivots = [name for name in block.hyperparameters if any(name in each for each in powers.values())]
    parts: list[pd.DataFrame] = []
    summary: dict[str, Any] = {}
    n_lost = 0
    for part, sweep in (("rescaled", block.rescaled), ("unscaled", block.unscaled)):
        if sweep is None or not pivots:
            continue
        members = where(of_sweep(runs, sweep), block.where)
        sound = members[(members["status"] == RunStatus.OK) & members["run_id"].isin(values.index)]
        n_lost += len(members) - len(sound)
        scale = np.log(sound[pivots].to_numpy(dtype=float))
        logs = np.log(values.loc[sound["run_id"]].to_numpy(dtype=float))
        power = np.array([powers[block.y][name] for name in pivots])
        reduced = logs - (scale @ power)[:, None]
        classes = _classes(block, sound, axes, powers, pivots, together=part == "unscaled")
        ratios = np.exp(reduced - _means(reduced, classes))
        parts.append(_curves(part, sound, classes, values, np.exp(reduced), ratios))
        summary |= _summary(part, classes, reduced, ratios)
    table = pd.concat(parts) if parts else pd.DataFrame(columns=list(TABLES["curves"]))
    return Collapsed(table, n_lost, summary)


def _classes(
    block: SymmetriesBlock,
    sound: pd.DataFrame,
    axes: Sequence[str],
    powers: Powers,
    pivots: Sequence[str],
    together: bool,
) -> NDArray[np.int64]:
    """Return a number for each run (n): the same where all groups agree, and all that is no hyperparameter.

    together: all groups count as equal, so that what is not rescaled is compared, too.
    """
    others = [a for a in axes if a not in {*block.hyperparameters, *NOT_IDENTITY}]
    keys = [tuple(None if v != v else v for v in row) for row in sound[others].itertuples(index=False)]
    groups = np.zeros((len(sound), 0))
    if not together:
        scale = np.log(sound[list(pivots)].to_numpy(dtype=float))
        kept = [name for name in block.hyperparameters if name not in pivots]
        by_group = [
            np.log(sound[name].to_numpy(dtype=float)) - scale @ [powers[name][pivot] for pivot in pivots]
            for name in kept
        ]
        groups = np.column_stack(by_group) if by_group else groups
    known: list[tuple[Any, Array]] = []
    found = np.empty(len(sound), dtype=np.int64)
    for i, (key, group) in enumerate(zip(keys, groups, strict=True)):
        same = (j for j, (k, g) in enumerate(known) if k == key and np.allclose(g, group, rtol=0, atol=_SAME))
        found[i] = next(same, len(known))
        if found[i] == len(known):
            known.append((key, group))
    return found


def _means(reduced: Array, classes: NDArray[np.int64]) -> Array:
    """Return the mean of each run's class, (n, steps)."""
    means = np.empty_like(reduced)
    for name in np.unique(classes):
        means[classes == name] = reduced[classes == name].mean(axis=0)
    return means


def _curves(
    part: str,
    sound: pd.DataFrame,
    classes: NDArray[np.int64],
    values: pd.DataFrame,
    reduced: Array,
    ratios: Array,
) -> pd.DataFrame:
    n_steps = reduced.shape[1]
    return pd.DataFrame(
        {
            "part": part,
            "run_id": np.repeat(sound["run_id"].to_numpy(), n_steps),
            "class": np.repeat(classes, n_steps),
            "step": np.tile(values.columns.to_numpy(dtype=np.int64), len(sound)),
            "value": values.loc[sound["run_id"]].to_numpy(dtype=float).ravel(),
            "reduced": reduced.ravel(),
            "ratio": ratios.ravel(),
        }
    ).dropna(subset="value")


def _summary(part: str, classes: NDArray[np.int64], reduced: Array, ratios: Array) -> dict[str, Any]:
    names, sizes = np.unique(classes, return_counts=True)
    shared = np.isin(classes, names[sizes > 1])
    # Over all runs of a class: what parts them at the last step.
    last = [reduced[classes == name, -1].std(ddof=1) for name in names[sizes > 1]]
    found: dict[str, Any] = {f"spread_{part}": float(np.mean(last)) if last else np.nan}
    if part == "rescaled":
        found["n_rescaled"], found["n_classes"] = int(shared.sum()), int((sizes > 1).sum())
        if shared.any():
            found["deviation"] = float(np.nanmax(np.abs(ratios[shared] - 1)))
    return found
