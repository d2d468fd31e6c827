"""The exponents of all studies beside those that are published or exactly known, on one axis: a forest plot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lawbook.report.gallery.collection import Shown
from lawbook.results.card import ClaimCard, ExponentCard
from lawbook.results.selection import in_group
from lawbook.results.words import measured, name_of, number, plain, symbol
from lawbook.storage.status import FitStatus

MARGIN = 3.0
"""Room at both ends of the axis, in per cent of its width."""

EXPONENTS = frozenset({"alpha", "beta", "gamma"})
"""What laws call their exponents."""

BEYOND = 1.2
"""The axis ends at so many times the largest estimate or known value: longer intervals are cut there."""


@dataclass(frozen=True)
class Known:
    """What an exponent should be: a value with its source, and the range in which a claim expects it."""

    value: float
    low: float
    high: float
    source: str

    @property
    def text(self) -> str:
        """Return it as words."""
        within = f" ± {number(self.high - self.value)}" if self.high > self.value else ""
        return f"{number(self.value)}{within}"


@dataclass(frozen=True)
class Exponent:
    """An exponent of a study with its interval, None where none stands, and what it should be."""

    study: Shown
    key: tuple[str, str, str]
    group: str
    what: str
    form: str
    symbol: str
    estimate: float | None
    low: float | None
    high: float | None
    status: str
    known: tuple[Known, ...] = ()

    @property
    def text(self) -> str:
        """Return estimate and interval as words, or why there is none."""
        return plain(self.status) if self.estimate is None else measured(self.estimate, self.low, self.high)


@dataclass(frozen=True)
class Axis:
    """The axis that all exponents share."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Return where a value stands, in per cent of the width; at an end what lies beyond it."""
        share = (value - self.low) / (self.high - self.low)
        return round(MARGIN + (100 - 2 * MARGIN) * min(1.0, max(0.0, share)), 2)

    def holds(self, value: float) -> bool:
        """Tell whether a value lies on the axis."""
        return self.low <= value <= self.high


def exponents(studies: Iterable[Shown]) -> list[Exponent]:
    """Return the exponents of headline laws, and those that claims with a source or of before expect a value of."""
    rows: list[Exponent] = []
    for study in studies:
        found = [_of_law(study, exponent) for exponent in study.card.exponents]
        for claim in study.card.claims:
            found = _with_claim(study, claim, found)
        rows += found
    return rows


def axis_of(rows: Sequence[Exponent]) -> Axis:
    """Return an axis that holds the estimates and the known values, from 0 or below, with round ticks."""
    firm = [
        value for row in rows for value in (row.estimate, *(k.value for k in row.known)) if value is not None
    ]
    ends = [
        value for row in rows for value in (row.low, row.high) if value is not None and math.isfinite(value)
    ]
    high = max([*firm, 0.1])
    high = min(BEYOND * high, max([high, *ends]))
    low = min([0.0, *firm])
    low = max(BEYOND * low, min([low, *ends]))
    step = next(s for s in (k * 10.0**n for n in range(-3, 6) for k in (1, 2, 5)) if (high - low) / s <= 6)
    ticks = tuple(round(step * k, 6) for k in range(math.ceil(low / step), math.floor(high / step) + 1))
    return Axis(low, high, ticks)


def _of_law(study: Shown, found: ExponentCard) -> Exponent:
    stands = found.status == FitStatus.OK
    where = f", {found.group.replace('=', ' ').replace(',', ', ')}" if found.group else ""
    what = f"{plain(found.y)} by {name_of(found.x)}{where}"
    known = tuple(Known(value, value, value, f"exact: {plain(name)}") for name, value in found.exact.items())
    values = (found.estimate, found.low, found.high) if stands else (None, None, None)
    key = (found.law, found.form, found.parameter)
    return Exponent(
        study,
        key,
        found.group,
        what,
        plain(found.form),
        symbol(found.parameter),
        *values,
        found.status,
        known,
    )


def _with_claim(study: Shown, claim: ClaimCard, found: list[Exponent]) -> list[Exponent]:
    """Return exponents of a study with what a claim about one of them, or about another, expects."""
    law, _, rest = claim.value.partition(".")
    form, _, parameter = rest.partition(".")
    low, high = claim.expected_low, claim.expected_high
    if parameter not in EXPONENTS or low is None or high is None:
        return found
    known = Known(
        (low + high) / 2, low, high, f"{claim.origin}: {claim.source}" if claim.source else claim.origin
    )
    for place, row in enumerate(found):
        if row.key == (law, form, parameter) and in_group(row.group, claim.where):
            return [*found[:place], replace(row, known=(*row.known, known)), *found[place + 1 :]]
    of = ", ".join(f"{plain(axis)} {value}" for axis, value in claim.where.items())
    what = plain(law) + (f", {of}" if of else "")
    values = (claim.estimate, claim.low, claim.high)
    status = str(FitStatus.OK) if claim.estimate is not None else claim.reason
    row = Exponent(
        study, (law, form, parameter), "", what, plain(form), symbol(parameter), *values, status, (known,)
    )
    return [*found, row]
