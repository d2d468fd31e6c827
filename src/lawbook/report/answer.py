"""The answer of a study in a few sentences, written from its tables by rule.

It says no more than the tables do: a law is told in the preferred form where the data choose one whose fit stands,
else in the headline form; what is refused, not identified, undecided or censored is said to be so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lawbook.laws.note import Note, Severity, codes_of, notes_from_json
from lawbook.report.headline import FLOOR, exact_values, headline_laws, null_outcome
from lawbook.report.sections import answers
from lawbook.results.reader import Results
from lawbook.results.words import (
    conditions,
    count,
    enumerate_words,
    letter,
    measured,
    name_of,
    number,
    plain,
    symbol,
)
from lawbook.storage.status import UNDECIDED, FitStatus, Verdict
from lawbook.studies.claim_block import Claim
from lawbook.studies.law_block import FORMULA, LawBlock
from lawbook.studies.schema import StudyFile

LAWS, CASES, MOST_CONSTANTS = 2, 3, 2
"""Most laws (or quantities, without laws), groups or places of one, and further constants, that the answer tells."""

REFUSALS = {
    "flat": "no trend",
    "misspecified": "the misfit exceeds the noise",
    "no_decay": "no decay",
    "no_points": "no points",
    "one_x": "a single x",
    "too_few_points": "too few points",
    "too_few_repeats": "too few repeats",
}
"""Why a fit is no law, in few words, by the code of its refusal; of others the message is told."""


def answer(content: StudyFile, results: Results) -> list[str]:
    """Return what a study found, in sentences: its headline laws, what its analyses found, what its claims compare.

    Laws of which none is a headline are left to the page where analyses have an answer: these may be made of them.
    """
    fits = results.fits
    shown = content.hero or next((figure.name for figure in content.figures), "")
    analysed = [text for kind in _kinds(answers, shown) for text in answers[kind](content, results)]
    laws = headline_laws(content)
    if analysed and not any(law.role == "headline" for law in laws.values()):
        laws = {}
    fitted = {name: law for name, law in laws.items() if (fits["law"] == name).any()}
    told = [_law(law, fits[fits["law"] == name], results) for name, law in list(fitted.items())[:LAWS]]
    if len(fitted) > LAWS:
        told.append(f"{count(len(fitted) - LAWS, 'further headline law')} below")
    judged = results.claims.to_dict("records")
    told += [*analysed, *list(_differences(content.claims, judged))[:1]]
    if not analysed:
        told += list(_quantities(content.claims, judged))[: max(0, LAWS - len(told))]
    found = [null.sentence for null in null_outcome(content, results.fits) if null.found]
    if found:
        told.append(f"but no law here can be trusted: {found[0]}")
    told = told or ["the study has no law, no analysis and no claim, so that it answers nothing"]
    return [f"{text[0].upper()}{text[1:].rstrip('.')}." for text in told]


def _kinds(kinds: Iterable[str], shown: str) -> list[str]:
    """Return kinds of analysis, first the one whose figure, called by its kind, shows the answer.

    >>> _kinds(["critical_batch", "optimal_rate"], "optimal_rate_by_steps")
    ['optimal_rate', 'critical_batch']
    """
    return sorted(kinds, key=lambda kind: not shown.startswith(kind))


def told_form(law: LawBlock, rows: pd.DataFrame) -> str:
    """Return the form of one group's fits that is told: the preferred one if its fit stands, else the headline's."""
    preferred = str(rows["preferred"].iloc[0])
    if preferred in law.compare and _status(rows, preferred) == FitStatus.OK:
        return preferred
    return law.compare[0]


def _status(rows: pd.DataFrame, form: str) -> str:
    of_form = rows[rows["form"] == form]
    return str(of_form["status"].iloc[0]) if len(of_form) else ""


@dataclass(frozen=True)
class _Told:
    """What is told of one fit: `says` and `why` hold for all groups alike, `value` and its `doubts` for one."""

    says: str
    value: str = ""
    doubts: tuple[str, ...] = ()
    why: str = ""


def _law(law: LawBlock, fits: pd.DataFrame, results: Results) -> str:
    """Return a law in words: groups of which the same is said are told together, the first few with their numbers."""
    alike: dict[tuple[str, str], list[str]] = {}
    for group, rows in fits.groupby("group", sort=False):
        told = _fit(law, rows, str(group), results)
        alike.setdefault((told.says, told.why), []).append(_of_group(told, str(group)))
    return "; ".join(
        " ".join(filter(None, (says, _some(cases), f"({why})" if why else "")))
        for (says, why), cases in alike.items()
    )


def _of_group(told: _Told, group: str) -> str:
    """Return the number of one group with its doubts: in brackets where another group's may follow."""
    doubts = f" ({', '.join(told.doubts)})" if group and told.doubts else ", ".join(("", *told.doubts))
    at = f" at {plain(group).replace('=', ' ').replace(',', ', ')}" if group else ""
    return f"{told.value}{at}{doubts}".strip()


