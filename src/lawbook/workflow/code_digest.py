"""Digests of code: what a stage computes with, so that a stage reruns exactly when its science changes.

A stage's digest is a hash over the modules that its entry points import, directly or through others, each
reduced to its syntax tree without docstrings and comments. A registry's entries are imported by name at run
time, so that only those which a study uses are counted, and a new task or law changes nothing.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path

from lawbook.errors import LawbookError
from lawbook.registry import EXTENSIONS, PACKAGE, file_of
from lawbook.storage.files import write_text

ROOTS = (PACKAGE, EXTENSIONS)
SOURCE = Path(__file__).resolve().parents[2]

NOT_COUNTED = (
    "lawbook",  # the version number
    "lawbook.studies",  # planning: its outcome stands in the parameters of each rule, by value
    "lawbook.workflow", "lawbook.cli", "lawbook.signals",  # how jobs are run, watched and stopped
    "lawbook.models.exactness", "lawbook.training.exactness",  # whether the processor is to be trusted
    "lawbook.registry", "lawbook.errors",  # finding code and saying what is wrong
    "lawbook.storage",  # how a table is stored, not what stands in it
)  # fmt: skip
"""Modules, or whole packages, that change no number. Edit with care: what is listed here reruns nothing."""

COUNTED = ("lawbook.storage.user_table", "lawbook.storage.run_state")
"""Of these packages what does change numbers: how a table from outside, and what it says of its runs, is understood."""

KEPT = ".form"
"""How a file ends, beside the compiled modules, that keeps the form of one."""

Form = tuple[str, Sequence[str]]
"""The hash of a module's syntax tree, and what the module imports."""

_known: dict[str, Form] = {}


@cache
def digest_of(
    modules: frozenset[str], without: tuple[str, ...] = (), data: tuple[Path, ...] = (), source: Path = SOURCE
) -> str:
    """Return 16 hexadecimal digits that change exactly when code does.

    modules: those that are called, of the package and of the extensions; without: packages that are not counted,
    besides those listed here; data: files that are read, of whatever kind.
    """
    reached = modules_reached(modules, frozenset({*NOT_COUNTED, *without}), source)
    lines = [f"{name} {_normal_form(_found(source, name), name)[0]}" for name in sorted(reached)]
    lines += [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in data]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def modules_reached(start: Iterable[str], without: frozenset[str], source: Path = SOURCE) -> set[str]:
    """Return the modules of the package and the extensions that `start` imports, however indirectly, itself included.

    The packages around a module count, since importing it runs them. Imports for type checkers do not.
    """
    reached: set[str] = set()
    waiting = [name for entry in start for name in (*_packages(source, entry), entry)]
    while waiting:
        name = waiting.pop()
        if name not in reached and not _left_out(name, without):
            reached.add(name)
            waiting += imports_of(name, source)
    return reached


def imports_of(name: str, source: Path = SOURCE) -> tuple[str, ...]:
    """Return the modules of the package and the extensions that a module imports itself, with those around them."""
    return _imports_in(_found(source, name), name, source)


@cache
def _imports_in(path: Path, name: str, source: Path) -> tuple[str, ...]:
    """Return what `imports_of` does, of the file of a module."""
    targets = _normal_form(path, name)[1]
    return tuple(
        part
        for target in targets
        for part in (*_packages(source, target), target)
        if _file(source, part) is not None
    )


def _left_out(name: str, without: frozenset[str]) -> bool:
    parts = _with_parents(name)
    if any(part in COUNTED for part in parts):
        return False
    return name in without or any(part in without for part in parts if part != PACKAGE)


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: n + 1]) for n in range(len(parts))]


def _packages(source: Path, name: str) -> list[str]:
    """Return the packages around a module that have a file; sub-folders of the extensions need none."""
    return [part for part in _with_parents(name)[:-1] if _file(source, part) is not None]


def _file(source: Path, name: str) -> Path | None:
    """Return the file of a module, or None if there is no such module (a name inside one, say)."""
    return file_of(name) if name.partition(".")[0] == EXTENSIONS else _file_in(source, name)


@cache
def _file_in(source: Path, name: str) -> Path | None:
    stem = source.joinpath(*name.split("."))
    return next((path for path in (stem / "__init__.py", stem.with_suffix(".py")) if path.is_file()), None)


def _found(source: Path, name: str) -> Path:
    path = _file(source, name)
    if path is None:
        raise ModuleNotFoundError(f"{name} has no file under {source}", name=name)
    return path


def _normal_form(path: Path, name: str) -> Form:
    """Return the hash of a module's syntax tree, and what it imports of the package and the extensions."""
    if str(path) not in _known:
        _known[str(path)] = _read_form(path, name)
    return _known[str(path)]


def _read_form(path: Path, name: str) -> Form:
    """Return the normal form of a module, which is kept beside its compiled form for as long as its text stays."""
    text = path.read_bytes()
    text_hash = hashlib.sha256(b"\0".join([_own_text(), name.encode(), text])).hexdigest()
    kept = Path(cache_from_source(path)).with_suffix(KEPT)
    with suppress(OSError, ValueError, KeyError, TypeError):  # none there, or damaged
        known = json.loads(kept.read_text(encoding="utf-8"))
        if known["text_hash"] == text_hash:
            return known["hash"], known["imports"]
    form = _form_of(path, name, text)
    if not sys.dont_write_bytecode:
        with suppress(OSError):  # who may not write there works it out each time
            write_text(kept, json.dumps({"text_hash": text_hash, "hash": form[0], "imports": form[1]}))
    return form


@cache
def _own_text() -> bytes:
    """Return what this module says: another one may see another form in the same text."""
    return Path(__file__).read_bytes()


def _form_of(path: Path, name: str, text: bytes) -> Form:
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise LawbookError(f"{path}: this is no Python ({error}); mend it, or move it away") from None
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    imported = tuple(sorted(set(_imports(tree, package))))
    return hashlib.sha256(ast.dump(_without_docstrings(tree)).encode()).hexdigest(), imported


def _imports(node: ast.AST, package: str) -> Iterator[str]:
    for child in _statements(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names if alias.name.partition(".")[0] in ROOTS)
        elif isinstance(child, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - child.level + 1]) if child.level else ""
            module = ".".join(part for part in (base, child.module) if part)
            if module.partition(".")[0] in ROOTS:
                yield module
                yield from (f"{module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            yield from (name for other in child.orelse for name in _imports(ast.Module([other], []), package))
        else:
            yield from _imports(child, package)


def _statements(node: ast.AST) -> list[ast.AST]:
    """Return what stands inside a node and may hold statements: most of a tree are expressions, which hold none."""
    return [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr)]


def _without_docstrings(tree: ast.Module) -> ast.Module:
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        waiting += _statements(node)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [line for line in node.body if not _is_text(line)] or [ast.Pass()]
    return tree


def _is_text(node: ast.stmt) -> bool:
    """Tell whether a statement is a string by itself: a docstring, or one that documents a constant."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
