"""The reference tables that are generated: of axes and analyses in config/README.md, of laws and studies in docs."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lawbook.axes import Axes
from lawbook.claims.quantities import quantities
from lawbook.errors import LawbookError
from lawbook.laws.forms import laws
from lawbook.measurements import Measurement, measurements
from lawbook.models import models
from lawbook.registry import Registry
from lawbook.studies.axes import PruningAxes, TrainingAxes
from lawbook.studies.study import load_study, preset_names, study_names
from lawbook.tasks import tasks

MARK = "<!-- axes of {block}, written by `lawbook schema` -->\n"
END = "<!-- end of axes -->\n"
LAWS = "<!-- laws, written by `lawbook schema` -->\n"
END_OF_LAWS = "<!-- end of laws -->\n"
ANALYSES = "<!-- analyses, written by `lawbook schema` -->\n"
END_OF_ANALYSES = "<!-- end of analyses -->\n"
MEASUREMENTS = "<!-- measurements, written by `lawbook schema` -->\n"
END_OF_MEASUREMENTS = "<!-- end of measurements -->\n"
QUANTITIES = "<!-- quantities, written by `lawbook schema` -->\n"
END_OF_QUANTITIES = "<!-- end of quantities -->\n"
STUDIES = "<!-- studies, written by `lawbook schema` -->\n"
END_OF_STUDIES = "<!-- end of studies -->\n"
GUIDE = "README.md"
"""In the folder of an analysis: what it finds, in the first sentence, and how each of its keys is chosen."""
BOUNDS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}


def with_reference(text: str) -> str:
    """Return a Markdown text with the tables of axes, measurements, analyses and quantities, between their marks."""
    with_tables = with_quantity_table(with_measurement_table(with_axis_tables(text)))
    return with_analysis_table(with_tables, Path("src/lawbook/analyses"))


def with_axis_tables(text: str) -> str:
    """Return a Markdown text with the table of axes between each pair of marks.

    Raises LawbookError if the marks of a table are not there once.
    """
    for block, table in axis_tables().items():
        text = _placed(text, MARK.format(block=block), table, END, f"config/README.md: the axes of {block}")
    return text


def with_law_table(text: str) -> str:
    """Return a Markdown text with the table of laws between its marks. Raises LawbookError if they lack."""
    rows = ((f"`{name}`", law.formula, ", ".join(law.inputs), law.source) for name, law in laws.items())
    return _placed(
        text, LAWS, _table(("law", "formula", "x", "source"), rows), END_OF_LAWS, "docs/laws.md: the laws"
    )


def with_measurement_table(text: str) -> str:
    """Return a Markdown text with the table of measurements between its marks. Raises LawbookError if they lack."""
    rows = (row for name, measurement in measurements.items() for row in _measured(name, measurement))
    table = _table(("measurement", "column or key", "default", "what it is"), rows)
    return _placed(text, MEASUREMENTS, table, END_OF_MEASUREMENTS, "config/README.md: the measurements")


def with_quantity_table(text: str) -> str:
    """Return a Markdown text with the table of quantities of any study. Raises LawbookError if its marks lack."""
    rows = []
    for name, quantity in quantities.items():
        if quantity.of is None:
            about = {True: "a column", False: "the runs", None: "a column, or the runs"}[quantity.of_column]
            options = "; ".join(f"`{option}`: {told}" for option, told in quantity.options.items())
            rows.append((f"`{name}`", about, _first_line(quantity.compute), options))
    table = _table(("quantity", "of", "what it is", "options"), rows)
    return _placed(text, QUANTITIES, table, END_OF_QUANTITIES, "config/README.md: the quantities")


def _first_line(entry: Any) -> str:
    """Return the first line of what the file of an entry says of itself."""
    return (sys.modules[entry.__module__].__doc__ or "").splitlines()[0]


def with_analysis_table(text: str, folder: Path) -> str:
    """Return a Markdown text with the list of analyses between its marks, each with the first sentence of its guide.

    folder: the one that holds the analyses, seen from the repository, in a folder of which the text lies. Raises
    LawbookError for an analysis without a guide, and if the marks lack.
    """
    rows = []
    for analysis in sorted(path.parent for path in folder.glob("*/__init__.py")):
        guide = analysis / GUIDE
        if not guide.is_file():
            raise LawbookError(
                f"{guide} is not there; write what the analysis finds and how its keys are chosen"
            )
        prose = " ".join(guide.read_text(encoding="utf-8").partition("\n\n")[2].partition("\n\n")[0].split())
        first = re.split(r"\.(?: |$)", prose)[0]
        rows.append((f"[`{analysis.name}`](../{guide.as_posix()})", first))
    table = _table(("analysis", "what it finds"), rows)
    return _placed(text, ANALYSES, table, END_OF_ANALYSES, "config/README.md: the analyses")


def with_study_tables(text: str, folder: Path = Path("config/studies")) -> str:
    """Return a Markdown text with the studies of a folder between its marks, a table for each topic.

    folder: as above. Raises LawbookError if the marks lack, StudyError for a study with a mistake.
    """
    topics: dict[str, list[tuple[str, ...]]] = {}
    for name in study_names(folder):
        file = folder / f"{name}.yaml"
        content = load_study(file).content
        claims = str(len(content.claims))
        row = (f"[`{name}`](../{file.as_posix()})", content.question or content.title, claims)
        topics.setdefault(content.topic or "Other", []).append((*row, ", ".join(preset_names(file))))
    header = ("study", "question", "claims", "presets")
    tables = "".join(f"\n## {topic}\n\n{_table(header, rows)}" for topic, rows in sorted(topics.items()))
    return _placed(text, STUDIES, tables, END_OF_STUDIES, "docs/studies.md: the studies")


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


def _measured(name: str, measurement: type[Measurement]) -> Iterator[tuple[str, ...]]:
    """Yield a row on a measurement, by the first line of its file, and one on each column and each key of its own."""
    yield f"`{name}`", "", "", _first_line(measurement)
    for column in measurement.columns:
        yield "", f"`{column.name}`", "", f"{column.label}{' (a vector)' if column.vector else ''}"
    for key in measurement.__annotations__:
        if (field := measurement.model_fields.get(key)) is not None and key != "at":
            yield "", f"`{key}:`", _default(field.default), field.description or ""


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


PAGES: dict[str, Callable[[str], str]] = {
    "config/README.md": with_reference,
    "docs/laws.md": with_law_table,
    "docs/studies.md": with_study_tables,
}
"""What writes the tables of each page, in the repository's folder."""
