"""Probes: which pools are scored, and by which models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lawbook.studies import Plan, pools_digest
from lawbook.studies.cost import run_cost

PRUNING = {"probes": 2, "probe_steps": 5}


def _kept(**axes: list[Any]) -> dict[str, Any]:
    return {"kept": {"axes": {"metric": ["el2n"], "keep_fraction": [0.5], "seed": [0, 1]} | axes}}


def test_nothing_is_scored_where_nothing_is_pruned_by_score(planned: Callable[..., Plan]) -> None:
    assert planned().pools == ()
    assert planned(sweeps=_kept(metric=["random"])).pools == ()
    assert planned(sweeps=_kept(keep_fraction=[1.0])).pools == ()


def test_a_pool_is_scored_once_by_its_own_probes(planned: Callable[..., Plan]) -> None:
    plan = planned(sweeps=_kept(samples=[64, 128]), pruning=PRUNING)

    assert len(plan.pools) == 4
    assert all(len(pool.probes["early"]) == 2 for pool in plan.pools)
    assert len({probe.run_id for pool in plan.pools for probe in pool.probes["early"]}) == 8
    probe = plan.pools[0].probes["early"][0].config
    assert (probe["steps"], probe["keep_fraction"], probe["samples"]) == (5, 1.0, 64)


def test_probes_train_on_one_device_whatever_their_runs_take(planned: Callable[..., Plan]) -> None:
    one, two = (
        planned(sweeps=_kept(), pruning=PRUNING, training={"steps": 20, "batch_size": 16, "devices": devices})
        for devices in (1, 2)
    )

    assert {run.config["devices"] for run in two.runs} == {2}
    assert {probe.config["devices"] for pool in two.pools for probe in pool.every_probe} == {1}
    assert pools_digest(two.pools) == pools_digest(one.pools)


def test_another_keep_fraction_rate_or_width_starts_no_probe(planned: Callable[..., Plan]) -> None:
    few = planned(sweeps=_kept(), pruning=PRUNING)
    more = planned(
        sweeps=_kept(keep_fraction=[0.25, 0.5], learning_rate=[0.01, 0.1], width=[8, 16]), pruning=PRUNING
    )

    assert pools_digest(more.pools) == pools_digest(few.pools)


def test_each_kind_of_metric_has_its_own_probes(planned: Callable[..., Plan]) -> None:
    both = planned(sweeps=_kept(metric=["el2n", "grand", "aum", "input_norm"]), pruning=PRUNING)
    probes = both.pools[0].probes

    assert {need: len(asked) for need, asked in probes.items()} == {"early": 2, "trajectory": 2, "heldout": 6}
    assert {probe.config["steps"] for probe in probes["trajectory"]} == {500}
    assert [probe.config["learns"] for probe in probes["heldout"]] == ["half 0"] * 3 + ["half 1"] * 3
    alone = planned(sweeps=_kept(), pruning=PRUNING)
    assert alone.pools[0].probes_of("el2n") == both.pools[0].probes_of("el2n")
    assert both.pools[0].probes_of("input_norm") == ()


def test_disputes_are_asked_for_where_hard_examples_are_kept_by_their_labels(
    planned: Callable[..., Plan],
) -> None:
    def wanted(**axes: list[Any]) -> tuple[str, ...]:
        return planned(sweeps=_kept(**axes), pruning=PRUNING).pools[0].metrics

    assert wanted() == ("disputed", "el2n")
    assert wanted(keep=["strata"]) == ("el2n",)
    assert wanted(metric=["input_norm"]) == ("input_norm",)


def test_scoring_is_charged_to_the_runs_that_read_it(planned: Callable[..., Plan]) -> None:
    plan = planned(sweeps=_kept(metric=["random", "el2n", "input_norm"]), pruning=PRUNING)
    table = plan.table().set_index("metric")
    probe = plan.pools[0].probes["early"][0]

    assert table.loc["random", "scoring_flops"].isna().all()
    assert (table.loc["input_norm", "scoring_flops"] == 0).all()
    assert (table.loc["el2n", "scoring_flops"] == 2 * run_cost(probe.config).flops).all()


def test_other_probes_make_another_pool(planned: Callable[..., Plan]) -> None:
    one = planned(sweeps=_kept(), pruning=PRUNING)
    other = planned(sweeps=_kept(), pruning=PRUNING | {"probe_steps": 6})

    assert {pool.pool_id for pool in one.pools}.isdisjoint(pool.pool_id for pool in other.pools)
