"""Measurements are taken as training takes them: on one thread."""

from __future__ import annotations

import pytest

from lawbook.training.process import prepare_process


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    prepare_process()
