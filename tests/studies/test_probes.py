"""Probes: which pools are scored, and by which models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lawbook.studies import Plan, pools_digest

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
    assert all(len(pool.probes) == 2 for pool in plan.pools)
    assert len({probe.run_id for pool in plan.pools for probe in pool.probes}) == 8
    probe = plan.pools[0].probes[0].config
    assert (probe["steps"], probe["keep_fraction"], probe["samples"]) == (5, 1.0, 64)


def test_another_keep_fraction_rate_or_width_starts_no_probe(planned: Callable[..., Plan]) -> None:
    few = planned(sweeps=_kept(), pruning=PRUNING)
    more = planned(
        sweeps=_kept(keep_fraction=[0.25, 0.5], learning_rate=[0.01, 0.1], width=[8, 16]), pruning=PRUNING
    )

    assert pools_digest(more.pools) == pools_digest(few.pools)


def test_other_probes_make_another_pool(planned: Callable[..., Plan]) -> None:
    one = planned(sweeps=_kept(), pruning=PRUNING)
    other = planned(sweeps=_kept(), pruning=PRUNING | {"probe_steps": 6})

    assert {pool.pool_id for pool in one.pools}.isdisjoint(pool.pool_id for pool in other.pools)
