"""Claims against measurements: the expected value beside the 95 % interval, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lawbook.claims.quantities import analysis_of, quantities
from lawbook.errors import LawbookError
from lawbook.fitting.exact import exact_estimate
from lawbook.laws.note import notes_from_json, reason_of
from lawbook.results.paired import check_alike, paired_difference
from lawbook.results.reader import Results
from lawbook.results.selection import in_group, where
from lawbook.results.words import conditions, enumerate_words, fitted_range, measured, number, plain, symbol
from lawbook.storage.status import FitStatus, Verdict
from lawbook.storage.tables import conform, empty
from lawbook.studies.analysis import Analyses
from lawbook.studies.claim_block import Claim
from lawbook.studies.law_block import LawBlock
from lawbook.studies.roles import REPEATS


@dataclass(frozen=True)
class Measurement:
    """An estimate with its 95 % interval over `n` runs or pairs; `flaw` says why it cannot decide a claim."""

    estimate: float
    low: float
    high: float
    n: int
    flaw: str = ""
    note: str = ""


NOTHING = (math.nan, math.nan, math.nan)


def judge_claims(
    claims: Sequence[Claim],
    results: Path,
    laws: Mapping[str, LawBlock] | None = None,
    analyses: Analyses | None = None,
) -> pd.DataFrame:
    """Return the table 'claims': a row per claim with its measurement and verdict; see `verdict`.

    laws: those of the study, by name, for claims about what is left of a value once an exact curve's is taken off;
    analyses: those of the study, for claims about what one of them found.
    Raises LawbookError, naming the claim by its position in the study, where it does not say which runs or
    which group of a fit it is about.
    """
    if not claims:
        return empty("claims")
    tables = Results(results)
    rows = []
    for i, claim in enumerate(claims):
        try:
            kind, found = _measure(claim, tables, laws or {}, analyses or Analyses())
        except LawbookError as error:
            raise LawbookError(f"claims.{i}: {error}") from error
        decided = verdict(claim, found)
        rows.append(
            {
                "claim": i, "text": claim_text(claim), "kind": kind, "origin": claim.origin,
                "source": claim.source, "expected": expected_text(claim), "estimate": found.estimate,
                "low": found.low, "high": found.high, "n": found.n, "verdict": decided,
                "reason": _reason(claim, found, decided),
            }
        )  # fmt: skip
    return conform(pd.DataFrame(rows), "claims")


def expected_range(claim: Claim) -> tuple[float, float]:
    """Return the ends of what the claim expects: expected ± within, or a half line."""
    if claim.expected is not None and claim.within is not None:
        return claim.expected - claim.within, claim.expected + claim.within
    if claim.at_least is not None:
        return claim.at_least, math.inf
    assert claim.at_most is not None  # the study's schema asks for one of the three
    return -math.inf, claim.at_most


def verdict(claim: Claim, found: Measurement) -> Verdict:
    """Return `holds` iff the interval lies whole inside the expected range, `fails` iff whole outside it.

    Else `undecided`, as for a measurement with a flaw or without an interval; so an interval wider than the
    expected range can never hold.
    """
    if found.flaw or not (math.isfinite(found.low) and math.isfinite(found.high)):
        return Verdict.UNDECIDED
    low, high = expected_range(claim)
    if low <= found.low and found.high <= high:
        return Verdict.HOLDS
    return Verdict.FAILS if found.high < low or found.low > high else Verdict.UNDECIDED


def _reason(claim: Claim, found: Measurement, decided: Verdict) -> str:
    reason = found.flaw
    if not reason and decided == Verdict.UNDECIDED:
        if not math.isfinite(found.estimate):
            reason = "nothing was measured"
        elif not (math.isfinite(found.low) and math.isfinite(found.high)):
            reason = "the estimate has no interval"
        else:
            low, high = expected_range(claim)
            wide = found.high - found.low > high - low
            reason = (
                "the interval is wider than the expected range"
                if wide
                else "the interval reaches across the edge"
            )
    if decided == Verdict.FAILS:
        reason = "the interval lies outside the expected range"
    return "; ".join(part for part in (reason, found.note) if part)


def expected_text(claim: Claim) -> str:
    """Return what a claim expects, in symbols: 0.5 ± 0.1, ≥ 0.3, ≤ 0."""
    if claim.expected is not None:
        return f"{number(claim.expected, 6)} ± {number(claim.within, 6)}"
    if claim.at_least is not None:
        return f"≥ {number(claim.at_least, 6)}"
    return f"≤ {number(claim.at_most, 6)}"


def claim_text(claim: Claim) -> str:
    """Return a claim as a sentence."""
    if claim.expected is not None:
        says = f"is {number(claim.expected, 6)} ± {number(claim.within, 6)}"
    elif claim.at_least is not None:
        says = f"is at least {number(claim.at_least, 6)}"
    else:
        says = f"is at most {number(claim.at_most, 6)}"
    given = f" at {conditions(claim.where)}" if claim.where else ""
    if claim.value is not None:
        law, form, parameter = claim.value.split(".")
        less = f" less that of the exact curve {plain(claim.exact)}" if claim.exact else ""
        return f"{symbol(parameter)} of the {plain(form)} law {plain(law)}{given}{less} {says}"
    if claim.difference is not None:
        pairs = enumerate_words(map(plain, claim.paired_by))
        return (
            f"{plain(claim.difference)} of {conditions(claim.of)} minus that of {conditions(claim.minus)}"
            f"{given}, paired by {pairs}, {says}"
        )
    of = f" {plain(claim.column)}" if claim.column else ""
    asked = f" ({conditions(claim.options)})" if claim.options else ""
    return f"{plain(str(claim.quantity))}{of}{asked}{given} {says}"


def _measure(
    claim: Claim, tables: Results, laws: Mapping[str, LawBlock], analyses: Analyses
) -> tuple[str, Measurement]:
    if claim.value is not None:
        return "value", _value(claim, claim.value, tables, laws)
    if claim.difference is not None:
        return "difference", _difference(claim, claim.difference, tables)
    quantity, runs = quantities[str(claim.quantity)], where(tables.runs, claim.where)
    if quantity.of is not None:
        tables = tables.analysis(quantity.of, analysis_of(quantity, analyses.of(quantity.of), claim.analysis))
    column = [] if claim.column is None else [claim.column]
    return "quantity", Measurement(*quantity.compute(tables, runs, *column, **claim.options))


def _value(claim: Claim, value: str, tables: Results, laws: Mapping[str, LawBlock]) -> Measurement:
    """Look up law.form.parameter, in the group that `where` names, less the exact curve's if one is named."""
    law, form, parameter = value.split(".")
    fits = tables.fits
    rows = fits[(fits["law"] == law) & (fits["form"] == form) & (fits["parameter"] == parameter)]
    rows = rows[[in_group(group, claim.where) for group in rows["group"]]]
    if rows.empty:
        return Measurement(*NOTHING, 0, "there is no such fit: its runs are missing")
    if len(rows) > 1:
        raise LawbookError(
            f"{value} was fitted in {len(rows)} groups ({'; '.join(rows['group'])}); say which in 'where'"
        )
    row = rows.iloc[0]
    flaw = ""
    if row["status"] != FitStatus.OK:
        flaw = f"the fit is {plain(row['status'])}: {reason_of(notes_from_json(row['notes']))}"
    if not flaw and row["n_diverged"] > 0:
        flaw = f"{row['n_diverged']:.0f} diverged runs are left out of the fit, so its points are means of survivors"
    n = 0 if pd.isna(row["n_runs"]) else int(row["n_runs"])
    over = f"fitted over {fitted_range(row.to_dict())}"
    values = [_real(row[column]) for column in ("estimate", "low", "high")]
    if claim.exact is not None:
        block = laws[law]
        group, rows = str(row["group"]), tables.points_of(block)
        known = exact_estimate(block, rows, group, form, parameter, claim.exact)
        over = f"{measured(*values)} less {number(known)}, both {over}"
        values = [value - known for value in values]
    return Measurement(values[0], values[1], values[2], n, flaw, over)


def _difference(claim: Claim, column: str, tables: Results) -> Measurement:
    """Measure a paired difference; pairs that are not whole leave the claim undecided."""
    shared = where(tables.runs, claim.where)
    of, minus = where(shared, claim.of), where(shared, claim.minus)
    check_alike(of, minus, tables.axes, [*claim.of, *claim.minus, *claim.paired_by, *REPEATS])
    found = paired_difference(of, minus, column, claim.paired_by, tables.axes)
    flaw = found.lacking
    if not found.n and not flaw:
        flaw = "no runs match"
    note = f"corrected for {found.folds} test folds" if found.folds > 1 else ""
    note = "; ".join(part for part in (note, found.note) if part)
    return Measurement(found.estimate, found.low, found.high, found.n, flaw, note)


def _real(value: object) -> float:
    # A cell of a table is of no one type: what is not missing here is a number.
    return math.nan if pd.isna(value) else float(value)  # type: ignore[call-overload, arg-type]
