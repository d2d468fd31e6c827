"""The parity network is the dense one-hot network, its backward pass autograd's, and it learns parities."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, one_hot

from lawbook.models import models
from lawbook.models.parity_mlp import logits_of_one
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import tasks
from lawbook.training.sources import open_source
from lawbook.training.stack import StackedRuns, train_stack

model, task = models["parity_mlp"], tasks["sparse_parity"]
N_TASKS, N_BITS, WIDTH = 6, 9, 13
BASE = {
    "task": "sparse_parity", "model": "parity_mlp",
    **task.axes.defaults(), **model.axes.defaults(),
    **TrainingAxes.defaults(), **PruningAxes.defaults(), **SeedAxes.defaults(),
    "n_tasks": N_TASKS, "n_bits": N_BITS, "width": WIDTH, "batch_size": 40, "steps": 12, "evaluations": 3,
}  # fmt: skip


def drawn(n_runs=3, dtype=torch.float64):
    """Weights of some runs, and a batch for each whose tasks are in no order."""
    rng = np.random.default_rng(0)
    each = [model.initial(BASE, N_BITS + 1, 2, rng) for _ in range(n_runs)]
    weights = {
        name: torch.tensor(np.stack([one[name] for one in each]), dtype=dtype, requires_grad=True)
        for name in each[0]
    }
    inputs = rng.integers(0, 2, (n_runs, 50, N_BITS + 1)).astype(float)
    inputs[:, :, -1] = rng.integers(0, N_TASKS, (n_runs, 50))
    return weights, torch.tensor(inputs, dtype=dtype)


def dense(weights):
    """The network of concatenated one-hot task and bits, as nn.Linear layers, with one run's weights."""
    first, second = nn.Linear(N_TASKS + N_BITS, WIDTH).double(), nn.Linear(WIDTH, 2).double()
    with torch.no_grad():
        first.weight.copy_(torch.cat([weights["tasks"], weights["bits"]]).T)
        first.bias.copy_(weights["bias"])
        second.weight.copy_(weights["output_weight"])
        second.bias.copy_(weights["output_bias"])
    return nn.Sequential(first, nn.ReLU(), second)


def one_hot_inputs(inputs):
    """Inputs (n, n_bits + 1) with the task as one-hot columns in front."""
    return torch.cat([one_hot(inputs[:, -1].long(), N_TASKS).to(inputs), inputs[:, :-1]], dim=1)


def test_counts_match_the_tensors_and_the_published_formula():
    initial = model.initial(BASE, N_BITS + 1, 2, np.random.default_rng(0))
    assert {name: values.shape for name, values in initial.items()} == dict(model.shapes(BASE, N_BITS + 1, 2))
    n = model.n_params(BASE, N_BITS + 1, 2)
    assert n == sum(values.size for values in initial.values())
    assert n == (N_TASKS + N_BITS + 1) * WIDTH + 2 * WIDTH + 2
    assert model.n_params_non_embedding(BASE, N_BITS + 1, 2) == n - N_TASKS * WIDTH
    assert model.forward_flops(BASE, N_BITS + 1, 2) == 2 * (N_BITS + 2) * WIDTH


def test_weights_begin_as_pytorch_s_linear_layers():
    wide = BASE | {"width": 4000}
    initial = model.initial(wide, N_BITS + 1, 2, np.random.default_rng(1))
    for name, fan_in in (("tasks", N_TASKS + N_BITS), ("bits", N_TASKS + N_BITS), ("output_weight", 4000)):
        bound = 1 / math.sqrt(fan_in)
        assert np.abs(initial[name]).max() == pytest.approx(bound, rel=0.01)
        assert initial[name].var() == pytest.approx(bound**2 / 3, rel=0.05)


