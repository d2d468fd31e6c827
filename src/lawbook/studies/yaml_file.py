"""Reading YAML that nobody vouches for: bounded in size, depth and expansion before a value is made of it."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from lawbook.errors import StudyError

LARGEST_FILE, LONGEST_TEXT = 1 << 20, 10_000
"""Bytes of a file, and characters of one text or number in it."""

DEEPEST, MOST_VALUES = 20, 200_000
"""Levels of nesting, and values of a file with every alias written out."""

# Control characters, by which a text could steer a terminal, and those that turn its direction round.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class _UniqueKeys:
    """Of a safe loader of YAML: a key that stands twice is refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        loader: Any = self
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = loader.construct_object(key_node)
            if isinstance(key, Hashable):
                if key in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"the key {key!r} stands twice", problem_mark=node.start_mark
                    )
                seen.add(key)
        mapping: dict[Hashable, Any] = yaml.SafeLoader.construct_mapping(loader, node, deep)
        return mapping


class _Plain(_UniqueKeys, yaml.SafeLoader):
    """In Python: it says what it expected, and what it found."""


class _Fast(_UniqueKeys, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """In C, where PyYAML was built with it, and ten times as fast."""


def read_yaml(file: Path) -> dict[Any, Any]:
    """Return the keys and values of a YAML file, none of an empty one.

    Raises StudyError, naming file and line, for what is no regular file, too large, too deep, expands to too much,
    holds an unseen character or a tag, or is no YAML with keys.
    """
    return deepcopy(_content(file, _text(file)))


@lru_cache(maxsize=64)  # a study is asked for at several places of a process
def _content(file: Path, text: str) -> dict[Any, Any]:
    """Return what the text of a file says. Raises StudyError as `read_yaml` does."""
    try:
        try:
            content = _loaded(file, text, _Fast)
        except (yaml.YAMLError, ValueError, OverflowError):
            content = _loaded(file, text, _Plain)
    except yaml.MarkedYAMLError as error:
        problem = f"this is not YAML: {error.problem}"
        raise StudyError(file, _place(error.problem_mark), None, problem, "mend that line") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        told = " ".join(str(error).split())
        raise StudyError(file, "", None, f"it cannot be read as YAML ({told})", "mend the file") from None
    if content is not None and not isinstance(content, dict):
        raise StudyError(file, "", None, "the file holds no keys", "write keys with values: {key: value}")
    return content or {}


def _loaded(file: Path, text: str, loader: type[Any]) -> Any:
    _check_events(file, yaml.parse(text, loader))
    return yaml.load(text, loader)


def _text(file: Path) -> str:
    try:
        if not file.is_file():
            raise StudyError(file, "", None, "it cannot be read: it is no regular file", "give a YAML file")
        with file.open("rb") as content:
            data = content.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            problem = f"it is larger than {LARGEST_FILE:,} bytes"
            raise StudyError(file, "", None, problem, "write ranges instead of lists of values")
        return data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(file, "", None, f"it cannot be read as YAML ({error})", "mend the file") from None


def _place(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _check_events(file: Path, events: Iterator[yaml.Event]) -> None:
    """Raise StudyError if a file is deeper or longer, aliases written out, than any study needs to be."""
    sizes: dict[str, int] = {}  # of what each finished anchor names
    open_: list[tuple[str | None, int]] = [(None, 0)]  # anchor of each open collection, and its values so far

    def refuse(event: yaml.Event, problem: str, fix: str) -> StudyError:
        return StudyError(file, _place(event.start_mark), None, problem, fix)

    def add(event: yaml.Event, n_values: int) -> None:
        anchor, n_before = open_[-1]
        open_[-1] = anchor, n_before + n_values
        if n_before + n_values > MOST_VALUES:
            raise refuse(
                event, f"the file holds more than {MOST_VALUES:,} values", "write ranges, as in {count: n}"
            )

    for event in events:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor in sizes:
                add(event, sizes[event.anchor])
            elif any(anchor == event.anchor for anchor, _ in open_):
                raise refuse(event, f"the alias *{event.anchor} stands inside what it names", "delete it")
        elif isinstance(event, yaml.ScalarEvent):
            if len(event.value) > LONGEST_TEXT:
                raise refuse(event, f"this is longer than {LONGEST_TEXT:,} characters", "write less")
            if unseen := _UNSEEN.search(event.value):
                raise refuse(event, f"the unseen character {unseen[0]!r} stands here", "delete it")
            sizes |= {event.anchor: 1} if event.anchor else {}
            add(event, 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(open_) > DEEPEST:
                raise refuse(event, f"this is nested deeper than {DEEPEST} levels", "nest less")
            open_.append((event.anchor, 1))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, n_values = open_.pop()
            sizes |= {anchor: n_values} if anchor else {}
            add(event, n_values)
