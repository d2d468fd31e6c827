"""The reference tables that are generated: of axes in config/README.md, of laws in docs/laws.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lawbook.axes import Axes
from lawbook.errors import LawbookError
from lawbook.models import models
from lawbook.registry import Registry
from lawbook.studies.axes import PruningAxes, TrainingAxes
from lawbook.tasks import tasks

MARK = "<!-- axes of {block}, written by `lawbook schema` -->\n"
END = "<!-- end of axes -->\n"
LAWS = "<!-- laws, written by `lawbook schema` -->\n"
END_OF_LAWS = "<!-- end of laws -->\n"
BOUNDS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}


def with_axis_tables(text: str) -> str:
    """Return a Markdown text with the table of axes between each pair of marks.

    Raises LawbookError if the marks of a table are not there once.
    """
    for block, table in axis_tables().items():
        text = _placed(text, MARK.format(block=block), table, END, f"config/README.md: the axes of {block}")
    return text


def with_law_table(text: str) -> str:
    """Return a Markdown text with the table of laws between its marks. Raises LawbookError if they lack."""
    from lawbook.laws.forms import laws

    rows = ((f"`{name}`", law.formula, ", ".join(law.inputs), law.source) for name, law in laws.items())
    return _placed(
        text, LAWS, _table(("law", "formula", "x", "source"), rows), END_OF_LAWS, "docs/laws.md: the laws"
    )


def _placed(text: str, begin: str, table: str, end: str, what: str) -> str:
    """Return a text with a table between two marks. Raises LawbookError if they are not there once."""
    if text.count(begin) != 1 or end not in text.partition(begin)[2]:
        raise LawbookError(f"{what} have no place; write {begin!r} and {end!r}")
    before, _, after = text.partition(begin)
    return before + begin + table + end + after.partition(end)[2]


def axis_tables() -> dict[str, str]:
    """Return the Markdown tables of the axes of tasks, models, training and pruning, by block of a study."""
    tables = {}
    registries: dict[str, Registry[Any]] = {"task": tasks, "model": models}
    for block, entries in registries.items():
        rows = [row for name in entries for row in _entry(name, entries[name])]
        tables[block] = _table((block, "axis", "default", "values", "what it is"), rows)
    groups: dict[str, type[Axes]] = {"training": TrainingAxes, "pruning": PruningAxes}
    for block, axes in groups.items():
        tables[block] = _table(("field", "default", "values", "what it is"), _axes(axes))
    return tables


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines)


def _entry(name: str, entry: Any) -> Iterator[tuple[str, ...]]:
    """Yield a row on a task or model, by the first line of its docstring, and one on each of its axes."""
    yield f"`{name}`", "", "", "", (type(entry).__doc__ or "").splitlines()[0]
    for row in _axes(entry.axes):
        yield "", *row


def _axes(axes: type[Axes]) -> Iterator[tuple[str, ...]]:
    schema = axes.model_json_schema()
    for name, field in schema.get("properties", {}).items():
        yield f"`{name}`", _default(field["default"]), _values(field), field["description"]


def _default(value: Any) -> str:
    if value in (None, ""):
        return "none"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _values(field: Mapping[str, Any]) -> str:
    """Return the values that a field's schema admits; those that a registry holds are its `examples`."""
    if names := field.get("examples") or field.get("enum"):
        return ", ".join(f"`{name}`" for name in names)
    if "const" in field:
        return f"`{field['const']}`"
    if "anyOf" in field:
        return " or ".join(filter(None, map(_values, field["anyOf"])))
    bounds = [text.format(field[key]) for key, text in BOUNDS.items() if key in field]
    if "multipleOf" in field:
        bounds.append(f"a multiple of {field['multipleOf']}")
    return ", ".join(bounds)
