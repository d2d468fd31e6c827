"""Columns of a table that the question does not name: do they explain why rows of one x, or of one curve, differ?

A data set, an optimizer or a learning rate that varies among the rows of one x makes no repeats of them: their spread
is then no noise, and their mean the loss of no run. What explains is a setting: it has few values, and these differ
in y by more than rows of one value do. A number that every row has to itself (a wall time, a sibling of y) is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from scipy.special import fdtrc

from lawbook.laws.law import Array, Counts, Flags, Law
from lawbook.laws.members import Members
from lawbook.laws.names import OUTCOMES, REPEATS, RUNS, bare
from lawbook.laws.note import Note, refusal, warning
from lawbook.laws.points import Points
from lawbook.laws.solver import jacobian

Off: TypeAlias = Callable[[Array], Array]
"""What takes from columns (rows, m) that which the points, or the law, explain."""

_MOST, _LEAST = 24, 3
"""A setting has at most so many values, each of at least so many rows on average."""
_ROWS = 6000
"""So many rows tell enough; of more, some points are looked at."""
_CHANCE = 1e-3
"""p of the differences, times the number of tests, below which a column explains."""
_MOST_OF_IT = 0.5
"""Share of the differences from which on a column that explains refuses the fit."""
_FELT, _SEEN = 1e-3, 1e-2
"""RMS effect in log y below which rows of one x, or the residuals of a law, are not worth a word."""
_BESIDE = 0.5
"""Share of the variance of an input from which on a column goes with that input."""


@dataclass(frozen=True)
class _Setting:
    """A column of few values: its names (several where they split the rows alike), values, and each row's, (N,)."""

    names: tuple[str, ...]
    values: tuple[object, ...]
    code: Counts

    @property
    def numeric(self) -> bool:
        return all(isinstance(value, int | float | np.number) for value in self.values)

    @property
    def counted(self) -> bool:
        """Say whether the values are 0, 1, 2, … or 1, 2, 3, …, as repeats are numbered."""
        if not self.numeric:
            return False
        values = np.sort(np.array(self.values, dtype=float))
        return len(values) > 2 and values[0] in (0.0, 1.0) and bool((np.diff(values) == 1).all())


@dataclass(frozen=True)
class _Explained:
    """How much of the differences a setting explains: p, share and RMS size in log y; `within` the rows of one x."""

    setting: _Setting
    within: bool
    p: float
    share: float
    size: float


