"""Makings: what each file of a study's results should have been made from, and whether it was.

Snakemake reruns a job when its parameters change, by a record of its own; the files carry the same in themselves, so
that neither a lost record nor a foreign file mixes two versions of a study, or of the code.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lawbook.errors import LawbookError
from lawbook.storage.checksum import check_seal
from lawbook.storage.provenance import read_provenance
from lawbook.studies import Plan, pools_digest, shard_digest
from lawbook.workflow.stages import (
    FIT_TABLES,
    QUANTA_TABLES,
    SCORE_TABLES,
    claims_digest,
    code_digest,
    collect_digest,
    figure_digest,
    laws_digest,
    plan_digest,
    quanta_digest,
    source_digest,
    training_code,
)


@dataclass(frozen=True)
class Making:
    """The stage that makes a file, the digest of what the study says to it, and that of its code."""

    stage: str
    configuration: str
    code: str


def makings(plan: Plan) -> Mapping[str, Making]:
    """Return how each table and figure of a study should have been made, by its path in the study's results."""
    found: dict[str, Making] = {}

    def are_made(names: Iterable[str], stage: str, configuration: str, code: str) -> None:
        found.update(dict.fromkeys(names, Making(stage, configuration, code)))

    @cache
    def code_of(stage: str) -> str:
        return code_digest(plan, stage)

    if plan.source is not None:
        are_made(_tables("runs", "source"), "take", source_digest(plan), code_of("take"))
    else:
        are_made(_tables("plan"), "plan", plan_digest(plan), "")
        are_made(_tables("runs", "curves", "costs"), "collect", collect_digest(plan), code_of("collect"))
    if plan.pools:
        are_made(_tables(*SCORE_TABLES), "score", pools_digest(plan.pools), code_of("score"))
    for shard, runs in plan.shards.items():
        names = _tables(f"shards/{shard}", f"shards/{shard}.runs")
        digest = shard_digest(runs, plan.study.content.measure)
        are_made(names, "train", digest, code_of("train"))
    if plan.study.content.discovery is not None:
        are_made(_tables(*QUANTA_TABLES), "discover", quanta_digest(plan), code_of("discover"))
    are_made(_tables(*FIT_TABLES), "fit", laws_digest(plan), code_of("fit"))
    are_made(_tables("claims"), "judge", claims_digest(plan), code_of("judge"))
    for block in plan.study.content.figures:
        name = block.name
        are_made([f"figures/{name}.svg"], "draw", figure_digest(plan, name), code_digest(plan, "draw", name))
    return found


def is_damaged(file: Path) -> bool:
    """Tell whether a file is not, byte for byte, a table or a figure that was written under its name."""
    try:
        if file.suffix == ".parquet":
            check_seal(file)
        read_provenance(file)
    except (OSError, ValueError, LawbookError):
        return True
    return False


def is_outdated(file: Path, making: Making, training: str) -> bool:
    """Tell whether a file that is whole was made by other code, or from another version of the study.

    training: the digest of the training code that the runs behind it should have been trained by.
    """
    made = read_provenance(file)
    as_planned = Making(made.stage, made.configuration, made.code) == making
    return not as_planned or made.runs.get("code", [training]) != [training]


def check_inputs(plan: Plan, files: Collection[Path], results: Path) -> None:
    """Raise LawbookError for the first of a job's input files that is damaged or outdated."""
    if not files:
        return
    expected, training = makings(plan), training_code(plan)
    for file in files:
        if is_damaged(file):
            raise LawbookError(f"{file} is damaged; delete it and run again")
        if is_outdated(file, expected[file.relative_to(results).as_posix()], training):
            problem = "was made by other code, or from another version of the study"
            raise LawbookError(f"{file} {problem}; delete it and run again")


def _tables(*names: str) -> list[str]:
    return [f"{name}.parquet" for name in names]
