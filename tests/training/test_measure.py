"""Measuring changes no run, and has the same bits alone, stacked, resumed, from saved weights and by training again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
import yaml

from lawbook.errors import AbandonedError, LawbookError
from lawbook.measurements import measurements
from lawbook.studies.identity import Run, run_id
from lawbook.training import stack as stack_module
from lawbook.training.cache import Cache, Cached
from lawbook.training.checkpoint import Checkpoint
from lawbook.training.measure import Request
from lawbook.training.shard import train_shard
from lawbook.training.stack import train_stack

from .conftest import Configure

OPTIONS = Path(__file__).parents[1] / "measurements" / "options"
"""Options with which a dear measurement takes a moment: NAME.yaml."""


@pytest.fixture(autouse=True)
def _processor_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what is checked once for each processor."""
    monkeypatch.setattr("lawbook.training.shard.require_exact", lambda *_: None)


def asked(*names: str, code: str = "1") -> list[Request]:
    """Return requests of some measurements, by default of all."""
    found = []
    for name in names or measurements:
        file = OPTIONS / f"{name}.yaml"
        options = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
        found.append(Request(name, measurements[name].model_validate(options), code))
    return found


def varied(configure: Configure) -> list[dict[str, Any]]:
    """Return runs that differ in their examples, and of which one diverges."""
    rates, samples = [1e-3, 3e-3, 1e9, 1e-2], [64, 150, 200, 150]
    return [
        configure(seed=i, learning_rate=rates[i], samples=samples[i], steps=12, optimizer="sgd")
        for i in range(4)
    ]


def runs_of(configs: Sequence[dict[str, Any]]) -> list[Run]:
    return [Run(run_id(config), config) for config in configs]


def of_metrics(curves: pd.DataFrame) -> pd.DataFrame:
    return curves[curves["split"].notna()].reset_index(drop=True)


def test_measuring_changes_no_bit_of_a_run(configure: Configure) -> None:
    configs = varied(configure)
    plain, measured = train_stack(configs), train_stack(configs, requests=asked())
    torch.testing.assert_close(measured.stacked, plain.stacked, rtol=0, atol=0, equal_nan=True)
    assert str(measured.curve) == str(plain.curve)
    assert set(measured.measured) == {*plain.curve, 3}, "kernels are asked for at a step without evaluation"


def test_alone_and_in_any_stack_the_values_have_the_same_bits(configure: Configure) -> None:
    configs = varied(configure)
    whole = train_stack(configs, requests=asked()).measured
    for chosen in ([0], [1], [3, 2]):
        part = train_stack([configs[i] for i in chosen], requests=asked()).measured
        assert str(part) == str(
            {
                step: {name: [values[i] for i in chosen] for name, values in columns.items()}
                for step, columns in whole.items()
            }
        )


def test_after_a_stop_the_values_have_the_same_bits(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step_by_step: None
) -> None:
    configs = varied(configure)[:2]
    whole = train_stack(configs, requests=asked()).measured
    checkpoint, looks = Checkpoint(tmp_path, "stack"), iter(range(1000))
    with monkeypatch.context() as stopped:
        stopped.setattr(stack_module, "why_unwanted", lambda: "stop" if next(looks) == 6 else None)
        with pytest.raises(AbandonedError):
            train_stack(configs, checkpoint=checkpoint, requests=asked())
    taken: list[int] = []
    measure = stack_module.StackedRuns.measure
    monkeypatch.setattr(
        stack_module.StackedRuns, "measure", lambda self, step: taken.append(step) or measure(self, step)
    )
    assert str(train_stack(configs, checkpoint=checkpoint, requests=asked()).measured) == str(whole)
    assert taken
    assert min(taken) > 6


def test_a_diverged_run_has_no_value_from_that_step_on_and_a_vector_keeps_its_length(
    configure: Configure, tmp_path: Path
) -> None:
    runs = runs_of(varied(configure))
    curves, outcomes = train_shard(runs, shard="a", cache=tmp_path, code="1", requests=asked())
    step = outcomes.set_index("run_id").loc[runs[2].run_id, "diverged_step"]
    rows = curves[curves["run_id"] == runs[2].run_id]
    assert rows["value"][rows["step"] >= step].isna().all()
    others = curves[(curves["run_id"] != runs[2].run_id) & curves["metric"].ne("effective_rank")]
    assert others["value"].notna().all()
    lengths = curves[curves["metric"] == "singular_values"].groupby(["run_id", "step"])["index"].agg(list)
    assert {tuple(found) for found in lengths} == {tuple(range(10))}
    assert len(lengths) == len(runs) * curves.loc[curves["split"].notna(), "step"].nunique()


