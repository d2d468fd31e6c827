"""What a reader can ask of a figure in the page: its panels as data, which a script draws so that they answer.

A kind of figure may give this beside its drawing; one that does not is shown as it is printed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from lawbook.report.style import BLACK

_DIGITS = 6
"""Significant digits of a coordinate: far more than a screen shows."""

_NAMED = {"-": (), "--": (3.7, 1.6), "-.": (6.4, 1.6, 1.0, 1.6), ":": (1.0, 1.65)}
"""Matplotlib's dashes and gaps, in widths of the line, by their names."""

_LISTED = 100
"""Most runs of one point that are listed by name."""


@dataclass(frozen=True)
class Runs:
    """The runs behind a point, and the value of each of the column `what`, if it has one of its own."""

    ids: tuple[str, ...]
    what: str = ""
    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class Trace:
    """Points, or a line, of one look.

    name: its entry of the legend, by which it is turned off and on; '' for one that always stays. low, high: ends of
    the interval of y, drawn as bars, or as a `band`; x_low, x_high: those of x. limits: by point −1 where y is an upper
    limit, 1 where it is a lower one, 0 where it is neither. runs: those behind each point; one for all points if it is
    one. marker, line: as Matplotlib names them; without a line points are not joined.
    """

    name: str
    x: ArrayLike
    y: ArrayLike
    low: ArrayLike | None = None
    high: ArrayLike | None = None
    x_low: ArrayLike | None = None
    x_high: ArrayLike | None = None
    limits: ArrayLike | None = None
    runs: Sequence[Runs] = ()
    colour: str = BLACK
    marker: str = ""
    line: Any = None
    width: float = 1.3
    size: float = 4.0
    opacity: float = 1.0
    band: bool = False


@dataclass(frozen=True)
class Scale:
    """One axis: its label, `log` or `linear` as it is printed, its limits, and the names of 0, 1, … if it has names."""

    label: str
    kind: str
    limits: tuple[float, float] | None
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """A panel with its axes and what is drawn in it."""

    title: str
    x: Scale
    y: Scale
    traces: tuple[Trace, ...]


@dataclass(frozen=True)
class Interactive:
    """The panels of a figure; `beside`: whether the first stands left of all others. warnings: said above them."""

    panels: tuple[Panel, ...]
    beside: bool = False
    warnings: tuple[str, ...] = ()


def panel_of(
    axes: Axes, traces: Iterable[Trace], names: Sequence[str] = (), x_label: str = "", y_label: str = ""
) -> Panel:
    """Return a panel with the title, labels, scales and limits of drawn axes.

    names: those of x = 0, 1, …, where it has names. x_label, y_label: for axes that leave theirs to a neighbour.
    """
    x = _scale(axes.get_xlabel() or x_label, axes.get_xscale(), axes.get_xlim(), tuple(names))
    y = _scale(axes.get_ylabel() or y_label, axes.get_yscale(), axes.get_ylim())
    return Panel(axes.get_title(loc="left") or axes.get_title(), x, y, tuple(traces))


def _scale(label: str, kind: str, limits: tuple[float, float], names: tuple[str, ...] = ()) -> Scale:
    """Return an axis; one that is linear around 0 alone counts as logarithmic, and has no limits of its own."""
    if kind == "symlog":
        return Scale(label, "log", None, names)
    return Scale(label, kind, (float(limits[0]), float(limits[1])), names)


