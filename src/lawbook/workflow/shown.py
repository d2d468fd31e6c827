"""Which studies the gallery shows: those that have a report."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from lawbook.studies.presets import MARK, split_name

REPORT = "report.html"
"""What a study has once it is finished."""


def having(file: str, studies: Iterable[str], results: str | Path, preset: str | None = None) -> list[str]:
    """Return the studies, and their presets, whose results have a file; with a preset set, those of that one alone."""
    place = Path(results)
    return [
        name
        for study in studies
        for name in (study, *sorted(folder.name for folder in place.glob(f"{study}{MARK}*")))
        if (place / name / file).exists() and preset in (None, split_name(name)[1])
    ]


def shown(finished: Collection[str]) -> list[str]:
    """Return what the gallery shows of the studies and presets that are finished: no preset beside its study.

    >>> shown(["quanta@quick", "digits", "digits@quick"])
    ['digits', 'quanta@quick']
    """
    return sorted(name for name in finished if split_name(name)[0] not in {*finished} - {name})


def absent(studies: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return the studies of which nothing is among some names.

    >>> absent(["digits", "quanta", "smoke"], ["digits", "quanta@quick"])
    ['smoke']
    """
    there = {split_name(name)[0] for name in names}
    return [study for study in studies if study not in there]
