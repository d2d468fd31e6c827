"""Progress measures of logits and embeddings that are written down as waves, for which all of them are known."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lawbook.axes import AxisError
from lawbook.measurements import measurements
from lawbook.measurements.view import View
from lawbook.models import TrainedModel, models
from lawbook.tasks import modular_addition
from lawbook.tasks.modular_equation import task
from lawbook.training.losses import losses

P, KEYS = 13, (1, 4)
CONFIG = {"task": "modular_equation", "modulus": P, "samples": 60, "seed": 0}
GIVEN = torch.from_numpy(task.splits(CONFIG)["pool"])
EXAMPLES = task.examples(CONFIG)
TABLE = torch.from_numpy(EXAMPLES.targets).view(P, P)
SUMS = TABLE.flatten()


class Written:
    """A model whose logits (p², p) of the pair a, b stand in a weight."""

    def forward(self, config: Any, weights: Any, inputs: Tensor) -> Tensor:
        logits = weights["logits"]
        assert (inputs[..., 2] == P).all()
        return torch.stack(
            [rows[ids[:, 0] * P + ids[:, 1]] for rows, ids in zip(logits, inputs, strict=True)]
        )


def measured(logits: Tensor, embedding: Tensor | None = None, frequencies: int = 2) -> dict[str, float]:
    token = torch.zeros(P + 1, 4) if embedding is None else embedding
    weights = {"logits": logits[None], "token": token[None]}
    inputs, targets = (torch.from_numpy(part)[GIVEN][None] for part in (EXAMPLES.inputs, EXAMPLES.targets))
    view = View(
        cast(TrainedModel, Written()), {}, 3, weights, weights, inputs, targets,
        losses["cross_entropy"].descended, 50,
    )  # fmt: skip
    found = measurements["progress_measures"].model_validate({"frequencies": frequencies}).compute(view)
    return {name: float(value[0]) for name, value in found.items()}


def waves(size: float) -> Tensor:
    """Return logits Σ_k size · cos w_k(a + b - c), largest at c = a + b, (p², p)."""
    differences = (SUMS[:, None] - torch.arange(P)).double()
    return size * sum(torch.cos(2 * math.pi * k / P * differences) for k in KEYS)


def test_logits_of_the_key_waves_alone_lose_nothing_with_them_and_all_without() -> None:
    logits, whole = waves(4.0), float(cross_entropy(waves(4.0), SUMS))
    for common in (0.0, torch.arange(P).double()):  # a mean over all pairs stays in both
        found = measured(logits + common)
        of_means = cross_entropy((0 * logits + common)[GIVEN], SUMS[GIVEN])
        assert found["excluded_loss"] == pytest.approx(float(of_means), abs=1e-9)
        expected = float(cross_entropy(logits + common, SUMS))
        assert found["restricted_loss"] == pytest.approx(expected, abs=1e-9)
    assert measured(logits)["excluded_loss"] == pytest.approx(math.log(P), abs=1e-9)
    assert measured(logits)["restricted_unseen_loss"] == pytest.approx(whole, abs=1e-9)
    assert whole < 0.1 < measured(logits, frequencies=1)["restricted_loss"]


def test_waves_that_are_orthogonal_to_those_of_the_sum_are_no_part_of_them() -> None:
    # cos w_k(a - b) has no component along any function of a + b.
    first, second = torch.from_numpy(EXAMPLES.inputs)[:, :2].double().unbind(1)
    noise = torch.cos(2 * math.pi / P * 3 * (first - second))[:, None] * torch.arange(P)
    found = measured(waves(4.0) + noise)
    assert found["restricted_loss"] == pytest.approx(measured(waves(4.0))["restricted_loss"], abs=1e-9)
    without = float(cross_entropy(noise[GIVEN], SUMS[GIVEN]))
    assert found["excluded_loss"] == pytest.approx(without, abs=1e-9)


def test_a_memory_of_the_given_pairs_is_in_the_restricted_loss_and_not_in_that_of_unseen_pairs() -> None:
    memory = torch.zeros(P * P, P, dtype=torch.float64)
    for pairs in (GIVEN, GIVEN % P * P + GIVEN // P):  # in both orders
        memory[pairs, SUMS[pairs]] = 30.0
    found = measured(memory, frequencies=99)
    # By all frequencies each sum has its mean over pairs, in which the right class is the only one that is not 0.
    shares = torch.zeros(P, dtype=torch.float64).index_add_(0, SUMS, memory.amax(1)) / P
    expected = cross_entropy(torch.diag(shares)[SUMS], SUMS)
    assert found["restricted_loss"] == pytest.approx(float(expected), abs=1e-9)
    assert found["restricted_loss"] < 0.05 * math.log(P)
    assert found["restricted_unseen_loss"] == pytest.approx(math.log(P), abs=1e-9)


@pytest.mark.parametrize(("used", "gini", "held"), [(1, 1 - 1 / 6, 1), (3, 1 - 3 / 6, 3), (6, 0.0, 6)])
def test_an_embedding_of_equal_waves_has_a_known_gini_coefficient(used: int, gini: float, held: int) -> None:
    angles = 2 * math.pi / P * torch.outer(torch.arange(P), torch.arange(1, used + 1)).double()
    token = torch.cat([torch.cat([angles.cos(), angles.sin()], 1) + 5.0, torch.full((1, 2 * used), 9.0)])
    found = measured(waves(1.0), token)
    assert found["embedding_gini"] == pytest.approx(gini, abs=1e-9)
    assert found["embedding_frequencies"] == held


@pytest.mark.parametrize("kind", ["equation", "vector"])
def test_runs_have_the_same_bits_alone_and_in_a_stack(kind: str) -> None:
    tasks_of = {"equation": (task, "transformer_block"), "vector": (modular_addition.task, "mlp")}
    sums, name = tasks_of[kind]
    model, examples = cast(TrainedModel, models[name]), sums.examples(CONFIG)
    config = {**model.axes.defaults(), "width": 8}
    pools = [sums.splits({**CONFIG, "seed": seed})["pool"] for seed in range(3)]
    drawn = [
        model.initial(config, sums.n_inputs(CONFIG), P, np.random.default_rng(seed)) for seed in range(3)
    ]

    def of(runs: list[int]) -> dict[str, list[float]]:
        weights = {
            name: torch.from_numpy(np.stack([drawn[run][name] for run in runs])).float() for name in drawn[0]
        }
        inputs, targets = (
            torch.from_numpy(np.stack([part[pools[run]] for run in runs]))
            for part in (examples.inputs, examples.targets)
        )
        loss = losses["cross_entropy"].descended
        view = View(model, config, sums.n_inputs(CONFIG), weights, weights, inputs, targets, loss, 60)
        found = measurements["progress_measures"].model_validate({"frequencies": 3}).compute(view)
        return {name: values.tolist() for name, values in found.items()}

    together = of([0, 1, 2])
    assert np.isfinite(list(together.values())).all()
    for run in range(3):
        assert of([run]) == {name: [values[run]] for name, values in together.items()}


@pytest.mark.parametrize(
    ("fields", "options", "problem"),
    [
        ({"modulus": 12}, {}, "modulus = 12: the frequency p/2 has one wave"),
        ({}, {"split": "test"}, "it has test of progress_measures; write split: train"),
    ],
)
def test_what_has_no_progress_is_refused(
    fields: dict[str, Any], options: dict[str, Any], problem: str
) -> None:
    config = {**CONFIG, "model": "transformer_block", "width": 8, "heads": 4, **fields}
    block = cast(TrainedModel, models["transformer_block"])
    with pytest.raises(AxisError, match=problem):
        measurements["progress_measures"].model_validate(options).check(config, block, 3, config["modulus"])


def test_a_task_without_sums_is_refused() -> None:
    with pytest.raises(AxisError, match="its examples are no modular sums"):
        measurements["progress_measures"]().check(
            {"task": "digits"}, cast(TrainedModel, models["mlp"]), 64, 10
        )
