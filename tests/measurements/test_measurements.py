"""Each measurement against what is known exactly of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lawbook.axes import AxisError
from lawbook.measurements import OfExamples, measurements
from lawbook.measurements._dimensions import correlation, maximum_likelihood, sorted_distances, two_nn
from lawbook.measurements._lanczos import largest_eigenvalue
from lawbook.measurements.view import View
from lawbook.models import TrainedModel, models
from lawbook.theory.modular_addition import cosine_weights
from lawbook.training.losses import losses

CONFIG = {"width": 4, "depth": 2}
N_INPUTS, N_OUTPUTS, N_RUNS, N_EXAMPLES = 3, 5, 3, 20


def drawn(seed: int, scale: float = 0.7) -> dict[str, Tensor]:
    shapes = models["mlp"].shapes(CONFIG, N_INPUTS, N_OUTPUTS)
    rng = np.random.default_rng(seed)
    return {name: torch.from_numpy(rng.normal(0, scale, (N_RUNS, *shape))) for name, shape in shapes.items()}


def shown(weights: Mapping[str, Tensor], initial: Mapping[str, Tensor] | None = None) -> View:
    """Return three perceptrons in float64 on examples of their own."""
    rng = np.random.default_rng(0)
    return View(
        model=cast(TrainedModel, models["mlp"]),
        config=CONFIG,
        n_inputs=N_INPUTS,
        weights=weights,
        initial=weights if initial is None else initial,
        inputs=torch.from_numpy(rng.normal(size=(N_RUNS, N_EXAMPLES, N_INPUTS))),
        targets=torch.from_numpy(rng.integers(N_OUTPUTS, size=(N_RUNS, N_EXAMPLES))),
        losses=losses["cross_entropy"].descended,
        at_once=N_EXAMPLES,
    )


class Showing:
    """A model whose one hidden layer is what stands in the inputs."""

    def activations(self, config: Any, weights: Any, inputs: Tensor) -> dict[str, Tensor]:
        return {"hidden_1": inputs}


def layer(values: Tensor) -> View:
    """Return a view of which the values (R, N, units) are the last hidden layer."""
    nothing: dict[str, Tensor] = {}
    model = cast(TrainedModel, Showing())
    return View(model, {}, 0, nothing, nothing, values, values, lambda outputs, _: outputs, values.shape[1])


def plain(weights: Mapping[str, Tensor], run: int) -> nn.Sequential:
    """Return one of the perceptrons as plain PyTorch."""
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 5)).double()
    with torch.no_grad():
        for place in range(3):
            net[2 * place].weight.copy_(weights[f"weight_{place}"][run])
            net[2 * place].bias.copy_(weights[f"bias_{place}"][run])
    return net


def derivatives(values: Tensor, net: nn.Module) -> Tensor:
    """Return the derivatives of values (n,) by all weights, (n, P), one value after another."""
    weights = list(net.parameters())
    rows = [
        torch.autograd.grad(value, weights, create_graph=True, materialize_grads=True) for value in values
    ]
    return torch.stack([torch.cat([part.flatten() for part in row]) for row in rows])


def test_weight_norm() -> None:
    weights = drawn(1)
    found = measurements["weight_norm"]().compute(shown(weights))["weight_norm"]
    squares = [sum(float((one[run] ** 2).sum()) for one in weights.values()) for run in range(N_RUNS)]
    np.testing.assert_allclose(found, np.sqrt(squares), rtol=1e-14)


def test_gradient_norm_is_that_of_plain_pytorch() -> None:
    view = shown(drawn(1))
    found = measurements["gradient_norm"]().compute(view)["gradient_norm"]
    for run in range(N_RUNS):
        net = plain(view.weights, run)
        nn.functional.cross_entropy(net(view.inputs[run]), view.targets[run]).backward()
        norm = torch.cat([one.grad.flatten() for one in net.parameters() if one.grad is not None]).norm()
        assert float(found[run]) == pytest.approx(float(norm), rel=1e-12)


def test_sharpness_is_the_largest_eigenvalue_of_the_dense_hessian() -> None:
    view = shown(drawn(1))
    found = measurements["sharpness"]().compute(view)["sharpness"]
    for run in range(N_RUNS):
        net = plain(view.weights, run)
        loss = nn.functional.cross_entropy(net(view.inputs[run]), view.targets[run])
        dense = derivatives(derivatives(loss[None], net)[0], net).detach()
        assert float(found[run]) == pytest.approx(float(torch.linalg.eigvalsh(dense)[-1]), rel=1e-5)


@pytest.mark.parametrize("size", [1, 2, 60])
def test_lanczos_finds_the_largest_eigenvalue_not_the_largest_in_size(size: int) -> None:
    rng = np.random.default_rng(2)
    matrices = torch.from_numpy(rng.normal(size=(4, size, size)))
    matrices = matrices + matrices.mT - 20 * torch.eye(size)
    matrices[2] = 0.0
    matrices[3, 0, 0] = torch.nan
    start = torch.from_numpy(rng.normal(size=size)).expand(4, -1)
    found = largest_eigenvalue(lambda v: (matrices @ v.unsqueeze(2)).squeeze(2), start, 100)
    np.testing.assert_allclose(found[:3], torch.linalg.eigvalsh(matrices[:3])[:, -1], rtol=1e-6, atol=1e-4)
    assert found[3].isnan()


def test_an_eigenvalue_that_has_not_converged_is_no_value() -> None:
    matrix = torch.diag(torch.linspace(0.9, 1.0, 400, dtype=torch.float64))
    start = torch.ones(1, 400, dtype=torch.float64)
    assert largest_eigenvalue(lambda v: v @ matrix, start, 3).isnan().all()
    found = largest_eigenvalue(lambda v: v @ matrix, start, 400)
    assert float(found) == pytest.approx(1.0, rel=1e-4)


def test_dead_and_duplicate_units_are_counted() -> None:
    rng = np.random.default_rng(3)
    values = torch.from_numpy(rng.normal(size=(2, 50, 8)))
    values[0, :, 1] = 0.0  # two dead units
    values[0, :, 2] = 1.0
    values[0, :, 5] = -3.0 * values[0, :, 4] + 2.0  # two that do as an earlier one
    values[0, :, 7] = values[0, :, 4] + 0.01 * values[0, :, 6]
    view = layer(values)
    assert measurements["dead_units"]().compute(view)["dead_units"].tolist() == [2 / 8, 0.0]
    assert measurements["duplicate_units"]().compute(view)["duplicate_units"].tolist() == [2 / 8, 0.0]
    exact = measurements["duplicate_units"].model_validate({"correlation": 1.0})
    assert exact.compute(view)["duplicate_units"].tolist() == [1 / 8, 0.0]


def test_effective_rank_of_m_equal_singular_values_is_m() -> None:
    rng = np.random.default_rng(4)
    centred = rng.normal(size=(30, 5))
    basis, _ = np.linalg.qr(centred - centred.mean(0))
    spread = np.array([[2.0, 2.0, 2.0, 0.0, 0.0], [3.0, 1.0, 0.0, 0.0, 0.0], [0.0] * 5])
    view = layer(torch.from_numpy(basis * spread[:, None] + 7.0))
    found = measurements["effective_rank"]().compute(view)["effective_rank"]
    two = np.exp(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))
    np.testing.assert_allclose(found, [3.0, two, np.nan], rtol=1e-10)


def test_activations_have_the_scale_and_the_change_of_plain_pytorch() -> None:
    view = shown(drawn(1), drawn(2))
    found = measurements["activation_scale"]().compute(view)
    for run in range(N_RUNS):
        scales, changes = [], []
        now = then = view.inputs[run]
        for a, b in zip(plain(view.weights, run), plain(view.initial, run), strict=True):
            now, then = a(now).detach(), b(then).detach()
            scales.append(float(now.square().mean().sqrt()))
            changes.append(float((now - then).square().mean().sqrt()))
        behind_rectifiers = [1, 3, 4]
        np.testing.assert_allclose(found["activation_scale"][run], np.take(scales, behind_rectifiers))
        np.testing.assert_allclose(found["activation_change"][run], np.take(changes, behind_rectifiers))


def test_singular_values_of_a_matrix_and_of_a_linear_map() -> None:
    view = shown(drawn(1))
    one = measurements["singular_values"].model_validate({"of": "weight_1", "count": 2})
    found = one.compute(view)["singular_values"]
    expected = np.linalg.svd(view.weights["weight_1"].numpy(), compute_uv=False)[:, :2]
    np.testing.assert_allclose(found, expected, rtol=1e-12)

    weights = dict(drawn(1))
    for place in range(3):  # rectifiers that never cut are linear
        weights[f"weight_{place}"] = weights[f"weight_{place}"].abs()
        weights[f"bias_{place}"] = torch.ones_like(weights[f"bias_{place}"])
    product = weights["weight_2"] @ weights["weight_1"] @ weights["weight_0"]
    found = measurements["singular_values"]().compute(shown(weights))["singular_values"]
    np.testing.assert_allclose(found, torch.linalg.svdvals(product), rtol=1e-10, atol=1e-13)


def test_a_model_that_reads_tokens_has_no_linear_map() -> None:
    config = {"model": "transformer", "width": 8, "depth": 1, "heads": 2}
    transformer = cast(TrainedModel, models["transformer"])
    measurements["singular_values"].model_validate({"of": "head"}).check(config, transformer, 10, 30)
    with pytest.raises(AxisError, match="reads no vectors"):
        measurements["singular_values"]().check(config, transformer, 10, 30)


def test_kernel_movement_is_that_of_the_kernel_of_jacobians() -> None:
    view = shown(drawn(2), drawn(1))
    found = measurements["kernel_movement"]().compute(view)["kernel_movement"]

    def kernel(weights: Mapping[str, Tensor], run: int) -> Tensor:
        net = plain(weights, run)
        jacobians = derivatives(net(view.inputs[run]).flatten(), net).detach().view(N_EXAMPLES, N_OUTPUTS, -1)
        return torch.einsum("icp,jcp->ij", jacobians, jacobians)

    for run in range(N_RUNS):
        first = kernel(view.initial, run)
        expected = (kernel(view.weights, run) - first).norm() / first.norm()
        assert float(found[run]) == pytest.approx(float(expected), rel=1e-10)
    still = measurements["kernel_movement"]().compute(shown(drawn(1)))
    assert still["kernel_movement"].tolist() == [0.0] * N_RUNS


def sphere(dimension: int, n: int, rng: np.random.Generator) -> np.ndarray:
    points = rng.standard_normal((n, dimension + 1))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


@pytest.mark.parametrize("dimension", [1, 2, 4])
def test_estimators_find_the_dimension_of_spheres_in_a_larger_space(dimension: int) -> None:
    rng = np.random.default_rng(dimension)
    turned, _ = np.linalg.qr(rng.normal(size=(20, dimension + 1)))
    found = []
    for _ in range(4):
        distances = sorted_distances(torch.from_numpy(sphere(dimension, 600, rng) @ turned.T))
        estimates = (two_nn(distances), maximum_likelihood(distances, 20), correlation(distances))
        found.append([float(one) for one in estimates])
    np.testing.assert_allclose(np.mean(found, axis=0), dimension, rtol=0.06)


def test_two_nn_and_likelihood_are_exact_for_distances_whose_ratios_are_known() -> None:
    # The distances of the k-th neighbours in d dimensions are Gamma(k)^(1/d) of a Poisson process.
    rng = np.random.default_rng(9)
    arrivals = rng.exponential(size=(200_000, 10)).cumsum(axis=1)
    distances = torch.from_numpy(arrivals ** (1 / 7))
    assert float(two_nn(distances)) == pytest.approx(7, rel=0.01)
    assert float(maximum_likelihood(distances, 10)) == pytest.approx(7, rel=0.005)


def test_points_that_coincide_tell_of_no_dimension() -> None:
    rng = np.random.default_rng(3)
    circle = sphere(1, 300, rng)
    values = torch.from_numpy(np.stack([np.vstack([circle, circle[:60]]), np.ones((360, 2))]))
    found = measurements["intrinsic_dimension"]().compute(layer(values))
    for name in ("dimension_two_nn", "dimension_mle", "dimension_correlation"):
        assert float(found[name][0]) == pytest.approx(1, rel=0.15)
        assert found[name][1].isnan()


def test_every_measurement_tells_its_columns_and_what_it_needs() -> None:
    names = [column.name for one in measurements.values() for column in one.columns]
    assert len(names) == len(set(names))
    for one in measurements.values():
        assert one.needs
        assert all(column.label for column in one.columns)
        assert issubclass(one, OfExamples) or one.needs == {"weights"}


# The share of the power at each unit's peak frequency


def reading(rows: Any) -> View:
    """Return a view of one run whose units read 14 inputs, two vectors of 7, by these rows (units, 14)."""
    weights = {"weight_0": torch.as_tensor(rows, dtype=torch.float64)[None]}
    nothing = torch.empty(1, 0)
    model = cast(TrainedModel, models["mlp"])
    return View(model, {}, 14, weights, weights, nothing, nothing, losses["cross_entropy"].descended, 0)


def test_units_of_one_frequency_each_are_concentrated_and_constants_and_dead_units_do_not_count() -> None:
    read, _ = cosine_weights(7, np.array([1.0, 3.0, 2.0]), np.array([[0.3, 1.0, 2.0], [0.1, 5.0, 4.0]]))
    dead = 1e-9 * np.random.default_rng(0).normal(size=(2, 14))
    rows = np.vstack([read + 2.0, dead])
    found = measurements["fourier_concentration"]().compute(reading(rows))["fourier_concentration"]
    assert found.item() == pytest.approx(1.0, abs=1e-12)


def test_the_power_of_a_unit_is_shared_among_its_frequencies() -> None:
    read, _ = cosine_weights(7, np.array([1.0, 3.0]), np.array([[0.3, 1.0], [0.1, 5.0]]))
    mixed = read[:1] + 0.5 * read[1:]
    measure = measurements["fourier_concentration"]
    assert measure().compute(reading(mixed))["fourier_concentration"].item() == pytest.approx(1 / 1.25)
    noise = np.random.default_rng(0).normal(size=(4000, 14))
    random = measure().compute(reading(noise))["fourier_concentration"].item()
    # The largest of three gamma variables of shape 2 over their mean sum, 6, by sampling from their distribution.
    powers = np.random.default_rng(1).gamma(2.0, size=(200_000, 3))
    assert random == pytest.approx(powers.max(axis=1).mean() / 6.0, rel=0.02)


def test_inputs_that_are_no_equal_parts_are_one_clear_error() -> None:
    config = {"task": "digits", "model": "mlp", "width": 4, "depth": 1}
    model = cast(TrainedModel, models["mlp"])
    with pytest.raises(AxisError, match="its 64 inputs are not 3 vectors of equal lengths"):
        measurements["fourier_concentration"].model_validate({"parts": 3}).check(config, model, 64, 10)
