"""The verdict on a frontier: planted power laws, exponentials, and curves that only look like one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from benchmarks.verdicts import TRUTHS, planted

from lawbook.laws.frontier import judge, other_forms, pareto
from lawbook.laws.frontier.beyond_power import FORMS, delta_aicc, heldout_errors


def verdicts(truth: str, noise: float, seeds: int, n: int) -> Counter[str]:
    found = (planted(TRUTHS[truth], noise, seeds, seed) for seed in range(n))
    return Counter(judge(pareto(*runs, y="y", draws=150)).verdict for runs in found)


@pytest.mark.parametrize("seeds", [6, 10])
def test_a_power_law_is_one(seeds: int) -> None:
    assert verdicts("power", 0.05, seeds, 40)["power law"] >= 38


@pytest.mark.parametrize("seeds", [6, 10])
def test_an_exponential_beside_a_power_law_beats_it(seeds: int) -> None:
    assert verdicts("exponential", 0.05, seeds, 40)["beats the power law"] >= 36


@pytest.mark.parametrize("truth", ["perceptron", "exponential like its control"])
@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_a_curve_that_is_no_steeper_than_its_control_never_beats_a_power_law(
    truth: str, noise: float
) -> None:
    assert verdicts(truth, noise, 10, 40)["beats the power law"] == 0


def test_a_short_window_decides_nothing() -> None:
    runs, control = planted(TRUTHS["exponential"], 0.05, 10, 0)
    few = pareto(runs[runs["n_train"] <= 1.5], control, y="y", draws=50)
    judged = judge(few)
    assert judged.verdict == "undecided"
    assert "4 points in the whole sweep, and 5 are needed" in judged.reason


def test_a_verdict_leaves_out_first_points_that_lack_a_smaller_pool() -> None:
    runs, control = planted(TRUTHS["exponential"], 0.02, 10, 0)
    whole = judge(pareto(runs, control, y="y", draws=100))
    small = runs["n_train"] <= 1.0
    # At small numbers the pool of half is the best one, and the whole pool was not swept.
    lacking = runs.assign(y=runs["y"] * np.where(small, runs["samples"] ** 2.0, 1.0))
    lacking = lacking[~small | (runs["samples"] > runs["n_train"])]
    found = pareto(lacking, control, y="y", draws=100)
    judged = judge(found)
    assert (judged.x_low, judged.x_high, judged.n_points) == (1.41, 8.0, 6)
    after = found.kept >= 1.41
    assert judged.delta_aicc == pytest.approx(delta_aicc(found.kept[after], found.estimate[after]))
    assert judged.delta_aicc_control == pytest.approx(delta_aicc(found.kept[after], found.control[after]))
    assert judged.steeper == whole.steeper == 4, "of an exponential and 1/x: where 0.6 x > 1"


def test_what_a_verdict_rests_on() -> None:
    judged = judge(pareto(*planted(TRUTHS["exponential"], 0.02, 10, 0), y="y", draws=100))
    assert judged.delta_aicc > 20 > 0 > judged.delta_aicc_control
    assert judged.steeper >= 2
    assert judged.heldout_error_exponential < judged.heldout_error_power
    assert 0 < judged.winners_curse < 0.05
    assert (judged.x_low, judged.x_high, judged.n_points) == (0.5, 8.0, 9)


@pytest.mark.parametrize(
    ("truth", "best", "worse"),
    [("exponential", "exponential", "power_floor"), ("power with a floor", "power_floor", "exponential")],
)
def test_other_forms_are_held_against_a_power_law(truth: str, best: str, worse: str) -> None:
    found = pareto(*planted(TRUTHS[truth], 0.002, 20, 0), y="y", draws=50)
    judged = judge(found)
    table = other_forms(found, judged)
    assert table["form"].tolist() == [*FORMS, *FORMS]
    of_frontier = table[table["part"] == "pruned"].set_index("form")["delta_aicc"]
    assert of_frontier[best] < min(-6.0, of_frontier[worse])
    assert of_frontier["exponential"] == pytest.approx(-judged.delta_aicc, abs=1e-6)
    control = table[table["part"] == "control"].set_index("form")["delta_aicc"]
    assert (control.dropna() > 0).all(), "the control is a power law"
    assert judged.exponential_share == (1.0 if truth == "exponential" else 0.0)


def test_the_forms_of_a_short_window_are_none() -> None:
    runs, control = planted(TRUTHS["exponential"], 0.05, 10, 0)
    few = pareto(runs[runs["n_train"] <= 1.5], control, y="y", draws=50)
    assert other_forms(few, judge(few)).empty
    six = pareto(runs[runs["n_train"] <= 3], control, y="y", draws=50)
    table = other_forms(six, judge(six)).set_index(["part", "form"])["delta_aicc"]
    assert table.loc["pruned"].isna().tolist() == [False, False, False, False, True], "too few for a break"


def test_the_difference_of_aicc_is_that_of_two_lines() -> None:
    rng = np.random.default_rng(0)
    x = np.geomspace(1, 8, 7)
    y = np.exp(-0.4 * x + 0.05 * rng.standard_normal(7))
    rss = []
    for u in (np.log(x), x):
        design = np.stack([np.ones(7), u], axis=1)
        residual = np.log(y) - design @ np.linalg.lstsq(design, np.log(y), rcond=None)[0]
        rss.append(residual @ residual)
    assert delta_aicc(x, y) == pytest.approx(7 * np.log(rss[0] / rss[1]))
    power, exponential = heldout_errors(x, np.exp(-0.4 * x))
    assert exponential < 1e-12 < 0.1 < power
