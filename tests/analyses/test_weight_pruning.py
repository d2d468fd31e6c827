"""Pruning of weights: masks against a plain loop, copies that coincide, planted regimes, effects and laws."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest
import torch
from tests.analyses.drawn import written
from tests.analyses.drawn.weight_pruning import BLOCK, planted
from torch import Tensor

from lawbook.analyses.weight_pruning.compute import fits_of, regimes_of
from lawbook.analyses.weight_pruning.prune import (
    Networks,
    barrier,
    masks_of,
    pruned,
    retrained,
    scores_of,
    similarity,
)
from lawbook.analyses.weight_pruning.quantities.remaining_exponent import remaining_exponent
from lawbook.analyses.weight_pruning.quantities.score_advantage import score_advantage
from lawbook.analyses.weight_pruning.quantities.temperature_effect import temperature_effect
from lawbook.errors import LawbookError
from lawbook.models import TrainedModel, models

CONFIG = {
    "width": 6,
    "depth": 1,
    "activation": "relu",
    "bias": "on",
    "output_multiplier": 1.0,
    "precision": "full",
}


def networks(n: int = 3) -> Networks:
    """Return n untrained networks of 4 inputs and 3 classes, in float64."""
    model, rng = cast(TrainedModel, models["mlp"]), np.random.default_rng(0)
    drawn = [model.initial(CONFIG, 4, 3, rng) for _ in range(n)]
    weights = {name: torch.from_numpy(np.stack([one[name] for one in drawn])) for name in drawn[0]}
    inputs = torch.from_numpy(rng.normal(size=(n, 40, 4)))
    classes = torch.from_numpy(inputs.numpy()[..., :3].argmax(-1))
    return Networks(
        model, [{**CONFIG, "seed": seed} for seed in range(n)], weights, inputs, classes, inputs, classes
    )


def _matrices(weights: Mapping[str, Tensor], run: int) -> np.ndarray:
    return np.concatenate([weights[name][run].numpy().ravel() for name in ("weight_0", "weight_1")])


@pytest.mark.parametrize("density", [1.0, 0.3, 0.01])
def test_the_largest_weights_stay(density: float) -> None:
    stack = networks()
    masks = masks_of(stack, scores_of(stack, "magnitude"), density)
    for run in range(3):
        sizes, kept = np.abs(_matrices(stack.weights, run)), _matrices(masks, run) == 1
        assert kept.sum() == int(np.ceil(density * len(sizes)))
        assert sizes[kept].min() >= sizes[~kept].max(initial=0.0)
    assert all((masks[name] == 1).all() for name in ("bias_0", "bias_1"))


def test_the_gradient_score_is_what_the_loss_loses_to_first_order() -> None:
    stack, step = networks(1), 1e-6
    scores = scores_of(stack, "gradient")[0].numpy()

    def loss(factor: float) -> float:
        weights = {name: tensor.clone() for name, tensor in stack.weights.items()}
        weights["weight_1"][0, 2, 4] *= factor
        outputs = stack.outputs(weights, stack.inputs)[0]
        return float(torch.nn.functional.cross_entropy(outputs, stack.classes[0]))

    slope = (loss(1 + step) - loss(1 - step)) / (2 * step)
    assert scores[6 * 4 + 2 * 6 + 4] == pytest.approx(abs(slope), rel=1e-5)
    drawn = scores_of(stack, "random")
    assert torch.equal(drawn, scores_of(stack, "random"))


def test_retraining_leaves_what_is_removed_at_zero_and_lowers_the_error() -> None:
    stack = networks()
    masks = masks_of(stack, scores_of(stack, "magnitude"), 0.5)
    how = {"steps": 150, "batch": 16}
    one, again, other = (retrained(stack, masks, copy=copy, rate=0.5, **how) for copy in (0, 0, 1))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert all((one[name][masks[name] == 0] == 0).all() for name in one)
    assert (stack.errors(one) < stack.errors(pruned(stack.weights, masks))).all()
    torch.testing.assert_close(barrier(stack, one, again), torch.zeros(3, dtype=torch.float64))
    outputs = stack.outputs(one, stack.inputs)
    turned = (
        outputs
        @ torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))[
            0
        ]
    )
    torch.testing.assert_close(similarity(outputs, turned + 2.0), torch.ones(3, dtype=torch.float64))
    assert (similarity(outputs, stack.outputs(other, stack.inputs)) < 1).all()


def test_a_network_with_its_units_exchanged_is_not_connected_with_itself() -> None:
    stack = networks()
    masks = masks_of(stack, scores_of(stack, "magnitude"), 1.0)
    one = retrained(stack, masks, copy=0, rate=0.5, steps=150, batch=16)
    order = [3, 4, 5, 0, 1, 2]
    other = {**one, "weight_0": one["weight_0"][:, order], "bias_0": one["bias_0"][:, order]}
    other["weight_1"] = one["weight_1"][:, :, order]
    torch.testing.assert_close(stack.outputs(one, stack.inputs), stack.outputs(other, stack.inputs))
    assert (barrier(stack, one, other) > 0.1).all()


def test_planted_regimes_effects_and_laws_come_back(tmp_path: Path) -> None:
    table = planted()
    tables = {"pruned": table, "regimes": regimes_of(BLOCK, table), "fits": fits_of(BLOCK, table)}
    regimes = tables["regimes"].set_index(["case", "temperature", "density"])["regime"]
    assert regimes["width=8", 0.01].tolist() == ["I", "II-B", "II-B", "II-B"]
    assert regimes["width=32", 0.1].tolist() == ["I", "II-A", "II-A", "II-A"]
    results = written("weight_pruning", tables, tmp_path).analysis("weight_pruning", "planted")
    runs = pd.DataFrame({"width": [8, 8]})
    for density, sign in ((0.02, -1), (1.0, 1)):
        value, low, high, n = temperature_effect(results, runs, density=density, hot=0.1, cold=0.01)
        assert min(sign * low, sign * high) > 0
        assert (sign * value, n) == (pytest.approx(0.1 * (density * 600) ** -0.5, rel=0.3), 12)
    assert score_advantage(results, runs, density=0.05, of="magnitude", minus="random")[2] < 0
    exponent, low, high, *_ = remaining_exponent(results, pd.DataFrame({"width": [32]}), temperature=0.01)
    assert (exponent, low < 0.6 < 1) == (pytest.approx(0.5, abs=0.1), True)
    with pytest.raises(LawbookError, match=r"density = 0\.5 was not run; write one of 0\.02, 0\.05, 0\.2, 1"):
        temperature_effect(results, runs, density=0.5, hot=0.1, cold=0.01)
    with pytest.raises(LawbookError, match="by 'gradient'"):
        score_advantage(results, runs, density=1.0, of="gradient", minus="random")
    with pytest.raises(LawbookError, match="has no parameter 'E'; write one of A, alpha"):
        remaining_exponent(results, runs, temperature=0.1, parameter="E")