def test_a_measurement_that_is_added_is_taken_by_itself_from_saved_weights(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = runs_of(varied(configure))
    ids = [run.run_id for run in runs]
    everything = [*asked("weight_norm", "sharpness", "singular_values", "activation_scale")]
    whole, with_training = train_shard(runs, shard="a", cache=tmp_path / "b", code="1", requests=everything)
    plain, _ = train_shard(runs, shard="a", cache=tmp_path / "a", code="1", keep=ids)
    monkeypatch.setattr("lawbook.training.shard.train_stack", None)

    curves, outcomes = train_shard(runs, shard="a", cache=tmp_path / "a", code="1", requests=everything)

    assert with_training["measured"].tolist() == ["with training"] * 4
    assert outcomes["measured"].tolist() == ["from saved weights"] * 4
    assert outcomes["cached"].all()
    pd.testing.assert_frame_equal(curves, whole)
    pd.testing.assert_frame_equal(of_metrics(curves), of_metrics(plain))
    again, outcomes = train_shard(runs, shard="a", cache=tmp_path / "a", code="1", requests=everything)
    assert outcomes["measured"].tolist() == ["from the cache"] * 4
    pd.testing.assert_frame_equal(again, curves)


def test_without_saved_weights_a_run_is_trained_again_and_measured_of_what_it_lacks_alone(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = runs_of(varied(configure))
    plain, before = train_shard(runs[:3], shard="a", cache=tmp_path, code="1", requests=asked("dead_units"))
    assert before["measured"].tolist() == ["with training"] * 3
    whole, _ = train_shard(
        runs, shard="a", cache=tmp_path / "b", code="1", requests=asked("dead_units", "gradient_norm")
    )
    trained: list[tuple[int, list[str]]] = []
    monkeypatch.setattr(
        "lawbook.training.shard.train_stack",
        lambda configs, *rest, **more: (
            trained.append((len(configs), [one.name for one in more["requests"]]))
            or train_stack(configs, *rest, **more)
        ),
    )

    curves, outcomes = train_shard(
        runs[:3], shard="a", cache=tmp_path, code="1", requests=asked("dead_units", "gradient_norm")
    )
    assert trained == [(3, ["gradient_norm"])]
    assert outcomes["measured"].tolist() == ["by training again"] * 3
    pd.testing.assert_frame_equal(of_metrics(curves), of_metrics(plain))
    known = whole[whole["run_id"].isin(curves["run_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(curves, known)

    _, outcomes = train_shard(
        runs, shard="a", cache=tmp_path, code="1", requests=asked("dead_units", "gradient_norm")
    )
    assert trained[1:] == [(1, ["dead_units", "gradient_norm"])], "one run more trains that one alone"
    assert sorted(outcomes["measured"]) == ["from the cache"] * 3 + ["with training"]


def test_other_code_of_a_measurement_takes_that_one_again(configure: Configure, tmp_path: Path) -> None:
    runs = runs_of(varied(configure)[:2])
    ids = [run.run_id for run in runs]
    train_shard(runs, shard="a", cache=tmp_path, code="1", requests=asked("weight_norm"), keep=ids)
    other = [*asked("weight_norm", code="2")]
    _, outcomes = train_shard(runs, shard="a", cache=tmp_path, code="1", requests=other)
    assert outcomes["measured"].tolist() == ["from saved weights"] * 2
    assert outcomes["cached"].all()


def test_a_run_that_comes_out_differently_when_trained_again_is_refused(
    configure: Configure, tmp_path: Path
) -> None:
    runs = runs_of(varied(configure)[:1])
    train_shard(runs, shard="a", cache=tmp_path, code="1")
    (file,) = tmp_path.rglob("*.parquet")
    cache = Cache(file.parent, "curves")
    key = pd.read_parquet(file)["key"].iloc[0]
    found = cache.load([key])[key]
    file.unlink()
    cache.store({key: Cached(found.table.assign(value=found.table["value"] * (1 + 1e-15)), found.row)})
    with pytest.raises(LawbookError, match=f"run {runs[0].run_id}, trained again"):
        train_shard(runs, shard="a", cache=tmp_path, code="1", requests=asked("weight_norm"))
