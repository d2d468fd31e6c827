"""What a figure of a law draws: its forms by group, how each looks, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from lawbook.laws.note import notes_from_json, reason_of
from lawbook.report.style import MARKERS, PALETTE, colours
from lawbook.results.words import fitted_range, label, measured, plain, symbol
from lawbook.storage.status import FitStatus
from lawbook.studies.law_block import LawBlock

_DASHES = ("-", "--", "-.", ":")
EXACT_DASHES: tuple[str | tuple[int, tuple[int, ...]], ...] = (":", (0, (1, 3)), (0, (5, 2, 1, 2)))


@dataclass(frozen=True)
class Series:
    """One fitted form of one group and how it is drawn; `flaw` says why it is no law, '' if it is one."""

    group: str
    lead: str
    form: str
    headline: bool
    flaw: str
    text: str
    colour: str
    marker: str
    dash: str
    aside: float
    """Factor on x that keeps the residuals of several fits from covering one another."""


def series_of(law: LawBlock, fits: pd.DataFrame) -> list[Series]:
    """Return what is drawn: every form of one group, or the headline form of each of several groups."""
    groups = list(dict.fromkeys(fits["group"]))
    many = len(groups) > 1
    hues = colours(groups) if many else list(PALETTE)
    found = []
    for i, group in enumerate(groups):
        for j, form in enumerate(law.compare[:1] if many else law.compare):
            rows = fits[(fits["group"] == group) & (fits["form"] == form)]
            row = rows[rows["parameter"] == law.form(form).exponent].iloc[0]
            found.append(
                Series(
                    group,
                    _lead(group),
                    form,
                    headline=j == 0,
                    flaw=_flaw(row),
                    text=_legend_text(law, row),
                    colour=hues[(i if many else j) % len(hues)],
                    marker=MARKERS[i % len(MARKERS)],
                    dash=_DASHES[j % len(_DASHES)],
                    aside=1.03 ** (i if many else j),
                )
            )
    return found


def _lead(group: str) -> str:
    return f"{group.replace('=', ' ').replace(',', ', ')}: " if group else ""


def _flaw(row: pd.Series) -> str:
    if row["status"] == FitStatus.OK:
        return ""
    return f"{plain(str(row['status'])).upper()}: {reason_of(notes_from_json(row['notes']))}"


def _legend_text(law: LawBlock, row: pd.Series) -> str:
    """Return the exponent with its interval and range, or that and why there is none."""
    lead = _lead(str(row["group"]))
    if flaw := _flaw(row):
        return f"{lead}{plain(row['form'])}: {flaw}"
    value = measured(row["estimate"], row["low"], row["high"])
    over = fitted_range(row.to_dict(), named=False)
    if len(law.inputs) == 1:
        over = f"{label(law.inputs[0]).split(' (')[0]} {over}"
    return f"{lead}{plain(row['form'])}: {symbol(row['parameter'])} = {value} over {over}"


def rows_of(table: pd.DataFrame, s: Series, name: str) -> pd.DataFrame:
    return table[(table["law"] == name) & (table["form"] == s.form) & (table["group"] == s.group)]
