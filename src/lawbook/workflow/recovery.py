"""Recovery: before a study is brought up to date, what is damaged makes way, and what is outdated is named.

Snakemake sees that a file is missing, or older than another; not that it was cut, that a bit of it has flipped, or,
once its own record is lost, that other code has made it. Tables and figures say themselves how they were made; of
what carries no seal a record of digests is kept. What is made again comes from the cache of runs.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lawbook.errors import LawbookError
from lawbook.storage.files import left_over, write_text
from lawbook.studies import Plan
from lawbook.workflow.freshness import is_damaged, is_outdated, makings
from lawbook.workflow.stages import FIGURE_FORMATS, TWINS, training_code

RECORD = "sha256sums.txt"
"""The record of digests in a study's results, as `sha256sum -c` reads it."""
LEFT_OVER_S = 3600.0
"""Seconds after which a file that was being written belongs to nobody any more."""


def recover(plan: Plan, results: Path, cache: Path) -> Iterator[str]:
    """Remove what is damaged from a study's results; yield a sentence about each such file.

    results: the study's results folder; cache: the folder of finished runs. Call this as the one writer. What killed
    jobs have left half written goes, too, without a word, and what is dated in the future is dated now. Raises
    LawbookError for what cannot be removed.
    """
    try:
        for folder in (results, cache):
            for file in left_over(folder, before=time.time() - LEFT_OVER_S):
                file.unlink(missing_ok=True)
        _date_back(results)
        for file in _damaged(plan, results):
            file.unlink()
            yield f"{file} is damaged; it is made again"
    except OSError as error:
        raise LawbookError(
            f"{error.filename} cannot be changed ({error.strerror}); do that yourself"
        ) from None


def outdated(plan: Plan, results: Path) -> list[Path]:
    """Return the tables and figures of a study that other code has made, or another version of the study."""
    training = training_code(plan)
    files = {results / name: making for name, making in makings(plan).items()}
    return [file for file, making in files.items() if file.exists() and is_outdated(file, making, training)]


def keep_record(plan: Plan, results: Path) -> None:
    """Write the record of those files of a finished study that carry no seal."""
    lines = [f"{digest}  {name}\n" for name in _unsealed(plan) if (digest := _digest(results / name))]
    with suppress(OSError):  # on a full disk; then less is noticed
        write_text(results / RECORD, "".join(lines))


def _date_back(results: Path) -> None:
    """Let files that a wrong clock has dated in the future be of now, in the same order.

    Snakemake would refuse whatever is made from them as older than what it was made from, until that time has come.
    """
    now = time.time_ns()
    times = {file: file.stat().st_mtime_ns for file in results.rglob("*") if file.is_file()}
    future = sorted((file for file in times if times[file] > now), key=lambda file: times[file])
    for later, file in enumerate(future):
        os.utime(file, ns=(now + later, now + later))


def _damaged(plan: Plan, results: Path) -> Iterator[Path]:
    yield from (file for name in makings(plan) if (file := results / name).exists() and is_damaged(file))
    recorded = _recorded(results / RECORD)
    for name in _unsealed(plan):
        file = results / name
        if name in recorded and file.exists() and _digest(file) != recorded[name]:
            yield file


def _unsealed(plan: Plan) -> list[str]:
    """Return the files of a study's results that carry no seal, by their paths there."""
    blocks = plan.study.content.figures
    drawn = [f"figures/{block.name}.{kind}" for block in blocks for kind in FIGURE_FORMATS]
    return [*(f"{name}.csv" for name in TWINS), *drawn, "report.html"]


def _digest(file: Path) -> str:
    """Return the SHA-256 of a file, empty if there is none that can be read."""
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError:
        return ""


def _recorded(record: Path) -> dict[str, str]:
    """Return the digests of a record by name; lines that make no sense are passed over."""
    try:
        lines = record.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    parts = (line.partition("  ") for line in lines)
    return {name: digest for digest, _, name in parts if len(digest) == 64}
