"""How a prediction and its place are written."""

from __future__ import annotations

import json

from lawbook.results.words import plain, text_of

LOSSES = {"least_squares": "least squares", "huber": "Huber", "near_target": "near the target"}
"""How a candidate was fitted."""


def place_text(place: str | None) -> str:
    """Write the place of a target, from its JSON.

    >>> place_text('{"N": 7e10, "n_train": 400.0}'), place_text(None)
    ('N = 7e+10, n train = 400', 'beyond the runs')
    """
    if place is None:
        return "beyond the runs"
    return ", ".join(f"{plain(name)} = {text_of(value)}" for name, value in json.loads(place).items())
