"""White batches of any scale: their moments, their exact loss, and descent as a plain loop does it."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.axes import AxisError
from lawbook.models import models
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import tasks
from lawbook.tasks.scaled_modes import singular_values
from lawbook.training.stack import train_stack

task = tasks["scaled_modes"]

BASE = {
    "task": "scaled_modes", "model": "deep_linear",
    **task.axes.defaults(), **models["deep_linear"].axes.defaults(),
    **TrainingAxes.defaults(), **PruningAxes.defaults(), **SeedAxes.defaults(),
    "n_modes": 3, "width": 3, "start_strength": 0.3, "optimizer": "sgd", "learning_rate": 0.1, "weight_decay": 0.05,
    "batch_size": 6, "steps": 20, "evaluations": 4, "dtype": "float64",
}  # fmt: skip


def losses_of(configs):
    """Return the loss of each run at the evaluated steps, (steps, R)."""
    module = train_stack(configs)
    return np.array([module.curve[step]["test/loss"] for step in sorted(module.curve)])


def test_every_batch_is_white_and_follows_from_seed_and_step():
    configs = [BASE | {"input_scale": 2.0}, BASE | {"seed": 1}, BASE | {"strength": 3.0}]
    stream = task.open(configs)
    inputs, targets = stream.batch(7)
    moments = np.einsum("rbi,rbj->rij", inputs, inputs) / inputs.shape[1]
    np.testing.assert_allclose(moments, np.array([4, 1, 1])[:, None, None] * np.eye(3), atol=1e-14)
    np.testing.assert_array_equal(targets[2], inputs[2] * singular_values(3, 3.0, 1.0))
    np.testing.assert_array_equal(inputs[0], 2.0 * inputs[2])
    np.testing.assert_array_equal(task.open(configs[1:2]).batch(7)[0][0], inputs[1])


def test_a_stack_descends_as_a_plain_loop():
    config = BASE | {"strength": 2.0, "input_scale": 0.5, "init_scale": 1.5, "seed": 4}
    found = losses_of([config, BASE])[:, 0]
    model = models["deep_linear"]
    from lawbook.seeds import generator

    weights = model.initial(config, 3, 3, generator(4, "init"))
    first, second = (1.5 * weights[f"weight_{i}"] for i in range(2))
    target = np.diag(singular_values(3, 2.0, 1.0))
    losses = []
    for _ in range(21):
        missed = second @ first - target
        losses.append(0.25 * np.square(missed).sum())
        gradients = 0.25 * second.T @ missed, 0.25 * missed @ first.T
        first, second = (w - 0.1 * (g + 0.05 * w) for w, g in zip((first, second), gradients, strict=True))
    steps = [0, *np.unique(np.geomspace(1, 20, 4).round().astype(int))]
    np.testing.assert_allclose(found, np.array(losses)[steps], rtol=1e-12)


def test_rescaled_runs_have_one_curve_of_the_reduced_loss():
    scaled = BASE | {
        "strength": 4.0, "input_scale": 3.0, "init_scale": 2.0, "learning_rate": 0.1 / 36, "weight_decay": 0.05 * 36,
    }  # fmt: skip
    curves = losses_of([BASE, scaled]) / [1.0, 4.0**2 * 3.0**2]
    np.testing.assert_allclose(curves[:, 1], curves[:, 0], rtol=1e-13)


def test_what_is_not_exact_is_refused():
    with pytest.raises(AxisError, match="batch is white only if"):
        task.check(BASE | {"batch_size": 4})
    with pytest.raises(AxisError, match="squared error alone"):
        task.check(BASE | {"loss": "logistic"})
