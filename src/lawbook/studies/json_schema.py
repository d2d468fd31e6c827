"""The JSON schema of a study, for editors that complete and check YAML by it."""

from __future__ import annotations

import json
from typing import Any

from lawbook.studies.schema import TRAINED, StudyFile


def study_schema() -> str:
    """Return the schema as text, generated from the typed model, short forms included."""
    schema: dict[str, Any] = StudyFile.model_json_schema()
    figure = schema["$defs"]["FigureBlock"]
    schema["$defs"]["FigureBlock"] = {
        "description": figure.pop("description"),
        "anyOf": [
            {"type": "string", "description": "A kind: a file in report/figures."},
            {
                "type": "object",
                "description": "{kind: what it shows}, or {kind: {of: what it shows, and options}}.",
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": {"type": ["string", "object"]},
            },
            figure,
        ],
    }
    paired_by = schema["$defs"]["Claim"]["properties"]["paired_by"]
    paired_by["anyOf"] = [{"type": "string"}, {"type": "array", "items": paired_by.pop("items")}]
    del paired_by["type"]
    cluster = schema["$defs"]["LawBlock"]["properties"]["cluster"]
    cluster["anyOf"] = [{"type": "string"}, {"type": "array", "items": cluster.pop("items")}]
    del cluster["type"]
    schema["oneOf"] = [{"required": list(TRAINED)}, {"required": ["table"]}]
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"
