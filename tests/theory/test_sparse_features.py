"""Superposition: task, model, measurement and growth against planted geometry and the exact loss."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import torch

from lawbook.axes import AxisError
from lawbook.errors import LawbookError
from lawbook.measurements import measurements
from lawbook.measurements.view import View
from lawbook.models import TrainedModel, models
from lawbook.studies.axes import TrainingAxes
from lawbook.tasks import tasks
from lawbook.theory.sparse_features import dropped_loss, exact_curve, probabilities, welch_bound
from lawbook.training.optimizers import Part, optimizers

MODEL = cast(TrainedModel, models["tied_autoencoder"])
N = 64


def measured(rows: np.ndarray, name: str = "superposition", **options: Any) -> dict[str, float]:
    """Return what is measured of one autoencoder whose features have these rows (n, m)."""
    weights = {"weight": torch.from_numpy(rows)[None], "bias": torch.zeros(1, len(rows))}
    nothing = torch.empty(1, 0)
    view = View(
        MODEL, {"width": rows.shape[1]}, len(rows), weights, {}, nothing, nothing, lambda *_: nothing, 1
    )
    found = measurements[name].model_validate(options).compute(view)
    return {column: float(values[0]) for column, values in found.items()}


def test_overlaps_reach_the_bound_of_welch_at_a_simplex_and_are_1_over_m_at_random() -> None:
    centred = np.eye(6) - 1 / 6
    simplex = centred @ np.linalg.svd(centred)[2][:5].T  # 6 vectors in 5 dimensions
    found = measured(simplex)
    assert found["squared_overlap"] == pytest.approx(welch_bound(6, 5))
    assert found["represented_features"] == 1

    directions = np.random.default_rng(0).standard_normal((4000, 20))
    assert measured(directions)["squared_overlap"] == pytest.approx(1 / 20, rel=0.01)


def test_what_is_not_represented_has_no_overlap() -> None:
    rows = np.concatenate([np.eye(4)[:3], 0.4 * np.eye(4)[:1]])
    assert measured(rows) == {"represented_features": 0.75, "squared_overlap": 0.0}
    assert measured(rows, norm=0.3)["squared_overlap"] == pytest.approx(
        2 / 12
    )  # one pair of four vectors, twice
    assert np.isnan(measured(rows[3:])["squared_overlap"])


def test_features_are_on_as_often_as_they_should_be_and_uniform() -> None:
    stream = tasks["sparse_features"].open([{"features": N, "alpha": 1.0, "batch_size": 20_000, "seed": 3}])
    inputs, targets = stream.batch(0)
    assert targets is inputs
    on, p = inputs[0] > 0, probabilities(N, 1.0)
    np.testing.assert_allclose(on.mean(0), p, atol=5 * np.sqrt(p.max() / 20_000))
    values = inputs[0][on]
    assert values.max() <= 2
    assert (values**2).mean() == pytest.approx(4 / 3, rel=0.03)
    both = on[:, 0] & on[:, 1]
    assert both.mean() == pytest.approx(p[0] * p[1], rel=0.1)


def test_the_loss_of_a_planted_network_is_the_exact_one_and_a_stack_shares_its_draws() -> None:
    config = {"features": N, "alpha": 0.0, "batch_size": 8}
    stream = tasks["sparse_features"].open([config | {"seed": 0}, config | {"seed": 1}, config | {"seed": 0}])
    kept = 8
    weights = {"weight": torch.eye(N)[:, :kept].expand(3, -1, -1), "bias": torch.zeros(3, N)}

    def predict(inputs: np.ndarray) -> np.ndarray:
        return MODEL.outputs({"width": kept}, weights, torch.from_numpy(inputs)).numpy()

    losses = stream.evaluate({}, predict)["test", "loss"]
    assert losses[0] == losses[2] != losses[1]
    np.testing.assert_allclose(losses, dropped_loss(N, kept, 0.0), rtol=0.08)


def test_the_exact_curve_is_that_of_the_study_and_silent_about_others() -> None:
    run = {"task": "sparse_features", "model": "tied_autoencoder", "features": N, "width": 4, "alpha": 0.0}
    runs = pd.DataFrame([run, run | {"model": "mlp"}])
    assert exact_curve(runs, "width", "test_loss").tolist()[0] == dropped_loss(N, 4, 0.0)
    assert exact_curve(runs, "width", "squared_overlap").tolist()[0] == pytest.approx(15 / 63)
    assert exact_curve(runs, "width", "test_loss").isna().tolist() == [False, True]
    assert exact_curve(runs, "width", "train_loss").isna().all()


def test_growth_takes_rows_to_norm_1_as_a_plain_loop_does() -> None:
    config = {**TrainingAxes.defaults(), "beta1": 0.8, "beta2": 0.9, "epsilon": 1e-8}
    rng = np.random.default_rng(1)
    w, vector = rng.normal(size=(5, 3)), rng.normal(size=4)
    tensors = [torch.from_numpy(w.copy()), torch.from_numpy(vector.copy())]
    gradients = [torch.zeros(5, 3, dtype=torch.float64), torch.zeros(4, dtype=torch.float64)]
    moments = [[torch.zeros_like(one) for one in tensors] for _ in range(2)]
    taken, mean, square = torch.zeros(()), np.zeros_like(w), np.zeros_like(w)
    for step in range(4):
        gradient = rng.normal(size=w.shape)
        gradients[0].copy_(torch.from_numpy(gradient))
        taken += 1
        optimizers["adamw_growth"].step(config, Part(tensors, gradients, moments, taken, 1.0), step, 0.1, 0.5)
        w += 0.1 * 0.5 * w * (1 / (np.linalg.norm(w, axis=1, keepdims=True) + 1e-8) - 1)
        mean, square = 0.8 * mean + 0.2 * gradient, 0.9 * square + 0.1 * gradient**2
        w -= 0.1 * (mean / (1 - 0.8 ** (step + 1))) / (np.sqrt(square / (1 - 0.9 ** (step + 1))) + 1e-8)
    np.testing.assert_allclose(tensors[0].numpy(), w, rtol=1e-6)
    assert tensors[1].tolist() == vector.tolist(), "a vector neither grows nor decays"

    of_run = config | {"task": "sparse_features", "model": "tied_autoencoder", "features": 6, "width": 3}
    row = torch.ones(32 + 16)  # 6 × 3 numbers and 6, each padded to multiples of 16
    zeros = torch.zeros_like(row)
    part = Part([row], [zeros], [[zeros.clone()], [zeros.clone()]], torch.ones(()), 1.0)
    optimizers["adamw_growth"].step(of_run, part, 0, 1.0, 1.0)
    torch.testing.assert_close(row[:18], torch.full((18,), 3**-0.5))
    assert set(row[18:].tolist()) == {1.0}
    with pytest.raises(LawbookError, match="parametrization: standard"):
        optimizers["adamw_growth"].step(
            of_run, Part([row[:20]], [zeros], [[zeros], [zeros]], taken, 1.0), 0, 1.0, 1.0
        )


def test_what_has_no_single_matrix_of_inputs_is_refused() -> None:
    one = measurements["superposition"].model_validate({})
    with pytest.raises(AxisError, match="no single matrix"):
        one.check({"model": "mlp", "width": 64, "depth": 1}, cast(TrainedModel, models["mlp"]), 64, 10)
    with pytest.raises(AxisError, match="gives its inputs back"):
        MODEL.shapes({"width": 4}, 64, 10)
