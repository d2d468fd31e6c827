"""The gallery: one HTML page of all finished studies, which opens from disk without a network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import pandas as pd
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from lawbook import __version__
from lawbook.report.embed import table_link
from lawbook.report.gallery.collection import (
    ClaimRow,
    Shown,
    claim_row,
    claim_rows,
    collect,
    seconds_text,
    verdict_counts,
)
from lawbook.report.gallery.exponents import Exponent, axis_of, exponents
from lawbook.report.gallery.false_fails import RULE, false_fails
from lawbook.results.words import count, number, plain
from lawbook.storage.files import write_text
from lawbook.storage.status import Verdict


def write_gallery(names: Sequence[str], page: Path, absent: Sequence[str] = ()) -> None:
    """Write the page of studies by name, whose results lie beside it.

    absent: studies that it lacks, since they have not been run. Raises LawbookError for a card or a thumbnail that is
    not there.
    """
    studies = collect(names, page.parent)
    claims, rows = claim_rows(studies), exponents(studies)
    expected, counted = false_fails(row.claim for row in claims)
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("lawbook.report.gallery"), PackageLoader("lawbook.report")]),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals |= {"plain": plain, "number": number, "count": count, "claim_row": claim_row}
    text = environment.get_template("gallery.html").render(
        studies=studies,
        topics=[(topic, list(group)) for topic, group in groupby(studies, key=lambda one: one.topic)],
        claims=claims,
        verdicts=verdict_counts(row.claim for row in claims),
        origins=sorted({row.claim.origin for row in claims}),
        claims_link=table_link("claims", claims_table(claims)),
        exponents=rows,
        exponents_link=table_link("exponents", exponents_table(rows)),
        axis=axis_of(rows),
        false_fails=expected,
        counted=counted,
        fails=sum(row.claim.verdict == Verdict.FAILS for row in claims if row.claim.origin != "exploratory"),
        rule=RULE,
        cost=total_cost(studies),
        seconds_text=seconds_text,
        absent=absent,
        version=__version__,
    )
    write_text(page, text)


def total_cost(studies: Sequence[Shown]) -> str:
    """Return what all studies cost together, in words."""
    costs = [study.card.cost for study in studies]
    seconds = sum(cost.cpu_s or 0.0 for cost in costs)
    flops = sum(cost.flops or 0.0 for cost in costs)
    runs = sum(cost.runs for cost in costs if cost.cpu_s is not None)
    devices = sorted({device for cost in costs for device in cost.devices})
    on = f" on {' and '.join(devices)}" if devices else ""
    return f"{count(runs, 'run')}, {seconds_text(seconds)} of training{on}, {number(flops)} FLOPs"


def claims_table(rows: Sequence[ClaimRow]) -> pd.DataFrame:
    """Return all claims as a table for other programs: numbers with all their digits, no number as an empty cell."""
    of_claim = (
        "expected",
        "expected_low",
        "expected_high",
        "estimate",
        "low",
        "high",
        "n",
        "verdict",
        "origin",
    )
    return pd.DataFrame(
        [
            {
                "study": row.study.name,
                "topic": row.study.card.topic,
                "claim": row.claim.text,
                **{key: getattr(row.claim, key) for key in of_claim},
                "scale": row.scale,
                "source": row.claim.source,
                "reason": row.claim.reason,
                "note": row.claim.note,
            }
            for row in rows
        ]
    )


def exponents_table(rows: Sequence[Exponent]) -> pd.DataFrame:
    """Return all exponents as a table for other programs, a row for each value that one should have, or without one."""
    return pd.DataFrame(
        [
            {
                "study": row.study.name, "law": row.key[0], "group": row.group, "form": row.key[1],
                "parameter": row.key[2], "status": row.status, "estimate": row.estimate, "low": row.low,
                "high": row.high, "known": known and known.value, "known_low": known and known.low,
                "known_high": known and known.high, "source": known and known.source,
            }
            for row in rows
            for known in row.known or (None,)
        ]
    )  # fmt: skip
