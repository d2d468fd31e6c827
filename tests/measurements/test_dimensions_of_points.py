"""Dimensions of inputs, by autoencoders and by denoisers, on manifolds whose dimension is known."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor

from lawbook.axes import AxisError
from lawbook.measurements import measurements
from lawbook.measurements._autoencoder import _decoded, _gradients, _initial
from lawbook.measurements._denoiser import _posterior, let_through
from lawbook.measurements.view import View
from lawbook.models import TrainedModel, models
from lawbook.testing import check_measurement


def seen(inputs: np.ndarray) -> View:
    """Return a view of runs with these inputs (R, n, D)."""
    values, nothing = torch.from_numpy(inputs), dict[str, Tensor]()
    return View(
        cast(TrainedModel, models["mlp"]), {}, inputs.shape[2], nothing, nothing, values, values,
        lambda outputs, _: outputs, inputs.shape[1],
    )  # fmt: skip


def cubes(dimension: int, n: int, runs: int = 1, ambient: int = 6) -> np.ndarray:
    """Return points of a cube, turned into `ambient` dimensions, (runs, n, ambient)."""
    rng = np.random.default_rng(dimension)
    turned, _ = np.linalg.qr(rng.normal(size=(ambient, ambient)))
    return (rng.random((runs, n, dimension)) - 0.5) @ turned[:dimension]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("input_dimension", {"examples": 32}),
        ("autoencoder_dimension", {"examples": 32, "most": 3, "descent": 20}),
        ("denoiser_dimension", {"examples": 32, "neighbours": 5}),
    ],
)
def test_contract(name: str, options: dict[str, float]) -> None:
    check_measurement(name, options)


def test_estimates_of_the_inputs_are_those_of_a_hidden_layer_that_shows_them() -> None:
    points = cubes(2, 400, runs=3)
    found = measurements["input_dimension"]().compute(seen(points))
    for name in ("two_nn", "mle", "correlation"):
        assert float(found[f"input_dimension_{name}"].mean()) == pytest.approx(2, rel=0.1)
    along = found["input_dimension_by_scale"]
    assert along.shape == (3, 6)  # 2 … 64 neighbours
    assert (along[:, 3:5].mean(0) - 2).abs().max() < 0.2


def test_the_autoencoder_finds_the_dimension_of_a_cube_that_is_turned_into_more() -> None:
    for dimension in (1, 3):
        measured = measurements["autoencoder_dimension"].model_validate(
            {"of": "inputs", "most": 5, "descent": 200}
        )
        found = measured.compute(seen(cubes(dimension, 256)))
        assert found["autoencoder_dimension"].tolist() == [dimension]
        assert found["autoencoder_unexplained"].shape == (1, 5)
        assert float(found["autoencoder_unexplained"][0, dimension - 1]) < 0.03


def test_gradients_of_the_autoencoder_are_those_of_autograd() -> None:
    x = torch.from_numpy(cubes(2, 10)[0])
    mask = torch.tril(torch.ones(3, 3)).to(x)[:, None, :]
    weights = [weight.requires_grad_() for weight in _initial(6, 3, 4, x)]
    loss = (_decoded(weights, x, mask)[-1] - x).square().sum(2).mean(1).sum() / 2
    expected = torch.autograd.grad(loss, weights)
    with torch.no_grad():
        for found, wanted in zip(_gradients(weights, x, mask), expected, strict=True):
            torch.testing.assert_close(found, wanted)


def test_the_denoiser_lets_through_what_is_tangential() -> None:
    rng = np.random.default_rng(0)
    angles = 2 * np.pi * rng.random((2, 400))
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=2)
    found = measurements["denoiser_dimension"].model_validate({"of": "inputs"}).compute(seen(circle))
    assert float(found["denoiser_dimension"].mean()) == pytest.approx(1, abs=0.1)
    assert ((found["denoiser_noise"] > 0.02) & (found["denoiser_noise"] < 0.2)).all()
    # Of normal points P(y) = y / (1 + L²), whose derivative is that times the identity.
    normal = torch.from_numpy(rng.normal(size=(3000, 2)))
    assert float(let_through(normal, 0.5)) == pytest.approx(2 / 1.25, rel=0.05)
    assert _posterior(normal[:5], 0.5).diagonal().tolist() == [0.0] * 5


def test_points_that_are_all_the_same_have_no_dimension_and_no_hidden_layer_is_told() -> None:
    for name in ("autoencoder_dimension", "denoiser_dimension"):
        measured = measurements[name].model_validate({"of": "inputs"})
        assert measured.compute(seen(np.ones((1, 40, 2))))[name].isnan().all()
        with pytest.raises(AxisError, match="no hidden layer"):
            measurements[name]().check(
                {"model": "linear", "copies": 1}, cast(TrainedModel, models["linear"]), 4, 1
            )
