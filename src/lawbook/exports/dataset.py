"""A data set: the tables of a study as Parquet, with Croissant 1.1 metadata and a dataset card for Hugging Face.

Croissant: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html. The card's `configs` name a table each:
https://huggingface.co/docs/hub/datasets-manual-configuration.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from lawbook.bundle.export import study_file
from lawbook.exports import Finished, Form, licence_url, summary_of
from lawbook.exports._croissant import croissant_of
from lawbook.exports._markdown import with_front_matter
from lawbook.report.markdown import escaped, table
from lawbook.results.words import count, label
from lawbook.storage.tables import n_rows

TABLES = {
    "runs": "a row per run: configuration, size, final metrics, how it ended",
    "curves": "metrics of every run along training",
    "costs": "what each run cost, and on what",
    "source": "the table from which the runs were taken",
    "fits": "a row per law, form, group and parameter, with its interval",
    "claims": "the study's claims, each with the measured interval and its verdict",
}
"""The tables of a data set, those that a study has, with what each holds; the first is the one that is shown first."""

CLAIMS = ("text", "expected", "measured", "verdict", "source")
SIZES = (
    (10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"), (10**9, "100M<n<1B"),
)  # fmt: skip
"""Numbers of rows below which the Hub calls a data set so."""


def tables_of(study: Finished) -> dict[str, Path]:
    """Return the files of the tables that a data set of the study holds, by name."""
    made = study.contents.files
    return {name: made[file] for name in TABLES if (file := f"results/{name}.parquet") in made}


def card_of(study: Finished, tables: dict[str, Path]) -> str:
    """Return the dataset card: front matter for the Hub, then what the tables hold."""
    rows = {name: n_rows(file) for name, file in tables.items()}
    size = next((name for limit, name in SIZES if rows["runs"] < limit), "n>1T")
    front = {
        "pretty_name": study.content.title,
        **_licence(study.licence),
        "tags": ["scaling-laws", "lawbook"],
        "size_categories": [size],
        "configs": [
            {
                "config_name": name,
                "data_files": f"data/{name}.parquet",
                **({"default": True} if name == "runs" else {}),
            }
            for name in tables
        ],
    }
    held = [(name, f"data/{name}.parquet", f"{rows[name]:,}", TABLES[name]) for name in tables]
    parts = [
        f"# {escaped(study.content.title)}",
        f"In short: {escaped(summary_of(study))}",
        *([f"Limits: {escaped(study.content.limits)}"] if study.content.limits else []),
        "## Tables",
        table(["config", "file", "rows", "what it holds"], held),
        "## Columns of the runs",
        table(["column", "type", "role", "what it is"], _columns(study, tables["runs"])),
        "## Claims",
        table(CLAIMS, ([claim[column] for column in CLAIMS] for claim in study.claims)),
        "## How it was made",
        f"By the study {escaped(study.name)} of Lawbook {escaped(study.contents.manifest.versions['lawbook'])}; "
        f"`{study_file(study.name)}` beside this card is that study, and `croissant.json` describes the columns to "
        "machines. A missing value is null.",
    ]
    return with_front_matter(front, "\n\n".join(parts))


def _licence(licence: str | None) -> dict[str, str]:
    """Return what the Hub asks of a licence: nothing where none is stated."""
    if licence is None:
        return {}
    if licence_url(licence) == licence:
        return {"license": "other", "license_link": licence}
    return {"license": licence.lower()}


def _columns(study: Finished, file: Path) -> Iterator[tuple[str, ...]]:
    roles = study.tables.roles
    for field in pq.read_schema(file):
        yield field.name, str(field.type), roles.get(field.name, ""), label(field.name, study.content)


def _write(study: Finished, out: Path) -> list[str]:
    tables = tables_of(study)
    (out / "data").mkdir()
    for name, file in tables.items():
        shutil.copyfile(file, out / f"data/{name}.parquet")
    shutil.copyfile(study.plan.study.file, out / study_file(study.name))
    croissant = json.dumps(croissant_of(study, TABLES, tables), indent=2, ensure_ascii=False)
    (out / "croissant.json").write_text(croissant + "\n", encoding="utf-8")
    (out / "README.md").write_text(card_of(study, tables), encoding="utf-8")
    return [f"{count(len(tables), 'table')} with their card, README.md, and croissant.json"]


export = Form("{study}-dataset", _write)
