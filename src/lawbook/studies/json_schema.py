"""The JSON schema of a study, for editors that complete and check YAML by it."""

from __future__ import annotations

import json
from typing import Any

from lawbook.studies.analysis import analyses
from lawbook.studies.schema import TRAINED, study_model


def study_schema() -> str:
    """Return the schema as text, generated from the typed model, short forms included."""
    schema: dict[str, Any] = study_model(analyses).model_json_schema()
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
    for block, key in (("Claim", "paired_by"), ("LawBlock", "cluster"), ("FrontierBlock", "cluster")):
        listed = schema["$defs"][block]["properties"][key]
        listed["anyOf"] = [{"type": "string"}, {"type": "array", "items": listed.pop("items")}]
        del listed["type"]
    schema["oneOf"] = [{"required": list(TRAINED)}, {"required": ["table"]}]
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"