def unnamed_columns(points: Points, law: Law, parameters: Array) -> list[Note]:
    """Return the notes on columns that nobody named and that explain the rows' differences, the clearest first.

    Where they vary among the rows of one x, those differences, whatever the law; else the residuals of the law at
    parameters (p,), of columns that do not go with an input. By F tests of the column's values, alone and with slopes
    along the inputs of their own, p times the number of tests; over clusters where a column is constant in each. A
    column that explains more than half is a refusal, unless its values are numbered as repeats are.
    """
    members = points.members
    if members is None or members.beside.shape[1] == 0 or len(members.point) < 2 * _LEAST:
        return []
    x = points.x
    if len(members.point) > _ROWS:  # some points, with all their rows
        some = np.zeros(len(x), dtype=bool)
        some[:: -(-len(members.point) // _ROWS)] = True
        members, x = members.keep(some), x[some]
    settings = list(_settings(members))
    z = np.log(x[members.point]) if (x > 0).all() else x[members.point]
    found = []
    for setting in settings:
        each = _within(members, setting, z)
        if each is None and all(_share_of(column, setting.code) < _BESIDE for column in z.T):
            each = _across(x, members, setting, z, law, parameters)
        if each is not None:
            found.append(each)
    tests = 2 * len(settings)
    clear = [
        each for each in found
        if each.p * tests < _CHANCE and each.size > (_FELT if each.within else _SEEN)
    ]  # fmt: skip
    return [_note(each, points.inputs, tests) for each in sorted(clear, key=lambda each: -each.share)]


def _settings(members: Members) -> Iterator[_Setting]:
    """Yield the columns that may be settings, those that split the rows alike as one."""
    alike: dict[bytes, tuple[list[str], _Setting]] = {}
    names = list(members.beside.columns)
    for name in names:
        if bare(name) in REPEATS | RUNS | OUTCOMES or names.count(name) > 1:
            continue
        try:
            code, values = pd.factorize(members.beside[name], use_na_sentinel=False)
        except TypeError:  # lists and the like
            continue
        if 2 <= len(values) <= min(_MOST, len(code) // _LEAST):
            code = np.asarray(code, dtype=np.int64)
            setting = _Setting((str(name),), tuple(values), code)
            alike.setdefault(code.tobytes(), ([], setting))[0].append(str(name))
    for same, setting in alike.values():
        yield _Setting(tuple(same), setting.values, setting.code)


def _within(members: Members, setting: _Setting, z: Array) -> _Explained | None:
    """Return what a setting explains of the differences of rows of one x, None where it does not vary there."""
    pairs = np.unique(members.point * len(setting.values) + setting.code) // len(setting.values)
    varied = np.bincount(pairs, minlength=len(members.per_point)) > 1
    several = members.per_point > 1
    if varied.sum() < 2 or 2 * varied.sum() < several.sum():
        return None
    if setting.numeric and any(_share_of(column, setting.code) >= _BESIDE for column in z.T):
        return None
    kept = several[members.point] & np.isfinite(members.log_y)
    _, at = np.unique(members.point[kept], return_inverse=True)
    rows = np.bincount(at)[at][:, None]

    def off(a: Array) -> Array:
        total = np.stack([np.bincount(at, weights=column) for column in a.T], axis=1)
        return np.asarray(a - total[at] / rows)

    free = int(kept.sum()) - int(at.max(initial=-1)) - 1
    return _explained(setting, True, members, kept, off, free, members.log_y, z)


def _across(
    x: Array, members: Members, setting: _Setting, z: Array, law: Law, parameters: Array
) -> _Explained | None:
    """Return what a setting explains of the residuals of a law, which is free to bend to them."""
    log_fit = law.log_predict(x, parameters)[members.point]
    kept = np.isfinite(members.log_y) & np.isfinite(log_fit)
    J = jacobian(law, x, parameters)[members.point[kept]]
    if not np.isfinite(J).all():
        return None
    tangent, _ = np.linalg.qr(np.column_stack([np.ones(len(J)), J]))

    def off(a: Array) -> Array:
        return np.asarray(a - tangent @ (tangent.T @ a))

    free = int(kept.sum()) - tangent.shape[1]
    return _explained(setting, False, members, kept, off, free, members.log_y - log_fit, z)


def _explained(
    setting: _Setting,
    within: bool,
    members: Members,
    kept: Flags,
    off: Off,
    free: int,
    log_y: Array,
    z: Array,
) -> _Explained | None:
    """Return the clearer of two F tests on the rows `kept` (N,): levels of the values, and levels with slopes.

    off(a) takes from columns a (rows, m) what the points, or the law, explain; `free` degrees are left. None where
    too few are left to test.
    """
    code, cluster = setting.code[kept], members.cluster[kept]
    r = off(log_y[kept, None])
    total = float(np.sum(r**2))
    if free < _LEAST or not total > 0:
        return None
    levels = (code[:, None] == np.unique(code)).astype(float)
    centred = (z - z.mean(axis=0))[kept]
    slopes = (levels[:, :, None] * centred[:, None, :]).reshape(len(code), -1)
    found = []
    for columns in (levels, np.concatenate([levels, slopes], axis=1)):
        basis, size, _ = np.linalg.svd(off(columns), full_matrices=False)
        basis = basis[:, size > 1e-8 * max(float(np.linalg.norm(columns)), 1e-300)]
        m = basis.shape[1]
        if not 0 < m < free - 1:
            continue
        part = float(np.sum((basis.T @ r) ** 2))
        rest = max(total - part, 1e-24 * total) / (free - m)
        share = 1 - rest / (total / free)
        p = float(fdtrc(m, free - m, part / m / rest))
        found.append(_Explained(setting, within, p, share, float(np.sqrt(part / len(code)))))
    if not found:
        return None
    best = min(found, key=lambda each: each.p)
    units = np.unique(np.column_stack([cluster, code]), axis=0)
    if len(units) == len(np.unique(cluster)) < len(code):  # constant in each cluster: these are the units
        p = _of_clusters(r[:, 0], cluster, units[:, 1])
        best = _Explained(setting, within, p, best.share, best.size)
    return best


def _of_clusters(r: Array, cluster: Counts, code: Counts) -> float:
    """Return the p of a one-way analysis of the clusters' mean r, each with its `code` (C,); 1 where none is left."""
    _, at = np.unique(cluster, return_inverse=True)
    mean = np.bincount(at, weights=r) / np.bincount(at)
    k, C = len(np.unique(code)), len(code)
    if k >= C:
        return 1.0
    _, group = np.unique(code, return_inverse=True)
    centre = np.bincount(group, weights=mean) / np.bincount(group)
    rest = float(np.sum((mean - centre[group]) ** 2)) / (C - k)
    part = float(np.sum((centre[group] - mean.mean()) ** 2)) / (k - 1)
    return float(fdtrc(k - 1, C - k, part / max(rest, 1e-300)))


def _share_of(values: Array, code: Counts) -> float:
    """Return the share of the variance of values (N,) that lies between the groups of a code (N,)."""
    total = float(np.var(values))
    if not total > 0:
        return 0.0
    means = np.bincount(code, weights=values) / np.maximum(np.bincount(code), 1)
    return float(np.var(means[code])) / total


def _note(each: _Explained, inputs: tuple[str, ...], tests: int) -> Note:
    setting = each.setting
    name, value = setting.names[0], setting.values[0]
    named = " and ".join(setting.names[:3])
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    what = f"how rows of one {', '.join(inputs)} differ" if each.within else "what the law misses"
    text = (
        f"{named}, which nobody named, explains {each.share:.0%} of {what} ({each.size:.2g} RMS in log y, p ="
        f" {min(each.p * tests, 1.0):.1g}): " + ("they are no repeats" if each.within else "it is no noise")
    )
    ways = [f"fit one (--where {name}={shown})", f"each alone (--by {name})"]
    ways.insert(0 if setting.numeric else 2, f"the best of each x (--best-over {name})")
    text += f"; {', '.join(ways)}, or give {name} to the law (--x)"
    if setting.counted:
        text += f"; if it numbers repeats, say --cluster {name}"
    serious = each.share > _MOST_OF_IT and not setting.counted
    details = {"columns": list(setting.names), "p": each.p, "share": each.share, "rms": each.size}
    return (refusal if serious else warning)("unnamed_column", text, **details)
