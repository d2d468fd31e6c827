"""The choice of a law for a target: what is held out, which candidates there are, and that predictions hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.laws.automatic import RULES, automatic, candidates
from lawbook.laws.automatic.folds import folds
from lawbook.laws.automatic.library import Inputs
from lawbook.laws.formulas import formula


def surface(noise: float, seed: int = 0) -> pd.DataFrame:
    """Return runs of Chinchilla's law."""
    rng = np.random.default_rng(seed)
    N, D = (column.ravel() for column in np.meshgrid(np.geomspace(1e7, 1e9, 7), np.geomspace(1e9, 3e10, 7)))
    y = (1.8 + 480 / N**0.35 + 2080 / D**0.37) * np.exp(noise * rng.standard_normal(len(N)))
    return pd.DataFrame({"N": N, "D": D, "loss": y})


def test_the_last_quarter_towards_the_target_is_held_out() -> None:
    x = np.column_stack([np.tile([1.0, 10.0, 100.0, 1e3], 4), np.repeat([1.0, 10.0, 100.0, 1e3], 4)])
    split = folds(x, np.array([[1e6, 30.0]]))
    assert (x[split.test[1], 0] == 1e3).all()
    assert not (split.train & split.test).any()
    assert split.train.sum(axis=1).tolist() == [8, 12]
    outwards = folds(x, None)
    assert x[outwards.test[1]].prod(axis=1).min() >= x[outwards.train[1]].prod(axis=1).max()


def test_a_target_amid_the_points_holds_out_those_nearest_to_it() -> None:
    x = np.geomspace(1, 1e4, 16)[:, None]
    split = folds(x, np.array([[100.0]]))
    assert (
        np.abs(np.log(x[split.test[1]] / 100)).max() <= np.abs(np.log(x[split.train[1]] / 100)).min() + 1e-12
    )


@pytest.mark.parametrize(
    ("names", "low", "kind"),
    [
        (["N", "D"], 1e3, ("sizes", (0, 1))),
        (["learning_rate", "N"], 1e-3, ("choices", (0,))),
        (["lr", "bsz", "params"], 1e-3, ("choices", (0, 1))),
        (["unique_tokens", "tokens"], 1e3, ("unique", 0)),
    ],
)
def test_inputs_are_sorted_into_kinds(names: list[str], low: float, kind: tuple[str, object]) -> None:
    x = np.exp(np.random.default_rng(0).uniform(np.log(low), np.log(1e3 * low), (20, len(names))))
    assert getattr(Inputs.of(names, x, -np.log(x).sum(axis=1)), kind[0]) == kind[1]


@pytest.mark.parametrize(
    "names",
    [
        ["x"],
        ["N", "D"],
        ["params", "tokens", "unique_tokens"],
        ["lr", "bsz", "N", "D"],
        ["E", "A", "c"],
        ["a b", "exp", "in"],
    ],
)
def test_every_candidate_is_a_law_of_these_columns(names: list[str]) -> None:
    x = np.exp(np.random.default_rng(0).uniform(0, 9, (40, len(names))))
    found = candidates(names, x, 2 + np.exp(-0.1 * np.log(x).sum(axis=1)))
    assert len({each.name for each in found}) == len(found) >= 5
    for each in found:
        assert set(formula(each.formula, names).inputs) <= set(names)
        assert each.source


def test_shares_of_a_mixture_have_laws_of_their_own() -> None:
    x = np.random.default_rng(0).dirichlet(np.ones(3), 30)
    names = [each.name for each in candidates(["web", "code", "books"], x, 3 - x[:, 0])]
    assert names[:2] == ["mixing", "mixing_without_floor"]


def test_a_planted_surface_is_predicted_and_the_truth_lies_in_most_intervals() -> None:
    N, D = 7e10, 1.4e12
    target = pd.DataFrame({"N": [N], "D": [D]})
    truth = 1.8 + 480 / N**0.35 + 2080 / D**0.37
    answers = [automatic(surface(0.002, seed), y="loss", x=["N", "D"], target=target) for seed in range(4)]
    rows = [found.predictions.iloc[0] for found in answers]
    assert [row["estimate"] for row in rows] == pytest.approx([truth] * 4, rel=0.03)
    assert sum(row["low"] < truth < row["high"] for row in rows) >= 3
    found, row = answers[0], rows[0]
    assert row["least"] <= row["estimate"] <= row["most"]
    assert set(found.rules) == set(RULES)
    assert found.table["used"].sum() == len(found.used) == 5
    assert len({each.law.formula for each in found.used}) == 5
    assert found.table["score"].is_monotonic_increasing


def test_a_target_changes_what_is_held_out_and_no_y_of_it_is_needed() -> None:
    table = surface(0.002)
    by_size = automatic(table, y="loss", x=["N", "D"])
    assert by_size.predictions[["N", "D"]].to_numpy().tolist() == [[4e9, 1.2e11]]
    towards_data = automatic(table, y="loss", x=["N", "D"], target=pd.DataFrame({"N": [1e7], "D": [1e13]}))
    assert by_size.table["error_outer"].tolist() != towards_data.table["error_outer"].tolist()


def test_the_order_of_the_inputs_is_that_of_x() -> None:
    table, target = surface(0.002), pd.DataFrame({"N": [1e10], "D": [1e11]})
    one = automatic(table, y="loss", x=["N", "D"], target=target)
    other = automatic(table, y="loss", x=["D", "N"], target=target)
    assert list(other.predictions)[:2] == ["D", "N"]
    assert other.predictions["estimate"][0] == pytest.approx(one.predictions["estimate"][0], rel=1e-4)


def test_a_y_that_is_negative_is_predicted_on_its_own_scale() -> None:
    table = surface(0.002)
    found = automatic(
        table.assign(gain=table["loss"] - 5),
        y="gain",
        x=["N", "D"],
        target=pd.DataFrame({"N": [1e10], "D": [1e11]}),
    )
    truth = -3.2 + 480 / 1e10**0.35 + 2080 / 1e11**0.37
    assert found.predictions["estimate"][0] == pytest.approx(truth, abs=0.05)


def test_too_few_points_are_one_message() -> None:
    with pytest.raises(LawbookError, match="too few for any candidate"):
        automatic(surface(0.0).head(4), y="loss", x=["N", "D"])
