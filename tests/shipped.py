"""The shipped studies, as parameters of tests that plan them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lawbook.studies import load_study, study_names
from lawbook.studies.source import awaits_table

STUDIES = Path(__file__).parents[1] / "config/studies"


def shipped_studies() -> list[Any]:
    """Return each shipped study by name; one whose table a user is to bring is skipped where that is absent."""
    return [
        pytest.param(
            study, marks=pytest.mark.skipif(awaits_table(load(study)), reason="its table is not here")
        )
        for study in study_names(STUDIES)
    ]


def load(study: str) -> Any:
    """Return one shipped study, as it is written."""
    return load_study(STUDIES / f"{study}.yaml")
