"""Losses, optimizers, parametrizations, whole batches and step 0: against plain PyTorch, alone, stacked and resumed."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F  # noqa: N812

from lawbook.models import models
from lawbook.pruning.pools import pool_of
from lawbook.seeds import batch_positions, fixed_positions
from lawbook.tasks.digits import task as digits
from lawbook.training import stack as stack_module
from lawbook.training import watch
from lawbook.training.checkpoint import Checkpoint
from lawbook.training.losses import losses
from lawbook.training.optimizer import WHOLE, groups_of
from lawbook.training.parametrizations import tensor_scales
from lawbook.training.stack import StackedRuns, train_stack

from .conftest import Configure

WIDTH, BASE = 48, 16
RATIO = WIDTH / BASE

TABLES: dict[tuple[str, bool], dict[str, float]] = {
    ("mup", True): {"weight_0": 1, "weight_1": 1 / RATIO, "weight_2": 1 / RATIO, "bias_0": 1, "bias_2": 1},
    ("mup", False): {"weight_0": RATIO, "weight_1": 1, "weight_2": 1 / RATIO, "bias_0": RATIO, "bias_2": 1},
    ("ntk", True): {"weight_0": 1 / 8, "weight_1": WIDTH**-0.5, "weight_2": WIDTH**-0.5, "bias_0": 1, "bias_2": 1},
    ("ntk", False): {"weight_0": 1 / 64, "weight_1": 1 / WIDTH, "weight_2": 1 / WIDTH, "bias_0": 1, "bias_2": 1},
}  # fmt: skip
"""Rates of the tensors of a 64-48-48-10 network, written out: Yang et al. 2022, table 3, and Jacot et al. 2018."""

OPTIMIZERS: list[dict[str, Any]] = [
    {"optimizer": "adamw", "beta1": 0.8, "beta2": 0.98, "epsilon": 1e-6, "weight_decay": 0.1},
    {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.01, "learning_rate": 0.03},
]


def net_of(stack: StackedRuns, config: dict[str, Any]) -> nn.Sequential:
    """Return the network of one run in PyTorch's own layers, with the weights that the run begins with."""
    sizes = [64, *[config["width"]] * config["depth"], 10]
    activation = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU}[config["activation"]]
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), activation()]
    net = nn.Sequential(*layers[:-1]).double()
    with torch.no_grad():
        for layer in range(config["depth"] + 1):
            net[2 * layer].weight.copy_(stack.weights[f"weight_{layer}"][0])
            net[2 * layer].bias.copy_(stack.weights[f"bias_{layer}"][0])
    return net


def descend(net: nn.Sequential, config: dict[str, Any], rates: dict[str, float], loss: Any) -> None:
    """Train as anybody would, each tensor in a parameter group of its own; the decay of all of them is one."""
    named = [
        (f"{kind}_{layer}", getattr(net[2 * layer], kind))
        for layer in range(config["depth"] + 1)
        for kind in ("weight", "bias")
    ]
    of_tensor = [rates.get(name, 1.0 if name.startswith("weight") else rates["bias_0"]) for name, _ in named]
    groups = [
        {
            "params": [tensor],
            "lr": rate * config["learning_rate"],
            "weight_decay": config["weight_decay"] / rate,
        }
        for (_, tensor), rate in zip(named, of_tensor, strict=True)
    ]
    if config["optimizer"] == "adamw":
        betas = (config["beta1"], config["beta2"])
        optimizer: torch.optim.Optimizer = torch.optim.AdamW(groups, betas=betas, eps=config["epsilon"])
    else:
        optimizer = torch.optim.SGD(groups, momentum=config["momentum"])
    pool, labels = pool_of(digits, config)
    inputs = torch.from_numpy(digits.examples(config).inputs).double()
    sizes = (len(pool), config["batch_size"], 0, config["steps"])
    fixed = config["order"] == "fixed"
    positions = fixed_positions(*sizes) if fixed else batch_positions(config["seed"], "order", *sizes)
    for chosen in pool[positions]:
        optimizer.zero_grad()
        loss(net(inputs[chosen]), torch.from_numpy(labels[chosen])).backward()
        optimizer.step()


def largest_difference(stack: StackedRuns, net: nn.Sequential, depth: int) -> float:
    return max(
        (stack.weights[f"{kind}_{layer}"][0] - getattr(net[2 * layer], kind)).abs().max().item()
        for layer in range(depth + 1)
        for kind in ("weight", "bias")
    )


