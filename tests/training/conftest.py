"""A small digits configuration from which the training tests build their runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lawbook.models import models
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import tasks
from lawbook.training import stack, watch

Configure = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def configure() -> Configure:
    """Return a function that makes a run's configuration from the fields that differ from the defaults."""

    def make(**fields: Any) -> dict[str, Any]:
        base: dict[str, Any] = {"task": "digits", "model": "mlp"}
        for axes in (tasks["digits"].axes, models["mlp"].axes, TrainingAxes, PruningAxes, SeedAxes):
            base |= axes().model_dump()
        unknown = set(fields) - set(base) - {"probe"}
        assert not unknown, unknown
        return base | {"width": 24, "batch_size": 16, "samples": 200, "evaluations": 4} | fields

    return make


@pytest.fixture
def step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a stack beat, and heed what stops it, after every single step."""
    monkeypatch.setattr(stack, "TICK_S", 0.0)
    monkeypatch.setattr(watch, "HEARTBEAT_S", -1.0)
