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
from lawbook.workflow.freshness import CARRIERS, is_damaged
from lawbook.workflow.stages import STAGES

RECORD = "sha256sums.txt"
"""The record of digests in a study's results, as `sha256sum -c` reads it."""
LEFT_OVER_S = 3600.0
"""Seconds after which a file that was being written belongs to nobody any more."""


def recover(plan: Plan, results: Path, cache: Path) -> Iterator[str]:
    """Remove what is damaged from a study's results; yield a sentence about each such file, and on what is left over.

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
        if names := _left_over(plan, results):
            yield f"{results}: nothing makes or reads {', '.join(names)} any more; delete them when you like"
    except OSError as error:
        raise LawbookError(
            f"{error.filename} cannot be changed ({error.strerror}); do that yourself"
        ) from None


def keep_record(plan: Plan, results: Path) -> None:
    """Write the record of those files of a finished study that carry no seal."""
    unsealed = [name for name in _files(plan) if not name.endswith(".parquet")]
    lines = [f"{digest}  {name}\n" for name in unsealed if (digest := _digest(results / name))]
    with suppress(OSError):  # on a full disk; then less is noticed
        write_text(results / RECORD, "".join(lines))


def forget_record(results: Path) -> None:
    """Remove the record of a study that is about to be made anew: what is made before a kill would seem damaged."""
    with suppress(OSError):
        (results / RECORD).unlink(missing_ok=True)


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
    recorded = _recorded(results / RECORD)
    for name in _files(plan):
        file = results / name
        if not file.exists():
            continue
        broken = name.endswith(CARRIERS) and is_damaged(file)
        if broken or (name in recorded and _digest(file) != recorded[name]):
            yield file


def _left_over(plan: Plan, results: Path) -> list[str]:
    """Return the tables of a study's results that no stage leaves there, such as those of an earlier Lawbook."""
    made = set(_files(plan))
    return sorted(file.name for file in results.glob("*.parquet") if file.name not in made)


def _files(plan: Plan) -> list[str]:
    return [file for stage in STAGES.values() for _, files in stage.files(plan) for file in files]


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
