"""The check of a measurement: its columns, and that a run's values are the same alone and in a stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from lawbook.measurements import measurements
from lawbook.models import TrainedModel, models
from lawbook.seeds import generator
from lawbook.training.losses import losses


def check_measurement(name: str, options: Mapping[str, Any] | None = None) -> None:
    """Hold a measurement to its contract, on three small perceptrons. Raises AssertionError."""
    import torch

    from lawbook.measurements.view import View

    measurement = measurements[name].model_validate(options or {})
    assert measurement.columns, "a measurement names its columns"
    model = cast(TrainedModel, models["mlp"])
    config = {**model.axes.defaults(), "width": 8, "depth": 2}
    measurement.check(config, model, 6, 3)
    rng = generator(0, "check of a measurement")
    drawn = [model.initial(config, 6, 3, rng) for _ in range(6)]
    now, initial = (
        {key: torch.from_numpy(np.stack([row[key] for row in rows])).float() for key in rows[0]}
        for rows in (drawn[:3], drawn[3:])
    )
    inputs = torch.from_numpy(rng.normal(size=(3, 32, 6))).float()
    targets = torch.from_numpy(rng.integers(3, size=(3, 32)))

    def measured(runs: slice) -> Mapping[str, Any]:
        weights, before = ({key: part[runs].clone() for key, part in of.items()} for of in (now, initial))
        view = View(
            model,
            config,
            6,
            weights,
            before,
            inputs[runs],
            targets[runs],
            losses["cross_entropy"].descended,
            32,
        )
        found = measurement.compute(view)
        assert all(torch.equal(weights[key], now[key][runs]) for key in now), "measuring changes no weight"
        return found

    stack = measured(slice(None))
    assert set(stack) == {column.name for column in measurement.columns}, (
        "compute fills the columns that are named"
    )
    for column in measurement.columns:
        values = stack[column.name]
        assert values.ndim == (2 if column.vector else 1), f"{column.name} is (R, k) of a vector, else (R,)"
        assert len(values) == 3, f"{column.name} has a value for each run"
        alone = measured(slice(1, 2))[column.name][0]
        assert torch.equal(alone.nan_to_num(), values[1].nan_to_num()), (
            "a run has the same bits alone and in a stack"
        )
