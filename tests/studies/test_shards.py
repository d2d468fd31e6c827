"""Shards: which runs one job trains, and under what name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lawbook.studies import Plan, shard_digest
from lawbook.studies.shards import make_shards, shape_axes

PRUNED = {"axes": {"metric": ["random", "el2n"], "seed": [0]}, "set": {"keep_fraction": 0.5}}


def test_a_shard_is_named_by_what_varies(planned: Callable[..., Plan]) -> None:
    widths = {"axes": {"width": [8, 64], "seed": [0]}}

    assert list(planned().shards) == ["all"]
    assert list(planned(sweeps={"width": widths}).shards) == ["width=8", "width=64"]
    assert list(planned(sweeps={"kept": PRUNED}).shards) == ["all", "pruned"]
    assert list(planned(sweeps={"width": widths, "kept": PRUNED}).shards) == [
        "width=8",
        "width=64",
        "width=8_pruned",
    ]


def test_one_more_value_moves_no_run_between_the_other_shards(planned: Callable[..., Plan]) -> None:
    few = planned(sweeps={"width": {"axes": {"width": [8, 64], "learning_rate": [0.1, 0.2]}}}).shards
    more = planned(sweeps={"width": {"axes": {"width": [8, 32, 64], "learning_rate": [0.1, 0.2]}}}).shards

    assert set(more) - set(few) == {"width=32"}
    assert all(shard_digest(few[name]) == shard_digest(more[name]) for name in few)


def test_above_the_limit_a_shard_splits_by_samples_then_seed(planned: Callable[..., Plan]) -> None:
    one = sum(cost for cost in planned().table()["flops"][:1])

    assert list(planned(shard_flops=6 * one).shards) == ["all"]
    assert list(planned(shard_flops=3 * one).shards) == ["samples=64", "samples=128"]
    names = [f"samples={samples}_seed={seed}" for samples in (64, 128) for seed in range(3)]
    assert list(planned(shard_flops=one).shards) == names
    assert list(planned(shard_flops=one / 2).shards) == names


def test_more_seeds_add_blocks_and_leave_the_others_as_they_are(planned: Callable[..., Plan]) -> None:
    one = float(planned().table()["flops"][0])

    def blocks(seeds: int) -> dict[str, str]:
        axes = {"samples": [64], "learning_rate": [0.1, 0.2], "seed": {"count": seeds}}
        plan = planned(sweeps={"all": {"axes": axes}}, shard_flops=11 * one)
        assert all(len(runs) <= 8 for runs in plan.shards.values())
        return {name: shard_digest(runs) for name, runs in plan.shards.items()}

    few, more = blocks(8), blocks(11)

    assert list(few) == ["samples=64_seed=0-3", "samples=64_seed=4-7"]
    assert list(more) == [*few, "samples=64_seed=8-11"]
    assert more.items() >= few.items()


def test_each_run_of_several_devices_is_a_shard_by_itself(planned: Callable[..., Plan]) -> None:
    small = {"axes": {"seed": {"count": 2}}}
    large = {
        "axes": {"learning_rate": [0.001, 0.01], "seed": {"count": 2}},
        "set": {"width": 64, "devices": 2},
    }
    shards = planned(sweeps={"small": small, "large": large}).shards

    assert {name: len(runs) for name, runs in shards.items()} == {"width=8_devices=1": 2} | {
        f"width=64_devices=2_learning_rate={rate}_seed={seed}": 1 for rate in (0.001, 0.01) for seed in (0, 1)
    }
    (alone,) = planned(sweeps={"large": {"axes": {"width": [64]}, "set": {"devices": 2}}}).shards
    assert alone == "all"


def test_the_digest_follows_what_is_trained(planned: Callable[..., Plan]) -> None:
    def digests(**keys: Any) -> list[str]:
        return [shard_digest(runs) for runs in planned(**keys).shards.values()]

    assert digests(title="Another") == digests()
    assert digests(training={"steps": 21, "batch_size": 16}) != digests()
    for how in ({"device": "cuda"}, {"devices": 2}, {"precision": "bf16-mixed"}):
        assert digests(training={"steps": 20, "batch_size": 16, **how}) != digests()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    widths=st.lists(st.integers(1, 64), min_size=1, max_size=3),
    samples=st.lists(st.integers(10, 1000), min_size=1, max_size=3),
    seeds=st.integers(1, 3),
    limit=st.floats(1e5, 1e10),
)
def test_every_run_is_in_exactly_one_shard_and_shards_share_their_shape(
    planned: Callable[..., Plan], widths: list[int], samples: list[int], seeds: int, limit: float
) -> None:
    axes = {"width": widths, "samples": samples, "seed": {"count": seeds}}
    plan = planned(sweeps={"all": {"axes": axes}, "kept": PRUNED})

    shards = make_shards(plan.runs, limit)

    assert sorted(run.run_id for runs in shards.values() for run in runs) == sorted(
        r.run_id for r in plan.runs
    )
    for runs in shards.values():
        assert len({tuple(run.config[axis] for axis in shape_axes(run.config)) for run in runs}) == 1