def test_outputs_are_those_of_the_dense_network():
    weights, inputs = drawn()
    outputs = model.forward(BASE, weights, inputs)
    features = model.features(BASE, weights, inputs)
    for run in range(3):
        one = {name: rows[run] for name, rows in weights.items()}
        network = dense(one)
        expected = network(one_hot_inputs(inputs[run]))
        torch.testing.assert_close(outputs[run], expected, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(logits_of_one(one, inputs[run]), expected, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(features[run], network[:2](one_hot_inputs(inputs[run])))


@pytest.mark.parametrize("at_once", [1, 1 << 18])
def test_losses_and_gradients_are_autograd_s(at_once, monkeypatch):
    weights, inputs = drawn()
    monkeypatch.setattr("lawbook.models._parity_losses._CHUNK", at_once)
    inputs = inputs.repeat(1, 20, 1)
    targets = torch.randint(2, (3, 1000), generator=torch.Generator().manual_seed(0))
    gradients = {name: torch.full_like(rows, math.nan) for name, rows in weights.items()}
    fast = model.losses_and_gradients(BASE, weights, inputs, targets, gradients)
    slow = torch.stack(
        [
            cross_entropy(logits_of_one({name: rows[run] for name, rows in weights.items()}, x), y)
            for run, (x, y) in enumerate(zip(inputs, targets, strict=True))
        ]
    )
    torch.testing.assert_close(fast, slow, rtol=1e-12, atol=1e-12)
    by_autograd = torch.autograd.grad(slow.sum(), list(weights.values()))
    for one, other in zip(gradients.values(), by_autograd, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


def test_single_gradients_by_torch_func():
    weights, inputs = drawn(1)
    one = {name: rows[0].detach() for name, rows in weights.items()}

    def loss(weights, x, y):
        return cross_entropy(logits_of_one(weights, x), y)

    labels = torch.arange(50) % 2
    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))(one, inputs[0], labels)
    mean = torch.func.grad(loss)(one, inputs[0], labels)
    for name, gradient in each.items():
        torch.testing.assert_close(gradient.mean(0), mean[name])


@pytest.mark.parametrize("samples", [None, 100])
def test_a_stacked_run_is_that_of_plain_pytorch(samples):
    configs = [
        BASE | {"dtype": "float64", "seed": seed, "samples": samples, "learning_rate": 1e-2, "alpha": alpha}
        for seed, alpha in ((0, 0.4), (5, 0.4), (5, 0.8))
    ]
    stack = train_stack(configs)
    for run, config in enumerate(configs):
        alone = StackedRuns([config], open_source([config], {}))
        network = dense({name: rows[0] for name, rows in alone.weights.items()})
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2, weight_decay=0.0)
        for step in range(config["steps"]):
            inputs, targets = alone.source.batch(step)
            optimizer.zero_grad()
            cross_entropy(network(one_hot_inputs(inputs[0])), targets[0]).backward()
            optimizer.step()
        rows = torch.cat([stack.weights["tasks"][run], stack.weights["bits"][run]])
        torch.testing.assert_close(rows.T, network[0].weight, rtol=1e-11, atol=1e-12)


def test_a_run_is_bitwise_the_same_in_any_stack():
    configs = [BASE | {"seed": seed, "learning_rate": 1e-3 * (1 + seed)} for seed in range(3)]
    together, alone = train_stack(configs), train_stack(configs[2:])
    assert torch.equal(together.stacked[2], alone.stacked[0])
    for step, metrics in alone.curve.items():
        assert {name: values[2] for name, values in together.curve[step].items()} == {
            name: values[0] for name, values in metrics.items()
        }


def test_frequent_tasks_are_learned_first():
    config = BASE | {
        "n_tasks": 4, "n_bits": 10, "subset_size": 2, "alpha": 1.0, "width": 64, "batch_size": 256, "steps": 1500,
        "learning_rate": 5e-3, "evaluations": 40,
    }  # fmt: skip
    curve = train_stack([config]).curve
    bit = math.log(2)
    reached = [
        min((step for step in curve if curve[step][f"task_{k}/loss"][0] < 0.1 * bit), default=math.inf)
        for k in range(1, 5)
    ]
    assert reached[0] < reached[1] < reached[3] < math.inf
    assert curve[1]["test/loss"][0] == pytest.approx(bit, rel=0.05)
    assert curve[1500]["test/learned_tenth_bit"][0] == 4
