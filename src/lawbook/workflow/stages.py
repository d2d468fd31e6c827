"""Stages: the tables that each leaves, and the digests that decide what of a study is made again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TypeVar

from lawbook.errors import LawbookError, suggest
from lawbook.laws.forms import laws as all_forms
from lawbook.storage.checksum import digest
from lawbook.studies import Plan, shard_digest
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile
from lawbook.workflow.code_digest import stage_digest

FIT_TABLES = (
    "fits", "draws", "predictions", "points", "slopes", "sensitivity", "frontiers", "frontier_slopes",
    "frontier_forms", "verdicts",
)  # fmt: skip
SCORE_TABLES = ("scores", "scorings")
QUANTA_TABLES = ("quanta", "quanta_sizes", "quanta_scores", "token_losses")
TWINS = ("runs", "curves", "costs", "fits", "claims")
"""Tables that have a CSV beside them."""
FIGURE_FORMATS = ("svg", "pdf", "png", "csv")

Value = TypeVar("Value")


def reads_curves(content: StudyFile) -> bool:
    """Tell whether a law of a study has points at other evaluations than the last."""
    return any(law.at != "last" for law in content.laws.values())


def tables_of(plan: Plan) -> tuple[str, ...]:
    """Return the tables of a study's runs: what training leaves, or what was taken and from where."""
    if plan.source is not None:
        return ("runs", "source")
    quanta = QUANTA_TABLES if plan.study.content.discovery else ()
    return ("runs", "curves", "costs", *(SCORE_TABLES if plan.pools else ()), *quanta)


def found(entries: Mapping[str, Value], name: str, kind: str) -> Value:
    """Return an entry by name. Raises LawbookError with the nearest name if there is none."""
    if name not in entries:
        raise LawbookError(f"there is no {kind} called {name!r}; {suggest(name, entries)}")
    return entries[name]


def figure_block(plan: Plan, figure: str) -> FigureBlock:
    """Return the block of a figure by its name."""
    blocks = {block.name: block for block in plan.study.content.figures}
    return found(blocks, figure, f"figure of {plan.study.name}")


def plan_digest(plan: Plan) -> str:
    """Return the digest of a plan as it is published: every run with its shard and cost."""
    return plan.digest


def collect_digest(plan: Plan) -> str:
    """Return the digest of a plan with the columns that the study derives from its runs."""
    columns = {name: block.model_dump(mode="json") for name, block in plan.study.content.columns.items()}
    return digest([plan.digest, columns]) if columns else plan.digest


def source_digest(plan: Plan) -> str:
    """Return the digest of a study's table: its content, its columns' names, and which of them laws fit."""
    source = plan.source
    content = [source.sha256, source.file.suffix, list(source.columns.items())] if source else []
    return digest([*content, *plan.fitted_columns])


def quanta_digest(plan: Plan) -> str:
    """Return the digest of a study's block on quanta and of the runs that it looks into."""
    block = plan.study.content.discovery
    looked_into = [run for run in plan.runs if run.run_id in plan.kept]
    return digest([block.model_dump(mode="json") if block else None, shard_digest(looked_into)])


def laws_digest(plan: Plan) -> str:
    """Return the digest of a study's laws and frontiers, and of the derived columns that they may be about."""
    content = plan.study.content
    blocks = {**content.laws, **{f"frontiers.{name}": block for name, block in content.frontiers.items()}}
    blocks |= {f"columns.{name}": block for name, block in content.columns.items()}
    return digest({name: block.model_dump(mode="json") for name, block in blocks.items()})


def figure_digest(plan: Plan, figure: str) -> str:
    """Return the digest of a figure's block and of the law, frontier and sweep that it shows, by default the first."""
    block, content = figure_block(plan, figure), plan.study.content
    law = content.laws.get(block.of or next(iter(content.laws), ""))
    frontier = content.frontiers.get(block.of or next(iter(content.frontiers), ""))
    first = next(iter(content.sweeps), "")
    sweep = content.sweeps.get((law.sweep or "") if law else block.of or first)
    parts = (
        block, law, sweep,
        *([frontier, content.sweeps[frontier.sweep]] if frontier else []),
        *([content.discovery] if content.discovery else []),
    )  # fmt: skip
    return digest([part.model_dump(mode="json") if part else None for part in parts])


def claims_digest(plan: Plan) -> str:
    """Return the digest of a study's claims."""
    content = plan.study.content
    asked = {str(claim.value).split(".")[0] for claim in content.claims if claim.exact is not None}
    blocks = [block for name, block in content.laws.items() if name in asked]
    return digest([block.model_dump(mode="json") for block in (*content.claims, *blocks)])


def study_digest(plan: Plan) -> str:
    """Return the digest of all that a study says."""
    return digest(plan.study.content.model_dump(mode="json"))


def training_code(plan: Plan) -> str:
    """Return the digest of the code that trains a study's runs; empty if it trains none."""
    return _stage_digest("train", plan.entries) if plan.source is None else ""


def measuring_code(plan: Plan) -> dict[str, str]:
    """Return the digest of the code of each measurement of a study, by its name."""
    names = [block.name for block in plan.study.content.measure]
    return {name: _stage_digest("measure", frozenset([f"lawbook.measurements.{name}"])) for name in names}


def code_digest(plan: Plan, stage: str, figure: str = "") -> str:
    """Return the digest of a stage's code with the registry entries that a study uses there."""
    content = plan.study.content
    if stage == "train":
        measured = measuring_code(plan)
        return digest([training_code(plan), measured]) if measured else training_code(plan)
    laws, claims = content.laws.values(), content.claims
    learned = plan.entries
    # The power law is every comparison's baseline, and the sensitivity panel takes floors off and on.
    compared = {"power", *(form for law in laws for form in law.compare)}
    partners = {f"{form}_floor" for form in compared} | {form.removesuffix("_floor") for form in compared}
    forms = {f"lawbook.laws.forms.{form}" for form in compared | (partners & set(all_forms))}
    known = [curve for law in laws for curve in law.exact]
    known += [frontier.exact or "" for frontier in content.frontiers.values()]
    known += [claim.exact or "" for claim in claims]
    exact = {f"lawbook.theory.{name}" for name in known if name}
    entries = {
        "score": learned
        | {f"lawbook.pruning.metrics.{name}" for pool in plan.pools for name in pool.metrics},
        "collect": learned,
        "discover": learned,
        "take": frozenset(),
        "fit": forms,
        "draw": exact | ({f"lawbook.report.figures.{figure_block(plan, figure).kind}"} if figure else set()),
        "judge": exact
        | {f"lawbook.claims.quantities.{claim.quantity}" for claim in claims if claim.quantity},
        "report": exact,
    }
    return _stage_digest(stage, frozenset(entries[stage]))


_stage_digest = cache(stage_digest)