@pytest.mark.parametrize("how", OPTIMIZERS, ids=lambda how: how["optimizer"])
@pytest.mark.parametrize("parametrization", ["mup", "ntk"])
def test_each_tensor_moves_at_its_own_rate_as_in_plain_pytorch(
    configure: Configure, parametrization: str, how: dict[str, Any]
) -> None:
    config = configure(
        width=WIDTH,
        depth=2,
        parametrization=parametrization,
        base_width=BASE,
        dtype="float64",
        steps=100,
        **how,
    )
    net = net_of(StackedRuns([config], stack_module.open_source([config], {})), config)
    rates = TABLES[parametrization, how["optimizer"] == "adamw"]
    descend(net, config, {"bias_1": rates["bias_0"], **rates}, F.cross_entropy)

    assert largest_difference(train_stack([config]), net, 2) <= 1e-12


def test_only_the_outputs_of_mup_begin_at_0_and_init_scale_spares_biases(configure: Configure) -> None:
    base = {"width": WIDTH, "depth": 2, "dtype": "float64"}
    standard, mup, small = (
        StackedRuns([config], stack_module.open_source([config], {})).weights
        for config in (
            configure(**base),
            configure(**base, parametrization="mup", base_width=BASE),
            configure(**base, init_scale=0.25),
        )
    )
    for name, values in standard.items():
        factor = 0.0 if name == "weight_2" else 1.0
        torch.testing.assert_close(mup[name], factor * values, rtol=1e-15, atol=0)
        torch.testing.assert_close(small[name], 0.25 * values, rtol=1e-15, atol=0)


def test_at_the_base_width_mup_has_one_rate_for_all(configure: Configure) -> None:
    scales = tensor_scales(configure(width=24, parametrization="mup", base_width=24))
    assert {scale.rate for scale in scales.values()} == {1.0}


def test_one_rate_for_all_is_one_call_for_the_whole_row(configure: Configure) -> None:
    scales = tensor_scales(configure())
    assert {scale.rate for scale in scales.values()} == {1.0}
    assert groups_of({"a": slice(0, 16)}, {"a": 1.0}) == {1.0: [WHOLE]}


def test_signum_steps_by_the_rate_in_the_direction_of_the_mean_gradient(configure: Configure) -> None:
    config = configure(
        optimizer="signum", momentum=0.5, weight_decay=0.1, learning_rate=0.01, steps=3, dtype="float64"
    )
    net = net_of(StackedRuns([config], stack_module.open_source([config], {})), config)
    pool, labels = pool_of(digits, config)
    inputs = torch.from_numpy(digits.examples(config).inputs).double()
    means = [torch.zeros_like(tensor) for tensor in net.parameters()]
    for chosen in pool[batch_positions(0, "order", len(pool), 16, 0, 3)]:
        net.zero_grad()
        F.cross_entropy(net(inputs[chosen]), torch.from_numpy(labels[chosen])).backward()
        with torch.no_grad():
            for mean, tensor in zip(means, net.parameters(), strict=True):
                assert tensor.grad is not None
                mean.copy_(0.5 * mean + 0.5 * tensor.grad)
                tensor.copy_((1 - 0.001) * tensor - 0.01 * torch.sign(mean))

    assert largest_difference(train_stack([config]), net, 1) <= 1e-12


# Losses


