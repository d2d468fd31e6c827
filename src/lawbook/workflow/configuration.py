"""What a study says to each stage, as digests: a stage runs again exactly when its own changes."""

from __future__ import annotations

from lawbook.storage.checksum import digest
from lawbook.studies import Plan, shard_digest
from lawbook.studies.figure_block import FigureBlock


def figure_block(plan: Plan, figure: str) -> FigureBlock:
    """Return the block of a figure by its name."""
    return {block.name: block for block in plan.study.content.figures}[figure]


def analysis_of(part: str) -> tuple[str, str]:
    """Return kind and name of an analysis.

    >>> analysis_of("text_quanta/tokens")
    ('text_quanta', 'tokens')
    """
    kind, _, name = part.partition("/")
    return kind, name


def source_digest(plan: Plan, _: str) -> str:
    """Return the digest of the content of a study's table, its columns' names, and which of them laws fit."""
    source = plan.source
    content = [source.sha256, source.file.suffix, list(source.columns.items())] if source else []
    return digest([*content, *plan.fitted_columns])


def analysis_digest(plan: Plan, part: str) -> str:
    """Return the digest of an analysis's block, and the runs that it looks into."""
    kind, name = analysis_of(part)
    block = plan.study.content.analyses.of(kind)[name]
    return digest([block.model_dump(mode="json"), shard_digest(block.looked_into(plan.runs))])


def collect_digest(plan: Plan, _: str) -> str:
    """Return the digest of the plan, and the columns that the study derives from its runs."""
    columns = {name: block.model_dump(mode="json") for name, block in plan.study.content.columns.items()}
    return digest([plan.digest, columns]) if columns else plan.digest


def laws_digest(plan: Plan, _: str) -> str:
    """Return the digest of the laws, and the derived columns that they may be about."""
    content = plan.study.content
    blocks = {**content.laws, **{f"columns.{name}": block for name, block in content.columns.items()}}
    return digest({name: block.model_dump(mode="json") for name, block in blocks.items()})


def figure_digest(plan: Plan, figure: str) -> str:
    """Return the digest of a figure's block, and the law, sweep and analyses that it may show, by default the first."""
    block, content = figure_block(plan, figure), plan.study.content
    law = content.laws.get(block.of or next(iter(content.laws), ""))
    first = next(iter(content.sweeps), "")
    sweep = content.sweeps.get((law.sweep or "") if law else block.of or first)
    parts = [part.model_dump(mode="json") if part else None for part in (block, law, sweep)]
    return digest([*parts, content.analyses.model_dump(mode="json")])


def claims_digest(plan: Plan, _: str) -> str:
    """Return the digest of the claims, and of the laws that an exact curve is subtracted from."""
    content = plan.study.content
    asked = {str(claim.value).split(".")[0] for claim in content.claims if claim.exact is not None}
    blocks = [block for name, block in content.laws.items() if name in asked]
    return digest([block.model_dump(mode="json") for block in (*content.claims, *blocks)])
