"""The parts of analyses in the report, found in their folders by file name: sections with templates, and notices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lawbook.registry import Registry
from lawbook.results.reader import Results
from lawbook.studies.schema import StudyFile


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

sections: Registry[Section] = Registry("lawbook.analyses", "section", "section", part="section")
notices: Registry[Notices] = Registry("lawbook.analyses", "notices", "notices", part="notices")
