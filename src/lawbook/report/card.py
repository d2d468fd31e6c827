"""What goes into the card of a study: its answer, its claims, the exponents of its headline laws, its cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lawbook import __version__
from lawbook.claims.judge import expected_range
from lawbook.report.answer import answer, told_form
from lawbook.report.claim_lines import scales_here
from lawbook.report.headline import exact_values, headline_laws
from lawbook.results.card import Card, ClaimCard, CostCard, ExponentCard
from lawbook.results.reader import Results
from lawbook.studies import Study
from lawbook.studies.schema import StudyFile


def card_of(study: Study, results: Results) -> Card:
    """Return the card of a finished study."""
    content = study.content
    return Card(
        study=study.name,
        title=content.title,
        question=content.question,
        topic=content.topic,
        answer=answer(content, results),
        hero=hero(content),
        claims=_claims(content, results),
        exponents=_exponents(content, results),
        cost=_cost(content, results),
        lawbook=__version__,
    )


def hero(content: StudyFile) -> str | None:
    """Return the figure that shows the answer: the study's own, else that of the first headline law, else the first."""
    drawn = {figure.of: figure.name for figure in content.figures if figure.kind == "law"}
    of_laws = [drawn[name] for name in headline_laws(content) if name in drawn]
    return next(iter([*filter(None, [content.hero]), *of_laws, *(f.name for f in content.figures)]), None)


def _claims(content: StudyFile, results: Results) -> list[ClaimCard]:
    cards = []
    for row in results.claims.to_dict("records"):
        claim = content.claims[row["claim"]]
        low, high = expected_range(claim)
        about = {
            **_numbers(row, "estimate", "low", "high"),
            **{key: row[key] or "" for key in ("text", "origin", "source", "expected", "reason")},
            "verdict": row["verdict"],
            "expected_low": low,
            "expected_high": high,
            "n": row["n"],
            "note": claim.note.strip(),
            "scale_there": claim.scale,
            "scale_here": scales_here(claim, content, results),
            "value": claim.value or "" if claim.exact is None else "",
            "where": claim.where,
        }
        cards.append(ClaimCard.model_validate(about))
    return cards


def _exponents(content: StudyFile, results: Results) -> list[ExponentCard]:
    cards, fits = [], results.fits
    for name, law in headline_laws(content).items():
        for group, rows in fits[fits["law"] == name].groupby("group", sort=False):
            form = told_form(law, rows)
            parameter = law.form(form).exponent
            row = rows[(rows["form"] == form) & (rows["parameter"] == parameter)].iloc[0].to_dict()
            exact = exact_values(law, results, str(group), form, parameter)
            about = {
                **_numbers(row, "estimate", "low", "high", "decades"),
                **{key: row[key] for key in ("law", "group", "form", "parameter", "y", "x", "status")},
                "exact": {known: value for known, value in exact.items() if pd.notna(value)},
            }
            cards.append(ExponentCard.model_validate(about))
    return cards


def _cost(content: StudyFile, results: Results) -> CostCard:
    runs = results.runs
    if content.table is not None:
        return CostCard(runs=len(runs), cpu_s=None, flops=None, devices=[])
    costs = results.costs
    devices = sorted(map(str, costs["device"].dropna().unique()))
    return CostCard(
        runs=len(runs), cpu_s=float(costs["cpu_s"].sum()), flops=float(runs["flops"].sum()), devices=devices
    )


def _numbers(row: Mapping[Any, Any], *columns: str) -> dict[str, float | None]:
    return {column: None if pd.isna(row[column]) else float(row[column]) for column in columns}
