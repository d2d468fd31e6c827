"""Croissant 1.1: what the tables of a study hold, column by column, as JSON-LD."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from lawbook.bundle.archive import File, describe
from lawbook.exports import Finished, licence_url, summary_of
from lawbook.results.words import label

VERSION = "http://mlcommons.org/croissant/1.1"
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The terms as the specification abbreviates them."""

PARQUET = "application/x-parquet"
"""What mlcroissant and the Hub call Parquet."""

TYPES: tuple[tuple[Any, str], ...] = (
    (pa.types.is_boolean, "sc:Boolean"),
    (pa.types.is_integer, "sc:Integer"),
    (pa.types.is_floating, "sc:Float"),
    (pa.types.is_string, "sc:Text"),
    (pa.types.is_large_string, "sc:Text"),
)
"""The data type of each kind of column."""


def croissant_of(study: Finished, about: Mapping[str, str], files: Mapping[str, Path]) -> dict[str, Any]:
    """Return the metadata of some tables of a study.

    about: what each table holds, by its name. files: each table's file, by its name; in the data set it is
    data/NAME.parquet. A column that is nowhere filled has no type, and is left out.
    """
    described = describe(files)
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": VERSION,
        "name": study.name,
        "description": summary_of(study),
        **({"license": licence_url(study.licence)} if study.licence else {}),
        "datePublished": study.written.isoformat(timespec="seconds"),
        "distribution": [_file(name, described[name]) for name in files],
        "recordSet": [_records(study, name, about[name], file) for name, file in files.items()],
    }


def _file(name: str, file: File) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": f"{name}.parquet",
        "name": f"{name}.parquet",
        "contentUrl": f"data/{name}.parquet",
        "contentSize": f"{file.bytes} B",
        "encodingFormat": PARQUET,
        "sha256": file.sha256,
    }


def _records(study: Finished, name: str, about: str, file: Path) -> dict[str, Any]:
    roles = study.tables.roles if name == "runs" else {}
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": about,
        **({"key": {"@id": "runs/run_id"}} if name == "runs" else {}),
        "field": list(_fields(study, name, pq.read_schema(file), roles)),
    }


def _fields(
    study: Finished, name: str, schema: Iterable[pa.Field], roles: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    for field in schema:
        kind = next((name for is_kind, name in TYPES if is_kind(field.type)), None)
        if kind is None:
            continue
        words, role = label(field.name, study.content), roles.get(field.name)
        yield {
            "@type": "cr:Field",
            "@id": f"{name}/{quote(field.name, safe='')}",
            "name": field.name,
            "description": f"{words} ({role})" if role else words,
            "dataType": kind,
            "source": {"fileObject": {"@id": f"{name}.parquet"}, "extract": {"column": field.name}},
        }
