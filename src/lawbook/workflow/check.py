"""A study's plan with the names that its report needs checked: figures, quantities, exact curves."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from lawbook.errors import LawbookError, suggest
from lawbook.studies import Plan, plan_study
from lawbook.studies.claim_block import Claim
from lawbook.studies.columns_block import bounded
from lawbook.studies.presets import MARK
from lawbook.studies.study import names_at


def collect_garbage_rarely() -> None:
    """Let this process look for garbage rarely: plans are a great many objects, and all of them stay."""
    gc.set_threshold(50_000, 20, 50)


def check_place(results: str | Path) -> None:
    """Raise LawbookError if the results can lie nowhere, since a file stands in the way."""
    place = Path(results).absolute()
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        fix = "set `results:` in config/config.yaml to a folder that can"
        raise LawbookError(f"results = '{results}' cannot be written ('{place}' is a file); {fix}")


def said_name_at(study: str, preset: str | None, folder: str | Path) -> str:
    """Return STUDY@PRESET where the study has the preset, else STUDY, saying so on stderr.

    Raises LawbookError for a study that is not there, and for a preset that no study has.
    """
    (name,) = names_at([study], preset, folder)
    if preset is not None and name == study and MARK not in study:
        print(f"{study} has no preset {preset}: it runs as it is written", file=sys.stderr, flush=True)
    return name


def checked_plan(study: str, folder: str | Path) -> Plan:
    """Plan a study and check the names that its report needs: figures, quantities, exact curves.

    Raises StudyError for the first that cannot be. Apart from planning, since it imports what draws them.
    """
    plan = plan_study(study, folder)
    content = plan.study.content
    from lawbook.fitting.exact import exact_curves
    from lawbook.report.figures import check_figure

    for name, law in content.laws.items():
        for curve in law.exact:
            if curve not in exact_curves:
                fix = suggest(curve, exact_curves)
                raise plan.study.error(f"laws.{name}.exact", curve, "there is no such exact curve", fix)
        if law.exact and plan.source is not None:
            problem, fix = "a table has no task whose theory would be known", "write its value as a claim"
            raise plan.study.error(f"laws.{name}.exact", law.exact[0], problem, fix)
    for kind, name, analysis in content.analyses.each():
        named = getattr(analysis, "exact", None)
        if named is not None and named not in exact_curves:
            field, fix = f"analyses.{kind}.{name}.exact", suggest(named, exact_curves)
            raise plan.study.error(field, named, "there is no such exact curve", fix)
    for i, block in enumerate(content.figures):
        try:
            check_figure(block, content, plan.runs)
        except LawbookError as error:
            problem, _, fix = str(error).rpartition("; ")
            raise plan.study.error(
                f"figures.{i}", block.of or block.kind, problem or "unclear", fix
            ) from None
    for i, claim in enumerate(content.claims):
        if claim.exact is not None and claim.exact not in exact_curves:
            fix = suggest(claim.exact, exact_curves)
            raise plan.study.error(f"claims.{i}.exact", claim.exact, "there is no such exact curve", fix)
        if claim.quantity is not None:
            _check_quantity(plan, i, claim, claim.quantity)
    return plan


def _check_quantity(plan: Plan, i: int, claim: Claim, name: str) -> None:
    """Raise StudyError for a claim about a quantity that is not there, or that cannot be computed."""
    from lawbook.claims.quantities import quantities
    from lawbook.results.selection import where

    error, field = plan.study.error, f"claims.{i}"
    if name not in quantities:
        raise error(f"{field}.quantity", name, "there is no such quantity", suggest(name, quantities))
    quantity = quantities[name]
    if quantity.of_column is True and claim.column is None:
        problem, fix = "this quantity is about a column", "add column, one of the study's columns"
        raise error(f"{field}.column", None, problem, fix)
    if quantity.of_column is False and claim.column is not None:
        raise error(f"{field}.column", claim.column, f"{name} is about no column", "delete it")
    if quantity.of_crossing and claim.column not in bounded(plan.study.content.columns):
        problem, fix = (
            "this column does not say first at which step",
            "write one under columns: {first: step, …}",
        )
        raise error(f"{field}.column", claim.column, problem, fix)
    _check_analysis(plan, i, claim)
    try:
        quantity.check_options(claim.options)
    except LawbookError as wrong:
        problem, _, fix = str(wrong).rpartition("; ")
        raise error(f"{field}.options", dict(claim.options), problem, fix) from None
    if quantity.check is not None and plan.source is None:
        axes = [column for column, role in plan.roles.items() if role == "axis"]
        try:
            quantity.check(where(plan.table(), claim.where), axes)
        except LawbookError as wrong:
            problem, _, fix = str(wrong).rpartition("; ")
            raise error(f"{field}.where", dict(claim.where), problem, fix) from None


def _check_analysis(plan: Plan, i: int, claim: Claim) -> None:
    """Raise StudyError for a claim about what an analysis found, if the study does not say which."""
    from lawbook.claims.quantities import analysis_of, quantities

    of = quantities[claim.quantity].of if claim.quantity is not None else None
    try:
        if of is not None and claim.quantity is not None:
            analysis_of(quantities[claim.quantity], plan.study.content.analyses.of(of), claim.analysis)
        elif claim.analysis is not None:
            raise LawbookError("this quantity is of no analysis; delete this key")
    except LawbookError as error:
        problem, _, fix = str(error).rpartition("; ")
        raise plan.study.error(f"claims.{i}.analysis", claim.analysis, problem, fix) from None
