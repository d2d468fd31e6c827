"""Digests of code: what a stage computes with, so that a stage reruns exactly when its science changes.

A stage's digest is a hash over the modules that its entry points import, directly or through others, each
reduced to its syntax tree without docstrings and comments. A registry's entries are imported by name at run
time, so that only those which a study uses are counted, and a new task or law changes nothing.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = "lawbook"
SOURCE = Path(__file__).resolve().parents[2]

STAGES = {
    "train": ("lawbook.training.shard",),
    "measure": ("lawbook.training.measure",),
    "score": ("lawbook.scoring.score",),
    "collect": ("lawbook.results.collect",),
    "discover": ("lawbook.analyses.text_quanta.compute",),
    "take": ("lawbook.results.from_table",),
    "fit": (
        "lawbook.fitting.study",
        "lawbook.fitting.sensitivity",
        "lawbook.analyses.pruning_frontier.compute",
    ),
    "draw": ("lawbook.report.figures",),
    "judge": ("lawbook.claims.judge",),
    "report": ("lawbook.report.page",),
}
"""The modules that each stage's script calls, and those that take a measurement."""

DATA = {"report": ("report/templates",)}
"""Folders whose files a stage reads, of whatever kind."""

NOT_COUNTED = (
    "lawbook",  # the version number
    "lawbook.studies",  # planning: its outcome stands in the parameters of each rule, by value
    "lawbook.workflow", "lawbook.cli", "lawbook.signals",  # how jobs are run, watched and stopped
    "lawbook.models.exactness", "lawbook.training.exactness",  # whether the processor is to be trusted
    "lawbook.registry", "lawbook.errors",  # finding code and saying what is wrong
    "lawbook.storage",  # how a table is stored, not what stands in it
)  # fmt: skip
"""Modules, or whole packages, that change no number. Edit with care: what is listed here reruns nothing."""

NOT_COUNTED_IN = dict.fromkeys(
    ("train", "score", "collect", "take", "discover"),
    (
        "lawbook.measurements", "lawbook.training.measure",  # a measurement changes no run, and has its own digest
        "lawbook.report", "lawbook.claims", "lawbook.laws", "lawbook.fitting",
    ),
)  # fmt: skip
"""Packages that a stage may name but does not compute with: those downstream, and measurements."""


def stage_digest(stage: str, entries: Iterable[str] = (), source: Path = SOURCE) -> str:
    """Return 16 hexadecimal digits that change exactly when the code of a stage does.

    entries: the modules of the registry entries that are used, such as `lawbook.tasks.digits`.
    """
    without = frozenset({*NOT_COUNTED, *NOT_COUNTED_IN.get(stage, ())})
    modules = modules_reached({*STAGES[stage], *entries}, without, source)
    lines = [f"{name} {_normal_form(source, name)[0]}" for name in sorted(modules)]
    for folder in DATA.get(stage, ()):
        files = sorted(path for path in (source / PACKAGE / folder).rglob("*") if path.is_file())
        lines += [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def modules_reached(start: Iterable[str], without: frozenset[str], source: Path = SOURCE) -> set[str]:
    """Return the modules of this package that `start` imports, however indirectly, itself included.

    The packages around a module count, since importing it runs them. Imports for type checkers do not.
    """
    reached: set[str] = set()
    waiting = [name for entry in start for name in _with_parents(entry)]
    while waiting:
        name = waiting.pop()
        if name not in reached and not _left_out(name, without):
            reached.add(name)
            waiting += imports_of(name, source)
    return reached


def imports_of(name: str, source: Path = SOURCE) -> tuple[str, ...]:
    """Return the modules of this package that a module imports itself, with the packages around them."""
    return _normal_form(source, name)[1]


def _left_out(name: str, without: frozenset[str]) -> bool:
    return name in without or any(part in without for part in _with_parents(name) if part != PACKAGE)


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: n + 1]) for n in range(len(parts))]


def _file(source: Path, name: str) -> Path | None:
    """Return the file of a module, or None if there is no such module (a name inside one, say)."""
    stem = source.joinpath(*name.split("."))
    for path in (stem / "__init__.py", stem.with_suffix(".py")):
        if path.is_file():
            return path
    return None


@cache
def _normal_form(source: Path, name: str) -> tuple[str, tuple[str, ...]]:
    """Return the hash of a module's syntax tree, and the modules of this package that it imports."""
    path = _file(source, name)
    if path is None:
        raise ModuleNotFoundError(f"{name} has no file under {source}", name=name)
    tree = ast.parse(path.read_bytes())
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    imported = tuple(
        part
        for target in sorted(set(_imports(tree, package)))
        for part in _with_parents(target)
        if _file(source, part) is not None
    )
    return hashlib.sha256(ast.dump(_without_docstrings(tree)).encode()).hexdigest(), imported


def _imports(node: ast.AST, package: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names if _with_parents(alias.name)[0] == PACKAGE)
        elif isinstance(child, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - child.level + 1]) if child.level else ""
            module = ".".join(part for part in (base, child.module) if part)
            if module.split(".")[0] == PACKAGE:
                yield module
                yield from (f"{module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            yield from (name for other in child.orelse for name in _imports(ast.Module([other], []), package))
        else:
            yield from _imports(child, package)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
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
