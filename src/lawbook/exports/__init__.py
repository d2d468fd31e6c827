"""Exports: a finished study in the forms that archives and other programs read, one a file.

`NAME.py` defines `export`, the form that `lawbook export STUDY --as NAME` writes; of several words, with hyphens there.
A form is written from what there is: the files of a bundle with their manifest, the study, its tables, and the records
of the workflow. What is not known is left out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from lawbook.bundle.export import Contents, contents_of
from lawbook.errors import LawbookError
from lawbook.registry import Registry
from lawbook.results.card import read_card
from lawbook.results.reader import Results
from lawbook.results.words import measured
from lawbook.studies import Plan
from lawbook.studies.schema import StudyFile


@dataclass(frozen=True)
class Finished:
    """A finished study, and what is said with its export.

    results: the folder that holds the study's results, as the settings name it. written: when the export is made.
    licence: under which the results are given away, an SPDX identifier or a URL; None where nobody has said.
    """

    plan: Plan
    results: Path
    written: datetime
    licence: str | None = None

    @property
    def name(self) -> str:
        """Return the name of the study, at its preset."""
        return self.plan.study.name

    @property
    def content(self) -> StudyFile:
        """Return what the study says."""
        return self.plan.study.content

    @cached_property
    def contents(self) -> Contents:
        """Return the files of its bundle. Raises LawbookError if one is not there yet, or is not current."""
        return contents_of(self.plan, self.results)

    @cached_property
    def tables(self) -> Results:
        """Return its tables."""
        return Results(self.results)

    @cached_property
    def claims(self) -> list[dict[str, Any]]:
        """Return its judged claims, by column, with their notes; `measured` tells the estimate in words.

        A text that is missing is empty.
        """
        claims = self.tables.claims.fillna(
            dict.fromkeys(("text", "origin", "source", "expected", "reason"), "")
        )
        rows: list[dict[Any, Any]] = claims.to_dict("records")
        return [
            {
                **row,
                "measured": measured(row["estimate"], row["low"], row["high"]),
                "note": self.content.claims[row["claim"]].note.strip(),
            }
            for row in rows
        ]


@dataclass(frozen=True)
class Form:
    """A form in which a study is exported.

    place: where it lies by default, beside the study's results, with {study} for its name; one that ends in .zip is a
    file, any other a folder. write: writes it there, into a folder that is empty, and returns what it wrote, in words;
    further lines tell the user what to do with it.
    """

    place: str
    write: Callable[[Finished, Path], list[str]]

    @property
    def is_file(self) -> bool:
        """Tell whether it is one file, not a folder."""
        return self.place.endswith(".zip")


exports: Registry[Form] = Registry("lawbook.exports", "export", "form of export")


def write_export(form: Form, study: Finished, out: Path) -> list[str]:
    """Write an export, whole or not at all, and return what to tell the user, a line each.

    Raises LawbookError if the study is not finished, if its results are not current, and for a place that cannot be
    written or, where the export is a folder, that is there already: nothing in it would be known to be of this export.
    """
    if form.is_file and (out.suffix != ".zip" or out.is_dir()):
        raise LawbookError(f"--out {out}: a bundle is a zip; name a file that ends in .zip")
    if not form.is_file and out.exists():
        raise LawbookError(f"{out} is there already; move it away, or name another place with --out")
    study.contents  # noqa: B018 - refuses before anything is written
    try:
        if form.is_file:
            what, *more = form.write(study, out)
        else:
            out.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as beside:
                folder = Path(beside) / "export"
                folder.mkdir()
                what, *more = form.write(study, folder)
                folder.rename(out)
    except OSError as error:
        raise LawbookError(f"{out}: cannot be written ({error.strerror}); name another place") from None
    return [f"{out}: {what}", *more]


def summary_of(study: Finished) -> str:
    """Return what the study is about and what it found: its title, its question, and its answer.

    Raises LawbookError if its card is not there.
    """
    answer = read_card(study.results).answer
    return " ".join([f"{study.content.title.strip()}.", study.content.question.strip(), *answer])


def licence_url(licence: str) -> str:
    """Return the URL of a licence.

    >>> licence_url("CC-BY-4.0"), licence_url("https://example.org/terms")
    ('https://spdx.org/licenses/CC-BY-4.0', 'https://example.org/terms')
    """
    return licence if licence.startswith(("https://", "http://")) else f"https://spdx.org/licenses/{licence}"