def runs_behind(
    points: pd.DataFrame,
    rows: pd.DataFrame,
    keys: Mapping[str, str],
    y: str,
    what: str,
    drawn: str | None = None,
) -> list[Runs]:
    """Return the runs behind each point: those rows that have its x, and its y where several points share an x.

    keys: for each column of `points` that is compared, that of `rows`. y: the column of the rows that is y there;
    drawn: that of where it is drawn, if that is another. Runs stand in the order of the rows.
    """
    places = [_key(row) for row in rows[list(keys.values())].itertuples(index=False, name=None)]
    groups = dict(iter(rows.groupby(pd.Series(places, index=rows.index), sort=False)))
    at = [_key(row) for row in points[list(keys)].itertuples(index=False, name=None)]
    shared = pd.Series(at).duplicated(keep=False).to_numpy()
    found = []
    for place, value, crowded in zip(at, points["y"], shared, strict=True):
        part = groups.get(place, rows.iloc[:0])
        if (
            crowded
            and (same := np.isclose(part[drawn or y].astype(float), float(value), rtol=1e-9, atol=0)).any()
        ):
            part = part[same]
        found.append(Runs(tuple(map(str, part["run_id"])), what, tuple(map(float, part[y].astype(float)))))
    return found


def limits_of(points: pd.DataFrame) -> NDArray[np.int64]:
    """Return for each point −1 where it is an upper limit, 1 where it is a lower one (without an upper end), else 0."""
    limit = points["censored"].to_numpy(dtype=bool)
    return np.where(limit, np.where(points["high"].notna(), -1, 1), 0)


def each_run(rows: pd.DataFrame, y: str = "", what: str = "") -> list[Runs]:
    """Return the one run behind each row, with its value of y if that is named."""
    values = rows[y].astype(float) if y else [None] * len(rows)
    return [
        Runs((str(run),), what, () if value is None else (float(value),))
        for run, value in zip(rows["run_id"], values, strict=True)
    ]


def _key(place: Iterable[Any]) -> Hashable:
    """Return values such that those of a table and those that were computed with are the same."""
    return tuple(
        f"{value:.10g}" if isinstance(value, int | float | np.number) else str(value) for value in place
    )


def as_json(answers: Interactive | None) -> str:
    """Write what a figure answers as JSON; without any panels if it answers nothing. The same gives the same bytes.

    The runs behind points stand in a list of their own, each combination once.
    """
    behind: dict[Runs, int] = {}
    panels = [
        {
            "title": panel.title,
            "x": _axis(panel.x),
            "y": _axis(panel.y),
            "traces": [_trace(trace, behind) for trace in panel.traces if np.size(trace.x)],
        }
        for panel in (answers.panels if answers else ())
    ]
    content = {
        "panels": panels,
        "beside": answers.beside if answers else False,
        "warnings": list(answers.warnings) if answers else [],
        "runs": [_runs(runs) for runs in behind],
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def _axis(scale: Scale) -> dict[str, Any]:
    limits = None if scale.limits is None else _numbers(scale.limits)
    return {"label": scale.label, "scale": scale.kind, "limits": limits, "names": list(scale.names)}


def _trace(trace: Trace, behind: dict[Runs, int]) -> dict[str, Any]:
    arrays = {key: getattr(trace, key) for key in ("x", "y", "low", "high", "x_low", "x_high", "limits")}
    return {
        "name": trace.name,
        **{key: _numbers(values) for key, values in arrays.items() if values is not None},
        "runs": [behind.setdefault(runs, len(behind)) for runs in trace.runs],
        "colour": trace.colour,
        "marker": trace.marker,
        "dashes": None if trace.line is None else _dashes(trace.line, trace.width),
        "width": trace.width,
        "size": trace.size,
        "opacity": trace.opacity,
        "band": trace.band,
    }


def _runs(runs: Runs) -> dict[str, Any]:
    return {
        "ids": list(runs.ids[:_LISTED]),
        "what": runs.what,
        "values": _numbers(runs.values[:_LISTED]),
        "n": len(runs.ids),
    }


def _numbers(values: ArrayLike) -> list[float | int | None]:
    return [_number(float(value)) for value in np.asarray(values, dtype=float).ravel()]


def _number(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.{_DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def _dashes(line: Any, width: float) -> list[float]:
    """Return the lengths of dashes and gaps in points, as Matplotlib draws them; none of a whole line."""
    pattern = _NAMED[line] if isinstance(line, str) else line[1]
    return [round(float(length) * width, 2) for length in pattern]
