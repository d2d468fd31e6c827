"""The examples have the moments that the theory assumes, the loss is exact, and stacks train by SGD."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import zeta

from lawbook.axes import AxisError
from lawbook.models import models
from lawbook.schedules import rate_factors
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.studies.check_run import check_config
from lawbook.tasks import tasks
from lawbook.theory.sgd_oracle import exact_loss, spectrum, tail
from lawbook.training.stack import train_stack

task = tasks["sgd_oracle"]

BASE = {
    "task": "sgd_oracle", "model": "linear",
    **task.axes.defaults(), **models["linear"].axes.defaults(),
    **TrainingAxes.defaults(), **PruningAxes.defaults(), **SeedAxes.defaults(),
    "modes": 8, "copies": 5, "optimizer": "sgd", "learning_rate": 0.4, "batch_size": 6, "steps": 30, "evaluations": 6,
}  # fmt: skip


def never(inputs):
    raise AssertionError("the loss follows from the weights alone")


def curve_of(configs):
    """The loss of each run at the evaluated steps, (steps, R)."""
    module = train_stack(configs)
    return sorted(module.curve), np.array([module.curve[step]["test/loss"] for step in sorted(module.curve)])


def test_examples_have_the_moments_of_the_theory():
    config = BASE | {"copies": 4000, "batch_size": 25, "noise_variance": 0.2}
    inputs, targets = task.open([config]).batch(3)
    assert (inputs.shape, targets.shape) == ((1, 100_000, 8), (1, 100_000))
    variances, target = spectrum(8)
    x, y = inputs[0].astype(float), targets[0].astype(float)
    # Each entry of the sample covariance is off by √((λ_i λ_j + λ_i² if i = j) / n).
    spread = np.sqrt((np.outer(variances, variances) + np.diag(variances**2)) / len(x))
    assert (np.abs(x.T @ x / len(x) - np.diag(variances)) < 4.5 * spread).all()
    unseen = y - x @ target
    floor = tail(8) + 0.2
    assert np.var(unseen) == pytest.approx(floor, rel=0.02)
    assert (np.abs(x.T @ unseen / len(x)) < 4.5 * np.sqrt(variances * floor / len(x))).all()
    assert np.var(y) == pytest.approx(zeta(1.6) + 0.2, rel=0.02)


def test_examples_are_a_function_of_seed_and_step():
    alone = task.open([BASE | {"seed": 2}])
    stack = task.open(
        [BASE, BASE | {"seed": 2, "noise_variance": 1.0}, BASE | {"seed": 2}, BASE | {"seed": 1}]
    )
    for step in (4, 0, 4):
        inputs, targets = stack.batch(step)
        np.testing.assert_array_equal(inputs[2:3], alone.batch(step)[0])
        np.testing.assert_array_equal(targets[2:3], alone.batch(step)[1])
        np.testing.assert_array_equal(inputs[1], inputs[2])
        assert not (targets[1] == targets[2]).any()
        assert not (inputs[0] == inputs[3]).any()
    assert not (alone.batch(0)[0] == alone.batch(1)[0]).any()


def test_runs_of_a_stack_may_differ_in_spectrum():
    other = BASE | {"input_exponent": 0.5, "target_exponent": 3.0}
    together, alone = task.open([BASE, other]).batch(1), task.open([other]).batch(1)
    for mixed, single in zip(together, alone, strict=True):
        np.testing.assert_array_equal(mixed[1], single[0])


def test_the_loss_is_the_expected_squared_residual():
    config = BASE | {"copies": 2, "batch_size": 200_000, "noise_variance": 0.1}
    stream = task.open([config])
    weight = np.random.default_rng(0).normal(size=(1, 2, 8, 1))
    loss = stream.evaluate({"weight": weight}, never)["test", "loss"]
    inputs, targets = stream.batch(0)
    residual = np.sqrt(2) * np.einsum("cbn,cn->cb", inputs[0].reshape(2, -1, 8), weight[0, ..., 0])
    residual -= targets[0].reshape(2, -1)
    assert np.mean(residual**2) == pytest.approx(loss[0], rel=0.01)
    at_zero = stream.evaluate({"weight": np.zeros((1, 2, 8, 1))}, never)["test", "loss"]
    np.testing.assert_allclose(at_zero, zeta(1.6) + 0.1, rtol=1e-12)


def test_training_is_plain_sgd_of_each_copy():
    config = BASE | {"dtype": "float64", "schedule": "cosine", "noise_variance": 0.05}
    steps, got = curve_of([config])
    stream = task.open([config])
    rates = config["learning_rate"] * rate_factors("cosine", 0.0, config["steps"])
    weights = np.zeros((5, 8))
    want = [stream.evaluate({"weight": np.zeros((1, 5, 8, 1))}, never)["test", "loss"][0]]
    for step in range(config["steps"]):
        inputs, targets = (part[0].astype(np.float64) for part in stream.batch(step))
        x, y = inputs.reshape(5, 6, 8), targets.reshape(5, 6)
        residual = np.einsum("cbn,cn->cb", x, weights) - y
        weights -= rates[step] * np.einsum("cb,cbn->cn", residual, x) / 6
        if step + 1 in steps:
            want.append(
                stream.evaluate({"weight": weights[None, ..., None] / np.sqrt(5)}, never)["test", "loss"][0]
            )
    np.testing.assert_allclose(got[:, 0], want, rtol=1e-12)


def test_a_run_gives_the_same_numbers_in_any_stack():
    runs = [
        BASE,
        BASE | {"learning_rate": 0.1, "schedule": "linear"},
        BASE | {"seed": 3, "noise_variance": 0.3},
    ]
    _, together = curve_of(runs)
    for place, run in enumerate(runs):
        _, alone = curve_of([run])
        np.testing.assert_array_equal(together[:, place], alone[:, 0])


@pytest.mark.parametrize("schedule", ["constant", "cosine", "wsd", "0:1, 0.4:0.2, 1:0.1"])
def test_mean_loss_follows_the_exact_one(schedule):
    runs = [BASE | {"copies": 200, "schedule": schedule, "seed": seed} for seed in range(8)]
    steps, losses = curve_of(runs)
    rates = BASE["learning_rate"] * rate_factors(schedule, 0.0, BASE["steps"])
    exact = exact_loss(8, rates, BASE["batch_size"], steps=steps)
    error = losses.std(axis=1, ddof=1) / np.sqrt(len(runs))
    assert steps[0] == 0
    assert losses[0] == pytest.approx(exact[0], rel=1e-12)
    assert (np.abs(losses.mean(axis=1) - exact)[1:] < 5 * error[1:]).all()
    assert (error / exact).max() < 0.02


def test_only_the_squared_error_of_a_linear_model_is_known_exactly():
    check_config(BASE)
    for change, said in (
        ({"model": "mlp", **models["mlp"].axes.defaults()}, "choose linear"),
        ({"loss": "logistic"}, "squared error"),
        ({"output_multiplier": 2.0}, "as they are"),
    ):
        with pytest.raises(AxisError, match=said):
            check_config(BASE | change)
