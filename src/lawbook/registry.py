"""Registries that find their entries by file name, so that adding one touches no shared line.

Entries lie in the package, and in the user's extensions: a folder laid out like the package. Extensions are imported
as `lawbook_extensions`.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Generic, TypeVar, cast

from lawbook.errors import EXTRAS, LawbookError, suggest

PACKAGE, EXTENSIONS = "lawbook", "lawbook_extensions"
VARIABLE = "LAWBOOK_EXTENSIONS"
"""The environment variable that names the folder of extensions, for this process and for its jobs."""

Entry = TypeVar("Entry")


class Registry(Mapping[str, Entry], Generic[Entry]):
    """The entries of a package: module `package/NAME.py` defines the entry NAME as its `attribute`.

    With `part`, the entries are folders: module `package/NAME/{part}.py` defines it. Listing the names imports
    nothing; an entry's module is imported when the entry is first asked for. Modules whose name begins with an
    underscore, and those in `without`, are not entries. Raises LawbookError for an entry of the extensions that
    cannot be imported, naming its file.
    """

    def __init__(
        self, package: str, attribute: str, kind: str, without: tuple[str, ...] = (), part: str = ""
    ) -> None:
        self._package, self._attribute, self._kind = package, attribute, kind
        self._without, self._part = without, part
        self._found: dict[str, Entry] = {}

    @property
    def _modules(self) -> Mapping[str, str]:
        return modules_of(self._package, self._part, self._without)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __getitem__(self, name: str) -> Entry:
        if name not in self._found:  # asked for by every run of a plan
            if name not in self._modules:
                raise LawbookError(f"unknown {self._kind} {name!r}; {suggest(name, self._modules)}")
            self._found[name] = cast(Entry, _entry(self._modules[name], self._attribute))
        return self._found[name]


def use_extensions(folder: str | None) -> None:
    """Let registries find entries in a folder of extensions, too; None for none. So do the jobs of this process.

    Raises LawbookError if there is no such folder.
    """
    if folder is None:
        os.environ.pop(VARIABLE, None)
        return
    if not Path(folder).is_dir():
        raise LawbookError(
            f"extensions = '{folder}': there is no such folder; mend or delete the key in the settings"
        )
    os.environ[VARIABLE] = str(Path(folder).resolve())


def modules_of(package: str, part: str = "", without: tuple[str, ...] = ()) -> Mapping[str, str]:
    """Return the modules of a package's entries by name, in order: those shipped, and those of the extensions.

    An analysis brings entries of its own in a sub-folder of the package's last name: `analyses/KIND/figures` holds
    figures as `report/figures` does. Nothing is imported. Raises LawbookError for a name that two files have.
    """
    return _modules_of(package, part, without, os.environ.get(VARIABLE, ""))


def roots() -> Mapping[str, Path]:
    """Return the folders that are laid out like the package, by the name that each is imported by."""
    return _roots(os.environ.get(VARIABLE, ""))


def module_of(package: str, name: str) -> str:
    """Return the module of an entry of a package. Raises LawbookError with the nearest name if there is none."""
    modules = modules_of(package)
    if name not in modules:
        raise LawbookError(f"{package} has no entry {name!r}; {suggest(name, modules)}")
    return modules[name]


def file_of(module: str) -> Path | None:
    """Return the file of a module of the package or of the extensions, None if there is no such module."""
    root, _, rest = module.partition(".")
    folder = roots().get(root)
    if folder is None:
        return None
    stem = folder.joinpath(*rest.split(".")) if rest else folder
    return next((f for f in (stem / "__init__.py", stem.parent / f"{stem.name}.py") if f.is_file()), None)


@cache
def _modules_of(package: str, part: str, without: tuple[str, ...], extensions: str) -> Mapping[str, str]:
    place = package.removeprefix(f"{PACKAGE}.").replace(".", "/")
    last = place.rpartition("/")[2]
    found: dict[str, str] = {}
    for root, folder in _roots(extensions).items():
        for inside in (folder / place, *sorted(folder.glob(f"analyses/*/{last}"))):
            for name in _names(inside, part):
                module = ".".join((root, *inside.relative_to(folder).parts, name, *([part] if part else [])))
                if name in without and root == PACKAGE:
                    continue
                if name in found:
                    files = f"{file_of(found[name])} and {file_of(module)}"
                    raise LawbookError(f"{files} have the same name, and are found by it; rename one of them")
                found[name] = module
    return dict(sorted(found.items()))


def _names(folder: Path, part: str) -> Iterator[str]:
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        is_entry = (path / f"{part}.py").is_file() if part else path.suffix == ".py"
        if is_entry and path.stem.isidentifier() and not path.name.startswith("_"):
            yield path.stem


@cache
def _roots(extensions: str) -> Mapping[str, Path]:
    package = {PACKAGE: Path(__file__).resolve().parent}
    return package | {EXTENSIONS: Path(extensions)} if extensions else package


def _entry(module: str, attribute: str) -> object:
    if not module.startswith(f"{EXTENSIONS}."):
        return getattr(importlib.import_module(module), attribute)
    _make_importable(os.environ[VARIABLE])
    try:
        return getattr(importlib.import_module(module), attribute)
    except LawbookError as error:
        raise LawbookError(f"{file_of(module)}: {error}") from error
    except Exception as error:
        absent = error.name if isinstance(error, ModuleNotFoundError) else None
        if absent and any(absent.partition(".")[0] in modules for modules in EXTRAS.values()):
            raise  # told as for a shipped entry
        problem = f"{type(error).__name__}: {error}"
        if isinstance(error, AttributeError) and module in sys.modules:
            problem = (
                f"it defines no `{attribute}`" if not hasattr(sys.modules[module], attribute) else problem
            )
        raise LawbookError(
            f"{file_of(module)}: this extension cannot be imported ({problem}); mend it, or move it away"
        ) from error


def _make_importable(folder: str) -> None:
    """Let the folder of extensions be the package `lawbook_extensions`; its sub-folders need no __init__.py."""
    known = sys.modules.get(EXTENSIONS)
    if known is None or list(known.__path__) != [folder]:
        for name in [name for name in sys.modules if name.partition(".")[0] == EXTENSIONS]:
            del sys.modules[name]
        package = ModuleType(EXTENSIONS)
        package.__path__ = [folder]
        sys.modules[EXTENSIONS] = package
