"""Page one of the report: a row per headline number with all that it takes to believe or doubt it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from lawbook.fitting.exact import exact_estimate, exponent_at_infinity
from lawbook.laws.note import codes_of, notes_from_json, reason_of
from lawbook.results.reader import Results
from lawbook.results.selection import in_group
from lawbook.results.words import count, enumerate_words, fitted_range, measured, number, plain, symbol
from lawbook.storage.status import UNDECIDED, FitStatus
from lawbook.studies.claim_block import Claim
from lawbook.studies.law_block import LawBlock
from lawbook.studies.schema import StudyFile

NO_LAW = {"flat", "no_decay"}
"""Codes of the notes by which the data show that there is no law."""
FLOOR = "floor_not_identified"
EDGE = "chosen_at_edge"
AS_FITTED = "as fitted"


@dataclass(frozen=True)
class Headline:
    """One headline number, ready to print: `cells` are (column, text) pairs, `bars` its sensitivity."""

    name: str
    status: str
    cells: tuple[tuple[str, str], ...]
    bars: tuple[Bar, ...]
    spread: str


@dataclass(frozen=True)
class Bar:
    """The estimate under one choice; `low`, `high`, `at` are its places in per cent of the panel's width."""

    choice: str
    text: str
    low: float
    high: float
    at: float


def headline_laws(content: StudyFile) -> dict[str, LawBlock]:
    """Return the laws of page one: those of role headline, else all but the nulls."""
    chosen = {name: law for name, law in content.laws.items() if law.role == "headline"}
    return chosen or {name: law for name, law in content.laws.items() if law.role != "null"}


def headlines(content: StudyFile, results: Results) -> list[Headline]:
    """Return a row per headline law and group: its exponent in the headline form."""
    rows = []
    for name, law in headline_laws(content).items():
        fits = results.fits
        form = law.compare[0]
        of_law = fits[
            (fits["law"] == name) & (fits["form"] == form) & (fits["parameter"] == law.form(form).exponent)
        ]
        rows += [_headline(name, law, row, content, results) for _, row in of_law.iterrows()]
    return rows


def _headline(name: str, law: LawBlock, row: pd.Series, content: StudyFile, results: Results) -> Headline:
    form, group, parameter = str(row["form"]), str(row["group"]), str(row["parameter"])
    why = reason_of(notes_from_json(row["notes"]))
    value = measured(row["estimate"], row["low"], row["high"])
    if row["status"] == FitStatus.REFUSED:
        value = f"REFUSED: {why}"
    elif row["status"] != FitStatus.OK:
        value += f" – {plain(str(row['status']))}: {why}"
    held = f"{number(row['heldout_error'], 2)} / {number(row['heldout_error_power'], 2)}"
    cells = (
        ("number", f"{symbol(parameter)}, {plain(form)}"),
        ("estimate [95 %]", value),
        ("range", fitted_range(row.to_dict())),
        ("points; independent repeats", f"{number(row['n_points'])}; {number(row['n_seeds'])}"),
        ("counting rule", counting_rule(law.inputs, results.runs, content.table is not None)),
        (
            "residual loss",
            plain(str(row["loss"])) + ("" if pd.isna(row["delta"]) else f", δ = {number(row['delta'])}"),
        ),
        ("solver", solver_text(row)),
        ("exact, same range", exact_text(law, results, group, form, parameter)),
        ("held-out log error / power law's", held),
        ("preferred form", plain(str(row["preferred"]))),
        ("floor identified", floor_text(name, law, form, group, results.fits)),
        ("left out or in doubt", counts_text(row, law, content.training.converged_within is not None)),
        ("verdict", verdict_text(name, form, parameter, group, content.claims, results.claims)),
    )
    bars, spread = sensitivity_bars(row, results.sensitivity)
    title = plain(name) + (f", {group.replace('=', ' ').replace(',', ', ')}" if group else "")
    return Headline(title, str(row["status"]), cells, bars, spread)


def exact_text(law: LawBlock, results: Results, group: str, form: str, parameter: str) -> str:
    """Return the parameter fitted to each exact curve over the same points, and what it is at infinity."""
    if not law.exact:
        return "no exact curve"
    known = exact_values(law, results, group, form, parameter)
    found = [
        number(value) + (f" ({plain(curve)})" if len(known) > 1 else "") for curve, value in known.items()
    ]
    limit = exponent_at_infinity(law, results.points_of(law), group)
    if np.isfinite(limit) and parameter == law.form(form).exponent:
        found.append(f"{number(limit)} at infinity")
    return "; ".join(found)