def _fit(law: LawBlock, rows: pd.DataFrame, group: str, results: Results) -> _Told:
    """Return what the fits of one group say."""
    form = told_form(law, rows)
    of_form = {row["parameter"]: row for row in rows[rows["form"] == form].to_dict("records")}
    parameter = law.form(form).exponent
    row = of_form[parameter]
    what = f"{plain(law.y)} by {enumerate_words(map(name_of, law.inputs))}"
    notes = notes_from_json(row["notes"])
    if row["status"] == FitStatus.REFUSED:
        # That none stands may be said only where each was refused.
        each = all(_status(rows, one) == FitStatus.REFUSED for one in law.compare)
        many = each and len(law.compare) > 1
        tried = f"none of {count(len(law.compare), 'form')}" if many else f"no {plain(form)} law"
        return _Told(f"{tried} of {what} stands", why=_reason(notes))
    if row["status"] != FitStatus.OK or pd.isna(row["estimate"]):
        return _Told(f"the data do not identify a {plain(form)} law of {what}", why=_reason(notes))
    value = f"{symbol(parameter)} = {measured(row['estimate'], row['low'], row['high'])}"
    over = f" over {row['decades']:.1f} decades" if pd.notna(row["decades"]) else ""
    exact = _exact(exact_values(law, results, group, form, parameter))
    others = () if _is_power(law, form) else _constants(law, form, of_form, parameter)
    doubts = (_floor(law, form, of_form), exact, *others, *_doubts(law, row))
    return _Told(f"{plain(law.y)} {_trend(law, form, row)}{over} with", value, tuple(filter(None, doubts)))


def _trend(law: LawBlock, form: str, row: Mapping[Any, Any]) -> str:
    """Return how y goes with x: that it falls or rises is said where the interval is on one side of 0."""
    if not _is_power(law, form):
        formula = law.form(form).formula.removeprefix("y = ")
        shown = formula.split(";")[0] if form == FORMULA else formula.split(",")[0]
        return f"is fitted by {shown} in {enumerate_words(map(name_of, law.inputs))}"
    if pd.isna(row["low"]) or row["low"] <= 0 <= row["high"]:
        return (
            f"shows no clear trend with {name_of(law.inputs[0])}: it is fitted by {letter(law.inputs[0])}^−α"
        )
    x, named = letter(law.inputs[0]), name_of(law.inputs[0])
    return f"{'falls' if row['low'] > 0 else 'rises'} as {x}^−α" + (f" in {named}" if named != x else "")


def _is_power(law: LawBlock, form: str) -> bool:
    """Return whether a form is a power of its one input, with or without a floor."""
    return law.form(form).formula.endswith("A x^-α") and len(law.inputs) == 1


def _constants(
    law: LawBlock, form: str, of_form: Mapping[Any, Mapping[Any, Any]], told: str
) -> Iterator[str]:
    """Yield the other constants of a formula, if they are few; a floor is told by itself."""
    others = [row for name, row in of_form.items() if name not in (told, law.form(form).floor)]
    if len(others) <= MOST_CONSTANTS:
        for row in others:
            if pd.notna(row["low"]):
                yield f"{symbol(row['parameter'])} = {measured(row['estimate'], row['low'], row['high'])}"


def _floor(law: LawBlock, form: str, of_form: Mapping[Any, Mapping[Any, Any]]) -> str:
    floor = law.form(form).floor
    if floor is None or floor not in of_form:
        return ""
    row = of_form[floor]
    if FLOOR in codes_of(notes_from_json(row["notes"])) or pd.isna(row["low"]):
        return "a floor not told from 0"
    return f"above a floor of {measured(row['estimate'], row['low'], row['high'])}"


