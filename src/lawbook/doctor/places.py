"""Checks of where Lawbook writes: the settings, the folders, the room on their disks, and their clock."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from lawbook.doctor.finding import Finding
from lawbook.errors import LawbookError

GB = 1_000_000_000
LEAST_SPACE, LEAST_FILES = 1 * GB, 1_000
"""Bytes and files that each disk has room for, else it is called full: any shipped study needs less."""

CLOCK_S = 5.0
"""Largest difference of two clocks, and the coarsest times that a file system keeps."""

FIRST_YEAR, LAST_YEAR = 2025, 2100
MOVE = "set `results:` and `cache:` in config/config.yaml to a disk that can be written"


def settings() -> Finding:
    """Say whether config/config.yaml is there and sound."""
    from lawbook.workflow.settings import CONFIG, read_settings

    if not CONFIG.exists():
        text = f"no {CONFIG} here, so that folders are those of a new clone"
        return Finding("settings", True, f"{text}; studies run in the folder that holds the Snakefile")
    try:
        read_settings()
    except LawbookError as error:
        return Finding(
            "settings", False, str(error), f"mend {CONFIG}; config/README.md says what each key is"
        )
    return Finding("settings", True, f"{CONFIG}")


def writable(folders: Mapping[str, Path] | None = None) -> Finding:
    """Say whether files can be made in each folder that Lawbook writes, or where that folder will be made."""
    wrong = {}
    folders = written() if folders is None else folders
    for name, folder in folders.items():
        try:
            with tempfile.TemporaryFile(dir=_nearest(folder)):
                pass
        except OSError as error:
            wrong[name] = f"{folder} ({error.strerror})"
    if wrong:
        return Finding("folders", False, f"cannot be written: {', '.join(wrong.values())}", _let(wrong))
    return Finding("folders", True, f"{', '.join(map(str, folders.values()))} can be written")


def free_space(folders: Mapping[str, Path] | None = None, least: int = LEAST_SPACE) -> Finding:
    """Say how much room is left on each disk that Lawbook writes to."""
    disks: dict[int, Path] = {}
    for folder in (written() if folders is None else folders).values():
        disks.setdefault(_nearest(folder).stat().st_dev, folder)
    told, full = [], False
    for folder in disks.values():
        free, place = shutil.disk_usage(_nearest(folder)).free, os.statvfs(_nearest(folder))
        files = place.f_favail if place.f_files else LEAST_FILES  # some file systems do not count them
        full = full or free < least or files < LEAST_FILES
        told.append(
            f"{free / GB:.1f} GB" + (f" and {files} files" if files < LEAST_FILES else "") + f" for {folder}"
        )
    fix = f"Lawbook wants {least / GB:g} GB and {LEAST_FILES:,} files; make room, or {MOVE}"
    return Finding("free disk", not full, ", ".join(told), fix if full else "")


def clock(folder: Path | None = None, now: Callable[[], float] = time.time) -> Finding:
    """Say whether the clock is sane, and whether the disk of the results tells the same time.

    Snakemake decides by the times of files what is out of date.
    """
    place = _nearest(written()["results"] if folder is None else folder)
    fix = "let the machine, and the one that the disk belongs to, set their clocks by the network (NTP)"
    try:
        with tempfile.NamedTemporaryFile(dir=place) as file:
            off = Path(file.name).stat().st_mtime - now()
    except OSError:
        off = None  # of which another check tells
    here = datetime.fromtimestamp(now())
    text = f"{here:%Y-%m-%d %H:%M:%S}"
    if not FIRST_YEAR <= here.year < LAST_YEAR:
        return Finding("clock", False, f"{text} cannot be", fix)
    if off is not None and abs(off) > CLOCK_S:
        return Finding("clock", False, f"{text}, and files in {place} are dated {off:+.0f} s from it", fix)
    return Finding("clock", True, text + ("" if off is None else f", as on the disk of {place}"))


def written() -> dict[str, Path]:
    """Return the folders that Lawbook writes here: by config/config.yaml, or as in a new clone if it cannot be read."""
    from lawbook.workflow.settings import Settings, read_settings

    try:
        found = read_settings()
    except LawbookError:
        found = Settings()
    return {
        "results": Path(found.results),
        "cache": Path(found.cache),
        "logs": Path("logs"),
        ".snakemake": Path(".snakemake"),
    }


def _nearest(folder: Path) -> Path:
    """Return a folder, or the nearest one above it that is there."""
    folder = folder.absolute()
    return folder if folder.exists() else _nearest(folder.parent)


def _let(wrong: Mapping[str, str]) -> str:
    """Say how to mend folders that cannot be written: some are named in the settings, others lie where one runs it."""
    moved = MOVE if {"results", "cache"} & set(wrong) else ""
    here = "run Lawbook in a folder that can be written" if {"logs", ".snakemake"} & set(wrong) else ""
    return "; ".join(filter(None, [moved, here]))