def exact_values(law: LawBlock, results: Results, group: str, form: str, parameter: str) -> dict[str, float]:
    """Return a parameter as it is fitted to each exact curve over the same points; NaN where none stands."""
    if not law.exact:
        return {}
    rows = results.points_of(law)
    return {curve: exact_estimate(law, rows, group, form, parameter, curve) for curve in law.exact}


def counting_rule(inputs: Sequence[str], runs: pd.DataFrame, given: bool) -> str:
    """Return how x was counted: which parameters, or which FLOPs; in a table that was given, nobody here knows."""
    rules = {"n_params": "all parameters", "n_params_non_embedding": "parameters without embeddings"}
    if "flops" in inputs and "flops_rule" in runs:
        return enumerate_words(sorted(set(runs["flops_rule"].dropna()))) if len(runs) else "–"
    if given:
        return "as the table counts"
    return "; ".join(dict.fromkeys(rules.get(x, "the axis itself") for x in inputs))


def solver_text(row: pd.Series) -> str:
    """Return how many starts reached the optimum; – if nothing was solved."""
    if pd.isna(row["starts"]) or not row["starts"]:
        return "not run"
    return f"{number(row['starts_at_best'])} of {number(row['starts'])} starts at the optimum"


def floor_text(name: str, law: LawBlock, form: str, group: str, fits: pd.DataFrame) -> str:
    """Say whether the floor is told apart from 0, in the headline form or in that form with a floor."""
    with_floor = form if law.form(form).floor else f"{form}_floor"
    rows = fits[(fits["law"] == name) & (fits["group"] == group) & (fits["form"] == with_floor)]
    if rows.empty:
        return "not asked: no form with a floor"
    row = rows.iloc[0]
    if row["status"] != FitStatus.OK:
        return f"no: {plain(with_floor)} {plain(str(row['status']))}"
    if FLOOR in codes_of(notes_from_json(row["notes"])):
        return "no"
    floor = rows[rows["parameter"] == law.form(with_floor).floor].iloc[0]
    return f"yes: {floor['parameter']} = {measured(floor['estimate'], floor['low'], floor['high'])}"


def counts_text(row: pd.Series, law: LawBlock, convergence_judged: bool) -> str:
    """Return the number of x whose choice sat on the edge of the values tried, then counts of runs.

    What the study did not judge is said to be not judged: no number would be true.
    """
    notes = notes_from_json(row["notes"])
    edges = sum(len(note.details["edges"]) for note in notes if note.code == EDGE)
    return ", ".join(
        (
            f"{edges} undertuned" if law.choose is not None else "tuning not judged",
            f"{number(row['n_unconverged'])} unconverged" if convergence_judged else "convergence not judged",
            f"{number(row['n_censored'])} censored",
            f"{number(row['n_diverged'])} diverged",
        )
    )


def verdict_text(
    law: str, form: str, parameter: str, group: str, claims: list[Claim], judged: pd.DataFrame
) -> str:
    """Return the verdicts of the claims about one number."""
    verdicts = dict(zip(judged["claim"], judged["verdict"], strict=True))
    of_number = [
        f"{verdicts[i]} ({claim.origin})"
        for i, claim in enumerate(claims)
        if claim.value == f"{law}.{form}.{parameter}" and in_group(group, claim.where) and i in verdicts
    ]
    return "; ".join(of_number) or "no claim"


def sensitivity_bars(fitted: pd.Series, table: pd.DataFrame) -> tuple[tuple[Bar, ...], str]:
    """Return the forest plot of one number's sensitivity, and its spread beside the sampling interval."""
    rows = table[(table["law"] == fitted["law"]) & (table["group"] == fitted["group"])].dropna(
        subset=["estimate"]
    )
    if rows.empty:
        return (), ""
    ends = rows[["estimate", "low", "high"]].to_numpy(dtype=float, copy=True)
    if rows["choice"].iloc[0] == AS_FITTED:
        # The same fit stands in the table of fits with more draws: one number, one interval.
        ends[0] = fitted[["estimate", "low", "high"]].to_numpy(dtype=float)
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    width = (high - low) or 1.0

    def place(value: float) -> float:
        return round(4 + 92 * (value - low) / width, 2)

    bars = tuple(
        Bar(
            plain(str(choice)),
            measured(*values) + (" (refused)" if status == FitStatus.REFUSED else ""),
            *(place(v if np.isfinite(v) else values[0]) for v in (values[1], values[2], values[0])),
        )
        for choice, status, values in zip(rows["choice"], rows["status"], ends, strict=True)
    )
    first = ends[0]
    fits = ends[rows["status"].to_numpy() != FitStatus.REFUSED, 0]
    moved, sampled = float(np.ptp(fits)) if len(fits) else 0.0, float(first[2] - first[1])
    spread = f"Spread over {count(len(fits), 'choice')} that fit: {number(moved, 2)}"
    if np.isfinite(sampled):
        spread += f"; width of the sampling interval: {number(sampled, 2)}."
        spread += " The choice moves the number more than sampling does." if moved > sampled else ""
    return bars, spread


