"""The parts of analyses in the report, found in their folders by file name: sections, notices, answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lawbook.registry import Registry, file_of, modules_of
from lawbook.results.reader import Results
from lawbook.studies.schema import StudyFile

TEMPLATE = "section.html"


@dataclass(frozen=True)
class Section:
    """The section of one kind of analysis: `section.py` defines it as `section`, and `section.html` lays it out.

    values: what the template shows, from the blocks of the study by name, and the results; first: whether it stands
    on page one, below the headline numbers, and not below the figures.
    """

    title: str
    values: Callable[[Mapping[str, Any], Results], Mapping[str, Any]]
    first: bool = False


Notices = Callable[[StudyFile, Results], Iterable[tuple[str, str]]]
"""What `notices.py` defines as `notices`: the warnings of a study, as (kind, case)."""


@dataclass(frozen=True)
class Shown:
    """A section as the page shows it: `shown` are the values of its template."""

    kind: str
    title: str
    first: bool
    template: str
    shown: Mapping[str, Any]


sections: Registry[Section] = Registry("lawbook.analyses", "section", "section", part="section")
Answers = Callable[[StudyFile, Results], Iterable[str]]
"""What `answer.py` defines as `answer`: what the analyses of a study found, in clauses of a sentence."""

notices: Registry[Notices] = Registry("lawbook.analyses", "notices", "notices", part="notices")


def shown_sections(content: StudyFile, results: Results) -> list[Shown]:
    """Return the section of each kind of analysis that a study uses, if that kind has one."""
    shown = []
    for kind in dict.fromkeys(kind for kind, _, _ in content.analyses.each() if kind in sections):
        section = sections[kind]
        values = section.values(content.analyses.of(kind), results)
        shown.append(Shown(kind, section.title, section.first, f"{kind}/{TEMPLATE}", values))
    return shown


def template_folders(shown: Iterable[Shown]) -> dict[str, Path]:
    """Return the folder in which the template of each section lies, by kind."""
    modules = modules_of("lawbook.analyses", "section")
    files = {part.kind: file_of(modules[part.kind]) for part in shown}
    return {kind: file.parent for kind, file in files.items() if file is not None}


answers: Registry[Answers] = Registry("lawbook.analyses", "answer", "answer", part="answer")
