"""The JSON schema of a study, for editors that complete and check YAML by it."""

from __future__ import annotations

import json
from typing import Any

from lawbook.measurements import Measurement, measurements
from lawbook.studies.analysis import analyses
from lawbook.studies.columns_block import LEVELS
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
    measure = schema["$defs"]["MeasureBlock"]
    schema["$defs"]["MeasureBlock"] = {
        "description": measure.pop("description"),
        "anyOf": [
            {"type": "string", "enum": list(measurements), "description": "A file in measurements/."},
            {
                "type": "object",
                "description": "{name: options}, such as {sharpness: {at: last}}.",
                "minProperties": 1,
                "maxProperties": 1,
                "properties": {name: _options(one) for name, one in measurements.items()},
                "additionalProperties": False,
            },
            measure,
        ],
    }
    column = schema["$defs"]["ColumnBlock"]
    levels = {key: {"type": "number"} for key in LEVELS}
    schema["$defs"]["ColumnBlock"] = {
        "description": column.pop("description"),
        "anyOf": [
            column,
            {
                "type": "object",
                "description": "{first: step, test_error: {at_most: 0.01}}: where a metric first crosses a level.",
                "required": ["first"],
                "minProperties": 2,
                "maxProperties": 2,
                "properties": {"first": column["properties"]["first"]},
                "additionalProperties": {
                    "type": "object",
                    "properties": levels,
                    "additionalProperties": False,
                },
            },
        ],
    }
    for block, key in (("Claim", "paired_by"), ("LawBlock", "cluster"), ("FrontierBlock", "cluster")):
        listed = schema["$defs"][block]["properties"][key]
        listed["anyOf"] = [{"type": "string"}, {"type": "array", "items": listed.pop("items")}]
        del listed["type"]
    schema["oneOf"] = [{"required": list(TRAINED)}, {"required": ["table"]}]
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


def _options(measurement: type[Measurement]) -> dict[str, Any]:
    """Return the schema of a measurement's options."""
    schema = measurement.model_json_schema()
    return {key: schema[key] for key in ("type", "properties", "additionalProperties")}