def half_squared_error(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return 0.5 * (outputs - torch.eye(10).double()[targets]).square().sum(1).mean()


def test_full_batch_gradient_descent_on_squared_error_is_that_of_plain_pytorch(configure: Configure) -> None:
    """The network, the loss and the batch of the edge of stability."""
    config = configure(
        width=32, depth=2, activation="tanh", loss="squared_error", optimizer="sgd", learning_rate=0.02,
        samples=300, batch_size=300, order="fixed", steps=60, dtype="float64", evaluations=1,
    )  # fmt: skip
    start = StackedRuns([config], stack_module.open_source([config], {}))
    net = net_of(start, config)
    pool, labels = pool_of(digits, config)
    inputs = torch.from_numpy(digits.examples(config).inputs[pool]).double()
    first = half_squared_error(net(inputs), torch.from_numpy(labels[pool]))
    descend(net, config, {"bias_0": 1.0}, half_squared_error)
    trained = train_stack([config])

    assert largest_difference(trained, net, 2) <= 1e-12
    last = half_squared_error(net(inputs), torch.from_numpy(labels[pool]))
    assert trained.curve[0]["train/loss"][0] == pytest.approx(2 * first.item(), rel=1e-12)
    assert trained.curve[60]["train/loss"][0] == pytest.approx(2 * last.item(), rel=1e-12)


def test_every_step_of_a_full_batch_sees_every_example_in_one_order(configure: Configure) -> None:
    config = configure(samples=50, batch_size=50, order="fixed")
    source = stack_module.open_source([config], {})
    pool, labels = pool_of(digits, config)
    for step in (0, 1, 100):
        inputs, targets = source.batch(step)
        np.testing.assert_array_equal(inputs[0], digits.examples(config).inputs[pool])
        np.testing.assert_array_equal(targets[0], labels[pool])


@given(n=st.integers(1, 40), batch=st.integers(1, 50), step=st.integers(0, 30))
def test_fixed_positions_pass_over_all_in_turn(n: int, batch: int, step: int) -> None:
    stream = fixed_positions(n, batch, 0, step + 3).ravel()
    np.testing.assert_array_equal(stream[:n], np.arange(n)[: len(stream)])
    np.testing.assert_array_equal(fixed_positions(n, batch, step, 3).ravel(), stream[step * batch :])


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 7)])
def test_losses_are_those_of_pytorch_with_the_same_gradients_in_one_pass(shape: tuple[int, ...]) -> None:
    draw = torch.Generator().manual_seed(0)
    outputs = torch.randn(*shape, 4, generator=draw, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(4, shape, generator=draw)
    hot = F.one_hot(targets, 4).double()
    rest = tuple(range(1, len(shape)))
    expected = {
        "cross_entropy": F.cross_entropy(outputs.flatten(0, -2), targets.flatten(), reduction="none").view(
            shape
        ),
        "squared_error": 0.5 * F.mse_loss(outputs, hot, reduction="none").sum(-1),
        "logistic": F.binary_cross_entropy_with_logits(outputs, hot, reduction="none").sum(-1),
    }
    for name, values in expected.items():
        (wanted,) = torch.autograd.grad(values.mean(rest).sum(), outputs, retain_graph=True)
        for found in (
            losses[name].descended(outputs, targets),
            losses[name].descended_once(outputs, targets),
        ):
            torch.testing.assert_close(found, values.mean(rest))
            torch.testing.assert_close(torch.autograd.grad(found.sum(), outputs)[0], wanted)


def test_squared_error_of_real_vectors_sums_over_the_outputs() -> None:
    outputs, targets = torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[0.0, -1.0]]])
    assert losses["squared_error"].of_examples(outputs, targets).tolist() == [[10.0]]
    assert losses["squared_error"].descended(outputs, targets).tolist() == [5.0]
    assert losses["squared_error"].of_examples(outputs[..., :1], torch.tensor([[4.0]])).tolist() == [[9.0]]


def test_stablemax_is_a_power_where_a_softmax_in_float32_is_rounded_to_a_loss_of_0() -> None:
    outputs, targets = torch.tensor([[[3.0, -1.0], [100.0, -99.0]]]), torch.tensor([[0, 0]])
    found = losses["stablemax"].of_examples(outputs, targets)
    expected = torch.tensor([[math.log(4.5 / 4.0), math.log1p(0.01 / 101.0)]])
    torch.testing.assert_close(found, expected, rtol=2e-3, atol=0)
    assert losses["cross_entropy"].of_examples(outputs, targets)[0, 1] == 0.0 < found[0, 1]


def test_the_output_multiplier_multiplies_what_the_loss_sees(configure: Configure) -> None:
    config = configure(output_multiplier=3.0)
    start = StackedRuns([config], stack_module.open_source([config], {}))
    inputs, _ = start.source.batch(0)
    with torch.no_grad():
        alone = models["mlp"].outputs(config, start.weights, inputs)  # type: ignore[attr-defined]
        assert torch.equal(start(inputs), 3.0 * alone)


# Alone, stacked and resumed