class NullOutcome(NamedTuple):
    """What came of a null: whether it came out as it must, and if not, whether a law was found in it."""

    sentence: str
    passed: bool
    found: bool


def null_outcome(content: StudyFile, fits: pd.DataFrame) -> tuple[NullOutcome, ...]:
    """Return the outcome of each null law and group: as it must be is refused, or flat.

    A null has no dependence on x by construction, so a law found in it is an error of the pipeline.
    """
    outcomes = []
    for name, law in content.laws.items():
        if law.role != "null":
            continue
        of_law = fits[fits["law"] == name]
        for group in dict.fromkeys(of_law["group"]):
            rows = of_law[of_law["group"] == group]
            found = []
            for form in law.compare:
                row = rows[(rows["form"] == form) & (rows["parameter"] == law.form(form).exponent)].iloc[0]
                flat = pd.notna(row["low"]) and row["low"] <= 0 <= row["high"]
                if row["status"] != FitStatus.REFUSED and not flat:
                    value = measured(row["estimate"], row["low"], row["high"])
                    over = fitted_range(row.to_dict(), named=False)
                    found.append(f"{plain(form)} with {symbol(row['parameter'])} = {value} over {over}")
            label = plain(name) + (f", {group}" if group else "")
            notes = notes_from_json(rows.iloc[0]["notes"])
            reason = reason_of(notes)
            refused = bool((rows["status"] == FitStatus.REFUSED).any())
            if not found and refused and not codes_of(notes) & NO_LAW:
                text = f"{label}: the null shows nothing, its fit was refused for another reason ({reason})"
                outcomes.append(NullOutcome(text, passed=False, found=False))
            elif found:
                text = f"{label}: a law was found where there is none ({'; '.join(found)})"
                outcomes.append(NullOutcome(text, passed=False, found=True))
            else:
                text = f"{label}: no law, as it must. {reason}".strip()
                outcomes.append(NullOutcome(text, passed=True, found=False))
        if of_law.empty:
            text = f"{plain(name)}: the null has no fit, so it shows nothing"
            outcomes.append(NullOutcome(text, passed=False, found=False))
    return tuple(outcomes)


def cannot_say(content: StudyFile, fits: pd.DataFrame) -> str:
    """Return the study's sentence on what its data cannot say, and what follows from the fits themselves."""
    sentences = [content.limits.strip()] if content.limits.strip() else []
    laws = headline_laws(content)
    of_laws = fits[fits["law"].isin(list(laws))]
    known = of_laws.dropna(subset=["decades"])
    decades = {str(name): float(d) for name, d in known.groupby("law")["decades"].max().items()}
    if decades:
        short = min(decades.values())
        ranges = enumerate_words(f"{plain(name)} {d:.1f}" for name, d in decades.items())
        text = f"The fitted ranges span, in decades: {ranges}; nothing is known beyond them"
        sentences.append(
            text + (", and below 1.5 decades forms are hard to tell apart." if short < 1.5 else ".")
        )
    sound = of_laws[of_laws["status"] == FitStatus.OK]
    floors = [FLOOR in codes_of(notes_from_json(text)) for text in sound["notes"]]
    if any(floors):
        names = enumerate_words(map(plain, dict.fromkeys(sound.loc[floors, "law"])))
        sentences.append(f"Whether {names} ends in a floor cannot be told.")
    compared = [name for name, law in laws.items() if len(law.compare) > 1]
    undecided = of_laws[(of_laws["preferred"] == UNDECIDED) & of_laws["law"].isin(compared)]
    if len(undecided):
        names = enumerate_words(map(plain, dict.fromkeys(undecided["law"])))
        sentences.append(f"Which form {names} follows is undecided.")
    return " ".join(sentences) or "The study states no limits, and has no fit from which they would follow."