def _exact(known: Mapping[str, float]) -> str:
    """Return what exact curves say, in short; one that says nothing is passed over.

    >>> _exact({"sgd": 0.5}), _exact({"sgd": float("nan")})
    ('exactly 0.5', '')
    >>> _exact({"quanta_threshold": 0.306, "quanta_exponential": 0.326, "quanta_multilinear": 0.322})
    'exactly 0.306 to 0.326 by 3 curves'
    >>> _exact({"quanta_threshold": 0.306, "sgd": float("nan")})
    'exactly 0.306 (quanta threshold)'
    """
    found = {curve: value for curve, value in known.items() if np.isfinite(value)}
    if len(found) > 1:
        return (
            f"exactly {number(min(found.values()))} to {number(max(found.values()))} by {len(found)} curves"
        )
    named = len(known) > 1
    return "".join(
        f"exactly {number(value)}{f' ({plain(curve)})' if named else ''}" for curve, value in found.items()
    )


def _doubts(law: LawBlock, row: Mapping[Any, Any]) -> Iterator[str]:
    """Yield what makes a number that stands less sure."""
    if len(law.compare) > 1 and row["preferred"] == UNDECIDED:
        yield "the form undecided"
    elif row["preferred"] != row["form"] and row["preferred"] in law.compare:
        yield f"though {plain(str(row['preferred']))} fits better"
    for column, word in (
        ("n_censored", "censored"),
        ("n_diverged", "diverged"),
        ("n_unconverged", "unconverged"),
    ):
        if pd.notna(row[column]) and row[column] > 0:
            yield f"{count(int(row[column]), f'{word} run')}"


def _reason(notes: Iterable[Note]) -> str:
    refused = [note for note in notes if note.severity == Severity.REFUSAL]
    return REFUSALS.get(refused[0].code, refused[0].message) if refused else "for no reason that was noted"


def _differences(claims: Sequence[Claim], judged: Sequence[Mapping[Any, Any]]) -> Iterator[str]:
    """Yield what each pair of sides compares, at all places at which a claim compares them."""
    places: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for row in judged:
        claim = claims[row["claim"]]
        if claim.difference is None:
            continue
        sides = (plain(claim.difference), conditions(claim.of), conditions(claim.minus))
        at = f"at {conditions(claim.where)}" if claim.where else ""
        decided = row["verdict"] != Verdict.UNDECIDED
        if decided and row["high"] < 0:
            how = "lower"
        elif decided and row["low"] > 0:
            how = "higher"
        else:
            how = "undecided" if not decided else "equal"
        values = [row["estimate"], row["low"], row["high"]]
        size = measured(-values[0], -values[2], -values[1]) if how == "lower" else measured(*values)
        text = at if how == "undecided" else f"{at} (by {size})" if how != "equal" else f"{at} ({size})"
        places.setdefault(sides, {}).setdefault(how, []).append(text.strip())
    for (what, of, minus), found in places.items():
        yield f"{what} with {of} against {minus} is " + ", ".join(
            f"{_WORDS[how]} {_some(found[how])}".strip() for how in _WORDS if how in found
        )


_WORDS = {"lower": "lower", "higher": "higher", "equal": "within what was expected", "undecided": "undecided"}


def _quantities(claims: Sequence[Claim], judged: Sequence[Mapping[Any, Any]]) -> Iterator[str]:
    """Yield what was measured of each quantity, at all places that claims are about."""
    found: dict[str, list[str]] = {}
    for row in judged:
        claim = claims[row["claim"]]
        if claim.quantity is None or pd.isna(row["estimate"]):
            continue
        what = plain(claim.quantity) + (f" of {plain(claim.column)}" if claim.column else "")
        sides = {name: runs for name, runs in claim.options.items() if isinstance(runs, Mapping)}
        given = {name: value for name, value in claim.options.items() if name not in sides} | claim.where
        at = f" {conditions(sides)}" if sides else ""
        at += f" at {conditions(given)}" if given else ""
        value = measured(row["estimate"], row["low"], row["high"])
        doubt = " (undecided)" if row["verdict"] == Verdict.UNDECIDED else ""
        found.setdefault(what, []).append(f"{value}{at}{doubt}")
    for what, values in found.items():
        yield f"the {what} is {_some(values)}"


def _some(texts: Sequence[str]) -> str:
    shown = [text for text in texts[:CASES] if text]
    if len(texts) > CASES:
        shown.append(f"{number(len(texts) - CASES)} more")
    return enumerate_words(shown) if shown else ""