HOW = st.fixed_dictionaries(
    {
        "how": st.sampled_from(
            [
                {"optimizer": "adamw", "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-5},
                {"optimizer": "sgd", "momentum": 0.9},
                {"optimizer": "signum", "momentum": 0.5},
            ]
        ),
        "loss": st.sampled_from([None, "squared_error", "logistic"]),
        "parametrization": st.sampled_from(["standard", "mup", "ntk"]),
        "output_multiplier": st.sampled_from([1.0, 0.3]),
        "activation": st.sampled_from(["relu", "tanh", "gelu", "square", "identity"]),
        "bias": st.sampled_from(["on", "off"]),
        "order": st.sampled_from(["shuffled", "fixed"]),
    }
)


def stack_of(configure: Configure, drawn: dict[str, Any], n: int, steps: int) -> list[dict[str, Any]]:
    """Return n runs that share what is drawn and differ in what a stack lets differ."""
    shared = {**drawn, **drawn["how"]}
    shared.pop("how")
    return [
        configure(
            seed=i,
            learning_rate=10 ** -(2 + i / n),
            init_scale=[1.0, 0.5][i % 2],
            warmup_steps=[0, 3][i % 2],
            weight_decay=[0.0, 0.05][i % 2],
            gradient_clip=[None, 0.5][i // 2 % 2],
            samples=[64, 150][i % 2],
            depth=2,
            steps=steps,
            base_width=8,
            **shared,
        )
        for i in range(n)
    ]


@settings(max_examples=12, deadline=None)
@given(drawn=HOW)
def test_a_run_has_the_same_bits_alone_and_in_a_stack(configure: Configure, drawn: dict[str, Any]) -> None:
    configs = stack_of(configure, drawn, 5, steps=12)
    whole = train_stack(configs)
    for chosen in ([0], [3, 1]):
        part = train_stack([configs[i] for i in chosen])
        assert torch.equal(part.stacked, whole.stacked[chosen])
        for step, metrics in part.curve.items():
            for name, values in metrics.items():
                assert values == [whole.curve[step][name][i] for i in chosen]


@pytest.mark.parametrize("how", OPTIMIZERS, ids=lambda how: how["optimizer"])
def test_stopped_and_resumed_it_has_the_same_bits(
    configure: Configure,
    how: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step_by_step: None,
) -> None:
    drawn = {
        "how": {},
        "loss": "squared_error",
        "parametrization": "mup",
        "order": "fixed",
        "activation": "tanh",
    }
    configs = [{**config, **how} for config in stack_of(configure, drawn, 3, steps=30)]
    undisturbed = train_stack(configs)
    monkeypatch.setattr(watch, "CHECKPOINT_S", 0.0)
    monkeypatch.setattr(watch, "CHECKPOINT_SHARE", math.inf)

    class StopError(Exception):
        pass

    def stop_at(step: int) -> None:
        if step == 14:
            raise StopError

    checkpoint = Checkpoint(tmp_path, "stack")
    with pytest.raises(StopError):
        train_stack(configs, checkpoint=checkpoint, heartbeat=stop_at)
    resumed = train_stack(configs, checkpoint=checkpoint)
    assert torch.equal(resumed.stacked, undisturbed.stacked)
    assert resumed.curve == undisturbed.curve
    assert 0 in resumed.curve


# Step 0, and widths


def test_step_0_is_what_the_initial_weights_give_and_keeps_none(configure: Configure) -> None:
    config = configure(steps=5)
    start = StackedRuns([config], stack_module.open_source([config], {}))
    with torch.no_grad():
        expected = start.source.evaluate(start, start.weights)
    trained = train_stack([config], keep=True)
    assert trained.curve[0] == {"/".join(key): values.tolist() for key, values in expected.items()}
    assert 0 not in trained.kept
    assert 5 in trained.kept


def test_under_mup_changes_do_not_grow_with_the_width(configure: Configure) -> None:
    """The coordinate check of Yang et al. 2022, appendix D.1, over a factor of 16; benchmarks/mup.py has the rest."""
    inputs = torch.from_numpy(digits.examples({}).inputs[:64]).expand(3, -1, -1)
    widths, slopes = (64, 256, 1024), {}
    for parametrization in ("standard", "mup"):
        changes: dict[str, list[float]] = {}
        for width in widths:
            configs = [
                configure(
                    width=width, depth=2, parametrization=parametrization, learning_rate=1e-3, batch_size=64,
                    steps=5, seed=seed, evaluations=1,
                )
                for seed in range(3)
            ]  # fmt: skip
            shown = []
            for stack in (StackedRuns(configs, stack_module.open_source(configs, {})), train_stack(configs)):
                with torch.no_grad():
                    layers = models["mlp"].activations(configs[0], stack.weights, inputs)  # type: ignore[attr-defined]
                    shown.append(layers | {"output": stack(inputs)})
            for layer in shown[0]:
                change = (shown[1][layer] - shown[0][layer]).square().mean().sqrt()
                changes.setdefault(layer, []).append(float(change))
        slopes[parametrization] = {
            layer: np.polyfit(np.log(widths), np.log(values), 1)[0] for layer, values in changes.items()
        }
    assert all(abs(slope) < 0.1 for slope in slopes["mup"].values()), slopes
    assert slopes["standard"]["hidden_2"] > 0.3
    assert slopes["standard"]["output"] > 0.3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", list(losses))
def test_a_loss_and_its_gradient_are_the_same_bits_in_any_stack(name: str, dtype: torch.dtype) -> None:
    loss = losses[name]

    def found(outputs: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        outputs = outputs.clone().requires_grad_()
        values = loss.of_examples(outputs, targets)
        values.sum().backward()
        assert outputs.grad is not None
        return values.detach(), outputs.grad

    for examples in (5, 13, 31, 40):  # not all of them fill vectors
        rng = torch.Generator().manual_seed(examples)
        outputs = 3 * torch.randn(6, examples, 3, generator=rng, dtype=dtype)
        classes = torch.randint(3, (6, examples), generator=rng)
        targets = classes if "classes" in loss.targets else torch.softmax(outputs.flip(1), -1)
        together = found(outputs, targets)
        for run in range(6):
            alone = found(outputs[run : run + 1], targets[run : run + 1])
            assert all(torch.equal(one[0], all_[run]) for one, all_ in zip(alone, together, strict=True))
