"""Registries that find their entries by file name, so that adding one touches no shared line."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Generic, TypeVar, cast

from lawbook.errors import LawbookError, suggest

Entry = TypeVar("Entry")


class Registry(Mapping[str, Entry], Generic[Entry]):
    """The entries of a package: module `package/NAME.py` defines the entry NAME as its `attribute`.

    Listing the names imports nothing; an entry's module is imported when the entry is first asked for.
    Modules whose name begins with an underscore, and those in `without`, are not entries.
    """

    def __init__(self, package: str, attribute: str, kind: str, without: tuple[str, ...] = ()) -> None:
        self._package, self._attribute, self._kind, self._without = package, attribute, kind, without
        self._found: dict[str, Entry] = {}

    @cached_property
    def _names(self) -> tuple[str, ...]:
        modules = pkgutil.iter_modules(importlib.import_module(self._package).__path__)
        return tuple(sorted(m.name for m in modules if m.name[0] != "_" and m.name not in self._without))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __getitem__(self, name: str) -> Entry:
        if name not in self._found:  # asked for by every run of a plan
            if name not in self._names:
                raise LawbookError(f"unknown {self._kind} {name!r}; {suggest(name, self._names)}")
            module = importlib.import_module(f"{self._package}.{name}")
            self._found[name] = cast(Entry, getattr(module, self._attribute))
        return self._found[name]
