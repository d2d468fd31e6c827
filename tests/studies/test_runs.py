"""Runs and their identity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lawbook.errors import StudyError
from lawbook.studies import Plan
from lawbook.studies.cost import predict_cost
from lawbook.studies.identity import effective, examples_seen, reads_scores, run_id

CONFIG: dict[str, Any] = {
    "task": "digits", "samples": 1297, "fold": 0, "label_noise": 0.0,
    "model": "mlp", "width": 16, "depth": 1,
    "optimizer": "adamw", "learning_rate": 0.003, "weight_decay": 0.0, "momentum": 0.0, "schedule": "constant",
    "warmup": 0.0, "batch_size": 32, "steps": 100, "gradient_clip": None, "evaluations": 10, "dtype": "float32",
    "device": "cpu", "keep_fraction": 1.0, "metric": "random", "keep": "hard", "probes": 6, "probe_steps": 75,
    "seed": 0,
}  # fmt: skip

FROZEN: list[tuple[dict[str, Any], str]] = [
    ({}, "b1a0aaf073d64b1f"),
    ({"seed": 7}, "b71b912ebc4aac2a"),
    ({"width": 512, "depth": 3}, "637485255c9162c5"),
    ({"samples": 32, "fold": 4}, "771687285d94b5c7"),
    ({"label_noise": 1.0}, "a88b5c614ac50d7b"),
    ({"learning_rate": 1e-4, "weight_decay": 0.01}, "612a39c8720ee12e"),
    ({"optimizer": "sgd", "momentum": 0.9, "schedule": "cosine", "warmup": 0.1}, "9cfce8c62346d648"),
    ({"keep_fraction": 0.5}, "2f0470cac834b4aa"),
    (
        {"keep_fraction": 0.25, "metric": "el2n", "keep": "easy", "probes": 2, "probe_steps": 40},
        "97e5e885c3fd5490",
    ),
    (
        {"dtype": "float64", "gradient_clip": 1.0, "evaluations": 3, "steps": 500, "batch_size": 64},
        "c7cc0cd0d2c2aeac",
    ),
]
"""Identities that must never change: the cache and every published table refer to them."""


@pytest.mark.parametrize(("axes", "identity"), FROZEN)
def test_identities_are_frozen(axes: dict[str, Any], identity: str) -> None:
    assert run_id(CONFIG | axes) == identity


@pytest.mark.parametrize(
    "axes",
    [
        {"device": "cuda"},
        {"devices": 4, "strategy": "ddp"},
        {"precision": "full"},
        {"metric": "el2n"},
        {"keep": "easy", "probes": 3, "probe_steps": 9},
        {"momentum": 0.9},
        {"converged_within": None},
    ],
)
def test_what_has_no_effect_does_not_enter(axes: dict[str, Any]) -> None:
    assert run_id(CONFIG | axes) == run_id(CONFIG)


def test_mixed_precision_makes_another_run() -> None:
    assert run_id(CONFIG | {"precision": "bf16-mixed"}) != run_id(CONFIG)


def test_random_pruning_does_not_depend_on_probes() -> None:
    pruned = CONFIG | {"keep_fraction": 0.5}

    assert run_id(pruned) == run_id(pruned | {"probes": 3, "probe_steps": 9, "keep": "easy"})
    assert not reads_scores(pruned)
    assert reads_scores(pruned | {"metric": "el2n"})


@given(st.permutations(sorted(CONFIG)))
def test_the_order_of_fields_does_not_matter(names: list[str]) -> None:
    assert run_id({name: CONFIG[name] for name in names}) == run_id(CONFIG)


@given(
    st.sampled_from(["seed", "width", "samples", "steps", "batch_size", "fold"]),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_runs_that_differ_have_different_identities(axis: str, one: int, other: int) -> None:
    same = run_id(CONFIG | {axis: one}) == run_id(CONFIG | {axis: other})

    assert same == (one == other)


def test_neutral_values_leave_the_identity() -> None:
    assert "label_noise" not in effective(CONFIG)
    assert "label_noise" in effective(CONFIG | {"label_noise": 0.5})


def test_a_product_a_zip_and_a_union(planned: Callable[..., Plan]) -> None:
    axes = {"samples": [64, 128], "seed": [0, 1]}
    product, zipped = {"axes": axes}, {"axes": axes, "combine": "zip"}

    def pairs(sweep: dict[str, Any]) -> list[tuple[int, int]]:
        return [(run.config["samples"], run.config["seed"]) for run in planned(sweeps={"data": sweep}).runs]

    assert pairs(product) == [(64, 0), (64, 1), (128, 0), (128, 1)]
    assert pairs(zipped) == [(64, 0), (128, 1)]
    assert pairs({"union": [zipped, {"axes": {"seed": [5]}, "set": {"samples": 32}}]}) == [
        (64, 0),
        (128, 1),
        (32, 5),
    ]


def test_a_zip_keeps_repeated_values_and_a_product_takes_each_once(planned: Callable[..., Plan]) -> None:
    axes = {"samples": [32, 64, 32, 64], "seed": [0, 0, 1, 1]}
    found = {
        combine: sorted(
            (run.config["samples"], run.config["seed"])
            for run in planned(sweeps={"grid": {"axes": axes, "combine": combine}}).runs
        )
        for combine in ("zip", "product")
    }
    assert found["zip"] == found["product"] == [(32, 0), (32, 1), (64, 0), (64, 1)]


def test_a_run_that_two_sweeps_ask_for_is_one_run_of_both(planned: Callable[..., Plan]) -> None:
    plan = planned(
        sweeps={
            "data": {"axes": {"samples": [64, 1297], "seed": [0]}},
            "width": {"axes": {"width": [8, 16], "seed": [0]}},
        }
    )

    assert [run.sweeps for run in plan.runs] == [("data",), ("data", "width"), ("width",)]


def test_a_value_takes_the_type_of_its_axis(planned: Callable[..., Plan]) -> None:
    as_float = planned(sweeps={"data": {"axes": {"samples": [64.0], "learning_rate": [1]}}})
    as_whole = planned(sweeps={"data": {"axes": {"samples": [64], "learning_rate": [1.0]}}})

    assert [run.run_id for run in as_float.runs] == [run.run_id for run in as_whole.runs]


def test_a_grid_too_large_to_be_meant_is_refused_before_it_is_made(planned: Callable[..., Plan]) -> None:
    rates = {"log10": [1e-3, 1.0, 50_000]}
    axes = {"seed": {"count": 50_000}, "learning_rate": rates, "weight_decay": rates}

    with pytest.raises(StudyError, match=r"125,000,000,000,000 runs; keep it below 1,000,000"):
        planned(sweeps={"data": {"axes": axes}})


def test_a_grid_over_kept_and_samples_is_a_triangle_of_the_same_runs_as_keep_fractions(
    planned: Callable[..., Plan],
) -> None:
    triangle = planned(sweeps={"kept": {"axes": {"kept": [32, 64], "samples": [32, 64, 128]}}}).runs
    shares = [(run.config["kept"], run.config["samples"], run.config["keep_fraction"]) for run in triangle]

    assert shares == [(32, 32, 1.0), (32, 64, 0.5), (32, 128, 0.25), (64, 64, 1.0), (64, 128, 0.5)]
    by_share = planned(sweeps={"kept": {"axes": {"keep_fraction": [0.25, 0.5], "samples": [128]}}}).runs
    assert {run.run_id for run in by_share} == {triangle[2].run_id, triangle[4].run_id}


def test_epochs_of_growing_batches_are_as_many_examples(planned: Callable[..., Plan]) -> None:
    axes = {"batch_growth": [1, 2, 8], "epochs": [4]}
    runs = planned(
        sweeps={"growth": {"axes": axes, "set": {"growth_step": 16, "batch_size": 8, "samples": 128}}}
    ).runs
    assert {run.config["batch_growth"]: run.config["steps"] for run in runs} == {1: 64, 2: 40, 8: 22}
    assert {examples_seen(run.config, run.config["steps"]) for run in runs} == {512}
    assert len({predict_cost(run.config).flops for run in runs}) == 1
    still = next(run for run in runs if run.config["batch_growth"] == 1)
    assert not {"batch_growth", "growth_step", "growth_rate"} & effective(still.config).keys()


def test_equal_epochs_set_the_steps(planned: Callable[..., Plan]) -> None:
    axes = {"samples": [64, 128], "keep_fraction": [0.5, 1.0], "epochs": [4]}
    runs = planned(sweeps={"epochs": {"axes": axes}}).runs

    assert [run.config["steps"] for run in runs] == [8, 16, 16, 32]
    same = planned(sweeps={"steps": {"axes": {"samples": [64], "steps": [16]}}}).runs[0]
    assert same.run_id == runs[1].run_id


def test_compute_sets_the_nearest_steps_and_leaves_out_what_cannot_take_one(
    planned: Callable[..., Plan],
) -> None:
    # A step of width w is 3 · 2 · (64 w + 10 w) · 16 FLOPs.
    step = {8: 56_832, 64: 454_656}
    axes = {"compute": [1e5, 1e6, 1e7], "width": [8, 64]}
    plan = planned(sweeps={"budgets": {"axes": axes}})
    cells = [(r.config["compute"], r.config["width"], r.config["steps"]) for r in plan.runs]

    assert cells == [(1e5, 8, 2), (1e6, 8, 18), (1e6, 64, 2), (1e7, 8, 176), (1e7, 64, 22)]
    assert all(steps == round(c / step[w]) for c, w, steps in cells)
    table = plan.table()
    assert table["compute"].tolist() == [c for c, *_ in cells]
    assert table["flops"].tolist() == [step[w] * steps for _, w, steps in cells]
    same = planned(sweeps={"steps": {"axes": {"width": [64], "steps": [22]}}}).runs[0]
    assert same.run_id == plan.runs[-1].run_id


@pytest.mark.parametrize(
    ("axes", "without_effect"),
    [
        ({"metric": "el2n"}, {"trajectory_steps": 9}),
        ({"metric": "aum"}, {"probe_steps": 9}),
        ({"metric": "input_norm"}, {"probes": 3, "probe_steps": 9, "trajectory_steps": 9}),
        ({"metric": "random"}, {"drop_hardest": 0.1, "keep": "strata"}),
    ],
)
def test_only_what_a_metric_reads_enters(axes: dict[str, Any], without_effect: dict[str, Any]) -> None:
    pruned = CONFIG | {"keep_fraction": 0.5, "trajectory_steps": 500, "drop_hardest": 0.0} | axes

    assert run_id(pruned) == run_id(pruned | without_effect)
    if axes["metric"] != "random":
        assert run_id(pruned) != run_id(pruned | {"keep": "strata"}) != run_id(pruned | {"drop_hardest": 0.1})


@pytest.mark.parametrize("turned", [False, True])
def test_what_has_no_effect_is_recorded_alike_in_whatever_order_it_is_asked_for(
    planned: Callable[..., Plan], turned: bool
) -> None:
    def order(values: list[Any]) -> list[Any]:
        return values[::-1] if turned else values

    pruned = {
        "axes": {
            "kept": order([20, 40]),
            "metric": order(["random", "el2n"]),
            "keep": order(["hard", "easy"]),
        },
        "set": {"samples": 40},
    }
    whole = {"axes": {"samples": [40, 80]}}
    sweeps = dict(order([("pruned", pruned), ("whole", whole)]))
    runs = {run.run_id: run.config for run in planned(sweeps=sweeps).runs}
    said = sorted((c["samples"], c["kept"] or 0, c["metric"], c["keep"]) for c in runs.values())
    assert said == [
        (40, 20, "el2n", "easy"),
        (40, 20, "el2n", "hard"),
        (40, 20, "random", "hard"),
        (40, 40, "random", "hard"),
        (80, 0, "random", "hard"),
    ]


@pytest.mark.parametrize(("keep", "drop"), [(0.1, 0.9), (0.2, 0.8), (0.4, 0.6), (0.3, 0.7)])
def test_all_but_the_dropped_may_be_kept(planned: Callable[..., Plan], keep: float, drop: float) -> None:
    axes = {"metric": ["el2n"], "keep_fraction": [keep], "drop_hardest": [drop]}
    assert len(planned(sweeps={"pruned": {"axes": axes, "set": {"samples": 100}}}).runs) == 1
