"""A study of hostile words, and one that has been run, both finished."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.exports.studies import WRITTEN, hostile_study
from tests.workflow.conftest import STUDY, Checkout, undisturbed

from lawbook.exports import Finished
from lawbook.studies import plan_study

__all__ = ["undisturbed"]


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Return the study of hostile words."""
    return hostile_study(tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def ran(undisturbed: Checkout, monkeypatch: pytest.MonkeyPatch) -> Finished:
    """Return the study that was run, in whose folder this test then stands: look, but do not touch."""
    monkeypatch.chdir(undisturbed.folder)
    return Finished(plan_study(STUDY, "config/studies"), Path("results") / STUDY, WRITTEN)
