"""A run gives the same numbers alone, in any stack and after a stop, and they are plain PyTorch's."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lawbook.errors import AbandonedError, LawbookError
from lawbook.pruning.pools import pool_of
from lawbook.schedules import rate_factors
from lawbook.seeds import batch_positions
from lawbook.studies.axes import EVALUATED
from lawbook.tasks.digits import task as digits
from lawbook.training import stack as stack_module
from lawbook.training import watch
from lawbook.training.checkpoint import Checkpoint
from lawbook.training.sources import open_source
from lawbook.training.stack import StackedRuns, train_stack

from .conftest import Configure


def varied(configure: Configure, n: int, **fields: Any) -> list[dict[str, Any]]:
    """Return n runs that differ in everything that a stack lets differ."""
    return [
        configure(
            seed=i,
            learning_rate=10 ** np.linspace(-4, -2, n)[i],
            weight_decay=[0.0, 0.01, 0.3][i % 3],
            schedule=["constant", "cosine", "linear", "0:1, 0.5:0.5, 1:0"][i % 4],
            warmup=[0.0, 0.1][i % 2],
            gradient_clip=[None, 0.5][i // 2 % 2],
            label_noise=[0.0, 0.0, 0.2][i % 3],
            samples=[64, 150, 200, 333][i % 4],
            keep_fraction=[1.0, 0.5][i // 3 % 2],
            fold=i % 5,
            **fields,
        )
        for i in range(n)
    ]


def plain_torch(config: dict[str, Any]) -> nn.Sequential:
    """Train one run as anybody would: nn.Linear, torch.optim, clip_grad_norm_, one loop."""
    width = config["width"]
    net = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10)).double()
    alone = StackedRuns([config], stack_module.open_source([config], {}))
    with torch.no_grad():
        for layer, linear in enumerate((net[0], net[2])):
            linear.weight.copy_(alone.weights[f"weight_{layer}"][0])
            linear.bias.copy_(alone.weights[f"bias_{layer}"][0])
    kinds = {"adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    options = {"momentum": config["momentum"]} if config["optimizer"] == "sgd" else {}
    optimizer = kinds[config["optimizer"]](net.parameters(), weight_decay=config["weight_decay"], **options)
    pool, labels = pool_of(digits, config)
    inputs = torch.from_numpy(digits.examples(config).inputs).double()
    growth = np.where(np.arange(config["steps"]) < config["growth_step"], 1, config["batch_growth"])
    ends = np.cumsum(config["batch_size"] * growth)
    order = batch_positions(config["seed"], "order", len(pool), 1, 0, int(ends[-1])).ravel()
    factors = rate_factors(config["schedule"], config["warmup"], config["steps"])
    rates = config["learning_rate"] * factors * (np.sqrt(growth) if config["growth_rate"] == "sqrt" else 1)
    for positions, rate in zip(np.split(order, ends[:-1]), rates, strict=True):
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        chosen = pool[positions]
        nn.functional.cross_entropy(net(inputs[chosen]), torch.from_numpy(labels[chosen])).backward()
        if config["gradient_clip"] is not None:
            nn.utils.clip_grad_norm_(net.parameters(), config["gradient_clip"])
        optimizer.step()
    return net


@pytest.mark.parametrize("optimizer", [{"optimizer": "adamw"}, {"optimizer": "sgd", "momentum": 0.9}])
def test_a_stacked_run_is_what_plain_pytorch_trains(configure: Configure, optimizer: dict[str, Any]) -> None:
    configs = [
        {**config, "keep_fraction": 1.0}
        for config in varied(configure, 4, steps=200, dtype="float64", **optimizer)
    ]
    together = train_stack(configs)
    for i, config in enumerate(configs):
        net = plain_torch(config)
        for layer, linear in enumerate((net[0], net[2])):
            for name, tensor in (("weight", linear.weight), ("bias", linear.bias)):
                difference = (together.weights[f"{name}_{layer}"][i] - tensor).abs().max()
                assert difference <= 1e-12


@pytest.mark.parametrize("rate", ["none", "sqrt"])
def test_where_batches_grow_it_is_what_plain_pytorch_trains(configure: Configure, rate: str) -> None:
    growing = {"batch_growth": 3, "growth_step": 78, "growth_rate": rate}  # within a block of 64 steps
    configs = [{**config, **growing} for config in varied(configure, 4, steps=150, dtype="float64")]
    configs = [{**config, "keep_fraction": 1.0} for config in configs]
    together = train_stack(configs)
    for i, config in enumerate(configs):
        net = plain_torch(config)
        for layer, linear in enumerate((net[0], net[2])):
            difference = (together.weights[f"weight_{layer}"][i] - linear.weight).abs().max()
            assert difference <= 1e-12


def test_until_its_batches_grow_a_run_is_the_same_to_the_last_bit(configure: Configure) -> None:
    trunk = train_stack([configure(steps=40, evaluations=8)])
    branch = train_stack([configure(steps=40, evaluations=8, batch_growth=4, growth_step=20)])
    before = [step for step in trunk.curve if step <= 20]
    assert len(before) > 4
    assert all(trunk.curve[step] == branch.curve[step] for step in before)
    assert trunk.curve[40] != branch.curve[40]


def test_in_float64_a_run_is_the_same_alone_and_in_any_stack(configure: Configure) -> None:
    configs = varied(configure, 64, steps=200, dtype="float64")
    whole = train_stack(configs).stacked
    for size in (1, 3, 16):
        part = train_stack(configs[:size]).stacked
        assert (part - whole[:size]).abs().max() <= 1e-12


@pytest.mark.parametrize("width", [7, 24, 130])
def test_in_float32_stacks_of_different_sizes_agree_bitwise(configure: Configure, width: int) -> None:
    configs = varied(configure, 17, steps=30, width=width)
    whole = train_stack(configs)
    for chosen in ([0], [5], [2, 9, 16], list(range(16, 3, -1))):
        part = train_stack([configs[i] for i in chosen])
        assert torch.equal(part.stacked, whole.stacked[chosen])
        for step, metrics in part.curve.items():
            for name, values in metrics.items():
                assert values == [whole.curve[step][name][i] for i in chosen]


@pytest.mark.parametrize("optimizer", [{"optimizer": "adamw"}, {"optimizer": "sgd", "momentum": 0.9}])
def test_stopped_and_resumed_it_is_bitwise_equal(
    configure: Configure, optimizer: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs = varied(configure, 5, steps=50, **optimizer)
    undisturbed = train_stack(configs)
    monkeypatch.setattr(stack_module, "TICK_S", 0.0)
    monkeypatch.setattr(watch, "CHECKPOINT_S", 0.0)
    monkeypatch.setattr(watch, "CHECKPOINT_SHARE", math.inf)
    monkeypatch.setattr(watch, "HEARTBEAT_S", -1.0)

    class StopError(Exception):
        pass

    def stop_at(step: int) -> None:
        if step == 24:
            raise StopError

    checkpoint = Checkpoint(tmp_path, "stack")
    with pytest.raises(StopError):
        train_stack(configs, checkpoint=checkpoint, heartbeat=stop_at)
    assert checkpoint.find()
    seen: list[int] = []
    resumed = train_stack(configs, checkpoint=checkpoint, heartbeat=seen.append)
    assert seen[0] == 24
    assert torch.equal(resumed.stacked, undisturbed.stacked)
    assert resumed.curve == undisturbed.curve
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("step", [1, 4, 50])
def test_a_checkpoint_holds_the_evaluation_of_its_own_step(
    configure: Configure, step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step_by_step: None
) -> None:
    configs = varied(configure, 2, steps=50)
    undisturbed = train_stack(configs)
    assert step in undisturbed.curve
    checkpoint, steps = Checkpoint(tmp_path, "stack"), iter(range(1, 51))
    with monkeypatch.context() as stopped:
        stopped.setattr(stack_module, "why_unwanted", lambda: "a test" if next(steps) == step else None)
        with pytest.raises(AbandonedError):
            train_stack(configs, checkpoint=checkpoint)
    assert train_stack(configs, checkpoint=checkpoint).curve == undisturbed.curve


def test_evaluations_before_the_first_cost_nothing_and_move_no_other(configure: Configure) -> None:
    early, late = (
        train_stack(varied(configure, 2, steps=50, evaluations=4, first_evaluation=first))
        for first in (1, 10)
    )
    assert list(early.curve) == [0, 1, 4, 14, 50]
    assert list(late.curve) == [10, 17, 29, 50]
    assert late.curve[50] == early.curve[50]


@pytest.mark.parametrize("splits", ["held_out", "validation", "test"])
def test_splits_that_are_not_evaluated_have_no_metrics_and_move_no_others(
    configure: Configure, splits: str
) -> None:
    every, some = (
        train_stack(varied(configure, 2, steps=20, evaluations=2, evaluated_splits=which))
        for which in ("all", splits)
    )
    for step, metrics in every.curve.items():
        wanted = {name: row for name, row in metrics.items() if name.split("/")[0] in EVALUATED[splits]}
        assert some.curve[step] == wanted
    assert torch.equal(every.stacked, some.stacked)


def test_a_run_of_which_nothing_could_be_evaluated_is_refused(configure: Configure) -> None:
    config = configure(evaluated_splits="validation") | {"task": "modular_addition", "modulus": 23}
    with pytest.raises(
        LawbookError, match=r"evaluated_splits = 'validation': .* no such examples.*write all"
    ):
        open_source([config], {})


def test_diverged_runs_are_recorded_and_leave_the_others_bitwise_unchanged(configure: Configure) -> None:
    healthy = varied(configure, 6, steps=40)
    broken = [
        configure(seed=90, learning_rate=math.nan, steps=40),
        configure(seed=91, learning_rate=1e6, steps=40),
    ]
    mixed = train_stack([*healthy[:2], broken[0], *healthy[2:5], broken[1], healthy[5]])
    undisturbed = train_stack(healthy)
    assert torch.equal(mixed.stacked[[0, 1, 3, 4, 5, 7]], undisturbed.stacked)
    assert mixed.alive.tolist() == [True, True, False, True, True, True, False, True]
    assert mixed.diverged_step.tolist() == [-1, -1, 1, -1, -1, -1, 1, -1]


def test_a_run_that_diverges_leaves_those_of_its_own_rate_unchanged(configure: Configure) -> None:
    """They are moved by one call."""
    healthy = [configure(seed=seed, steps=20, gradient_clip=[None, 0.5][seed % 2]) for seed in range(4)]
    mixed = train_stack([*healthy[:2], configure(seed=9, steps=20, init_scale=1e30), *healthy[2:]])
    assert mixed.diverged_step.tolist() == [-1, -1, 0, -1, -1]
    assert torch.equal(mixed.stacked[[0, 1, 3, 4]], train_stack(healthy).stacked)
    assert torch.equal(mixed.stacked[:1], train_stack(healthy[:1]).stacked)


def test_a_run_that_blows_up_in_its_last_step_has_diverged(configure: Configure) -> None:
    module = train_stack([configure(learning_rate=1e9, steps=1), configure(learning_rate=1e-3, steps=1)])
    assert module.alive.tolist() == [False, True]
    assert module.diverged_step.tolist() == [1, -1]


def test_a_run_learns(configure: Configure) -> None:
    module = train_stack([configure(samples=1297, steps=200, batch_size=64)])
    assert module.curve[200]["test/error"][0] < 0.1
    assert module.curve[1]["test/error"][0] > 0.5


def test_in_mixed_precision_products_alone_are_rounded(configure: Configure) -> None:
    full, mixed = (train_stack([configure(steps=50, precision=one)]) for one in ("full", "bf16-mixed"))
    assert mixed.stacked.dtype == torch.float32
    for step, metrics in full.curve.items():
        (exact,), (rounded,) = metrics["test/loss"], mixed.curve[step]["test/loss"]
        assert (exact == rounded) == (step == 0), "all is evaluated in full precision"
        assert rounded == pytest.approx(exact, rel=0.01)
    with torch.no_grad():
        again = mixed.source.evaluate(mixed, mixed.weights)
    assert [again["test", "loss"][0]] == mixed.curve[50]["test/loss"], "evaluation is in full precision"


def test_every_part_of_a_run_follows_its_seed_alone(configure: Configure) -> None:
    a, b = configure(seed=1, learning_rate=1e-3, steps=1), configure(seed=1, learning_rate=3e-3, steps=1)
    start = StackedRuns([a, b], stack_module.open_source([a, b], {}))
    assert torch.equal(start.stacked[0], start.stacked[1])
    first, second = start.source.batch(0)
    assert torch.equal(first[0], first[1])
    assert torch.equal(second[0], second[1])
