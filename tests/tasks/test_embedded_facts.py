"""Facts in few dimensions and the memory that learns them: against a plain loop, and against PyTorch's own loss."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from lawbook.axes import AxisError
from lawbook.models import models
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import tasks
from lawbook.training.losses import losses
from lawbook.training.stack import train_stack

TASK, MODEL = tasks["embedded_facts"], models["associative_memory"]
CONFIG = {
    "task": "embedded_facts", "model": "associative_memory", **TASK.axes.defaults(), **MODEL.axes.defaults(),
    **TrainingAxes.defaults(), **PruningAxes.defaults(), **SeedAxes.defaults(),
    "n_facts": 9, "dimension": 4, "batch_size": 9, "steps": 5, "evaluations": 20, "dtype": "float64",
}  # fmt: skip


def by_hand(config: dict, classes: np.ndarray) -> list[float]:
    """Return the losses before each step and after the last, of a loop over the population's gradient."""
    inputs, targets = (values[0] for values in TASK.open([config]).batch(0))
    x = inputs[targets.argmax(1).argsort()].astype(float)
    p = np.arange(1, 10.0) ** -config["zipf_exponent"]
    p, w, first, second, found = p / p.sum(), np.zeros((4, 4)), 0.0, 0.0, []
    for step in range(1, 7):
        logits = x @ w @ classes.T
        softmax = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        found.append(float(-p @ np.log(np.diag(softmax))))
        gradient = x.T @ ((softmax - np.eye(9)) * p[:, None]) @ classes
        if config["optimizer"] == "sgd":
            w -= config["learning_rate"] * gradient
        elif config["optimizer"] == "muon":
            left, _, right = np.linalg.svd(gradient)
            w -= config["learning_rate"] * left @ right
        else:
            first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
            root = np.sqrt(second / (1 - 0.999**step)) + 1e-8
            w -= config["learning_rate"] * first / (1 - 0.9**step) / root
    return found


def test_a_stack_of_memories_learns_as_a_plain_loop_does() -> None:
    for optimizer, rate in (("sgd", 20.0), ("adamw", 0.5), ("muon", 2.0)):
        runs = [
            CONFIG | {"optimizer": optimizer, "learning_rate": rate, "seed": seed, "zipf_exponent": exponent}
            for seed, exponent in ((0, 1.5), (1, 0.0))
        ]
        stack = train_stack(runs)
        classes = stack.weights["classes"].detach().reshape(2, 9, 4).numpy()
        units = classes / np.linalg.norm(classes, axis=2, keepdims=True)
        for run, config in enumerate(runs):
            along = [stack.curve[step]["test/loss"][run] for step in range(6)]
            assert along == pytest.approx(by_hand(config, units[run]), rel=1e-6)  # inputs are float32
            assert along[0] == pytest.approx(np.log(9))
    untrained = train_stack([CONFIG | {"steps": 1, "learning_rate": 1e-9}])
    np.testing.assert_array_equal(untrained.weights["classes"][0].detach(), classes[0].ravel())


def test_the_loss_is_that_of_pytorch_for_weights_of_classes() -> None:
    outputs, targets = torch.randn(2, 3, 5), torch.rand(2, 3, 5)
    found = losses["soft_cross_entropy"].of_examples(outputs, targets)
    torch.testing.assert_close(found, F.cross_entropy(outputs.mT, targets.mT, reduction="none"))


def test_a_batch_is_the_population() -> None:
    with pytest.raises(AxisError, match="each fact once"):
        TASK.check(CONFIG | {"batch_size": 8})
    with pytest.raises(AxisError, match="cross-entropy"):
        TASK.check(CONFIG | {"loss": "squared_error"})
