"""A new study: a commented template, or a copy of another study with its comments."""

from __future__ import annotations

import os
import re
from importlib.resources import files
from pathlib import Path

import yaml

from lawbook.errors import LawbookError
from lawbook.storage.files import write_text
from lawbook.studies.block import NAME
from lawbook.studies.study import find_study, is_reserved, load_study

SCHEMA = Path("workflow/schemas/study.schema.json")
EDITORS_LINE = "# yaml-language-server: $schema="
"""By this comment an editor finds the schema by which it completes and checks the file."""


def write_new_study(name: str, folder: str | Path, source: str | None = None) -> Path:
    """Write NAME.yaml into a folder of studies and return its path.

    source: a study of the folder that is copied, with its comments and another title; None takes the template.
    Raises LawbookError for a name that no study can have or that is taken, for an unknown source, and for a source
    that is itself mistaken.
    """
    file = Path(folder) / f"{name}.yaml"
    if not re.fullmatch(NAME, name):
        fix = "use lower-case letters, digits and underscores, a letter first"
        raise LawbookError(f"a study cannot be named {name!r}; {fix}")
    if is_reserved(name):
        raise LawbookError(
            f"a study cannot be named {name!r}, as a rule of the workflow is; take another name"
        )
    if taken := [path for path in (file, file.with_suffix(".yml")) if os.path.lexists(path)]:
        raise LawbookError(f"{taken[0]} is there already; take another name, or delete it first")
    title = name.replace("_", " ").capitalize()
    if source is None:
        text = files("lawbook.studies").joinpath("template.yaml").read_text(encoding="utf-8")
        text = text.replace("TITLE", title, 1)
    else:
        text = _retitled(find_study(source, folder), f"{title}, begun from {source}")
    if EDITORS_LINE not in text:
        text = f"{EDITORS_LINE}{os.path.relpath(SCHEMA, folder)}\n{text}"
    write_text(file, text)
    return file


def _retitled(file: Path, title: str) -> str:
    """Return the text of a study with another title; all else stays as it is."""
    load_study(file)  # so that what is read below is known to be small, sound, and to have a title
    text = file.read_text(encoding="utf-8")
    written = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(written, yaml.MappingNode)
    old = next(value for key, value in written.value if key.value == "title")
    start, end = old.start_mark.index, old.end_mark.index
    after = text[start:end]
    lines = after[len(after.rstrip("\n")) :]  # which belong to a text of several lines
    return f'{text[:start]}"{title}"{lines}{text[end:]}'
