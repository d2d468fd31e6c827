"""What derived columns need of a study, told before any run is trained."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError

from lawbook.errors import suggest
from lawbook.storage.columns import SPLITS, split_and_metric
from lawbook.studies.axes import EVALUATED
from lawbook.studies.columns_block import bounded, bounds_of, in_order
from lawbook.studies.identity import Run
from lawbook.studies.roles import curve_columns, curve_entries, roles_of
from lawbook.studies.study import Study


def check_columns(study: Study) -> None:
    """Raise StudyError for a derived column that is there already, or is made of what is not, or of itself.

    Also for a law or claim that asks of a derived column what it cannot give.
    """
    blocks = study.content.columns
    try:
        in_order(blocks)
    except CycleError as error:
        circle = error.args[1]
        problem = f"these columns are made of one another: {' → '.join(circle)}"
        fix = "let one of them be made of others"
        raise study.error(f"columns.{circle[0]}", circle[0], problem, fix) from None
    uncertain = bounded(blocks)
    roles = roles_of(study, study.base)
    along, vectors = curve_columns(study), curve_entries(study)
    numbers = {column for column, role in roles.items() if role not in ("identity", "cost")}
    numbers -= {bound for name in uncertain for bound in bounds_of(name)}
    for name, block in blocks.items():
        for taken in (name, *(bounds_of(name) if name in uncertain else ())):
            if roles[taken] != "derived" or (taken != name and taken in blocks):
                problem = f"the runs have a column {taken!r} already"
                raise study.error(f"columns.{name}", None, problem, "choose another name")
        vector, _, index = (block.along or "").removesuffix("]").partition("[")
        entry = vector in vectors and index.isdecimal()
        if block.along is not None and block.along not in along and not entry:
            fix = suggest(block.along, [*along, *(f"{name}[0]" for name in vectors)])
            raise study.error(f"columns.{name}", block.along, "the curves have no such column", fix)
        for column in block.columns:
            if column not in numbers:
                fix = suggest(column, numbers)
                raise study.error(f"columns.{name}", column, "the runs have no such column", fix)
    for name, law in study.content.laws.items():
        if law.y in blocks and law.at != "last":
            problem = f"{law.y} is one number of a run, and this takes several evaluations of a run"
            raise study.error(f"laws.{name}.at", law.at, problem, "delete at, or let y be a metric")
        if law.y in uncertain and law.loss != "log_least_squares":
            problem = f"{law.y} may be censored, which only log_least_squares has a likelihood for"
            raise study.error(f"laws.{name}.loss", law.loss, problem, "delete loss and delta")
    for i, claim in enumerate(study.content.claims):
        if claim.column is not None and claim.column not in numbers:
            fix = suggest(claim.column, numbers)
            raise study.error(
                f"claims.{i}.column", claim.column, "the runs have no such column of numbers", fix
            )


def check_evaluated(study: Study, runs: Sequence[Run]) -> None:
    """Raise StudyError for a law or an analysis that reads or chooses by a split that its runs are not evaluated on."""
    laws = ((f"laws.{name}", law) for name, law in study.content.laws.items())
    analyses = ((f"analyses.{kind}.{name}", block) for kind, name, block in study.content.analyses.each())
    for field, block in (*laws, *analyses):
        sweep, y = getattr(block, "sweep", None), getattr(block, "y", None)
        if sweep is None or y is None:
            continue
        chosen = getattr(block, "choose", None) is not None or getattr(block, "at", None) == "best"
        for split in (split_and_metric(y)[0], *(("validation",) if chosen else ())):
            for run in runs:
                known = EVALUATED.get(run.config["evaluated_splits"], SPLITS)
                if split and split not in known and sweep in run.sweeps:
                    problem = f"it reads the {split} split, on which run {run.run_id} is not evaluated"
                    fix = "write evaluated_splits: held_out or all in training"
                    raise study.error(field, y, problem, fix)


def check_operands(study: Study, runs: Sequence[Run]) -> None:
    """Raise StudyError for a derived column that is made of an axis of words."""
    for name, block in study.content.columns.items():
        for column in block.columns:
            if any(isinstance(run.config.get(column), str) for run in runs):
                problem, fix = "this axis has words, not numbers", "name a column of numbers"
                raise study.error(f"columns.{name}", column, problem, fix)
