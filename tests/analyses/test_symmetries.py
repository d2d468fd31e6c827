"""The search for scaling symmetries: on a problem solved in one line, on the SGD oracle, and where it has no answer."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from tests.analyses.descents import AXES, HYPERPARAMETERS, SETTINGS, descents, neighbours
from tests.analyses.drawn import content_of, written
from tests.analyses.oracle_runs import oracle_runs

from lawbook.analyses.symmetries.answer import answer
from lawbook.analyses.symmetries.block import SymmetriesBlock
from lawbook.analyses.symmetries.compute import symmetry_tables
from lawbook.analyses.symmetries.notices import notices
from lawbook.analyses.symmetries.points import find_stars, lacking
from lawbook.analyses.symmetries.quantities.symmetry_count import symmetry_count
from lawbook.analyses.symmetries.quantities.symmetry_deviation import symmetry_deviation
from lawbook.analyses.symmetries.quantities.symmetry_exponent import symmetry_exponent
from lawbook.analyses.symmetries.quantities.symmetry_value import symmetry_value
from lawbook.analyses.symmetries.section import symmetry_tables as shown_tables
from lawbook.errors import LawbookError
from lawbook.results.selection import of_sweep


def block(**keys):
    given = {
        "sweep": "near",
        "hyperparameters": [*HYPERPARAMETERS],
        "rescaled": "rescaled",
        "unscaled": "unscaled",
    }
    symbols = {"strength": "s", "input_scale": "κ", "test_loss": "L"}
    return SymmetriesBlock(**given | {"symbols": symbols} | keys)


@pytest.fixture(scope="module")
def found():
    return symmetry_tables(block(), *descents(), AXES)


def test_the_symmetries_of_descent_on_a_parabola_are_found(found):
    summary = found["summary"].iloc[0]
    assert (summary["symmetries"], summary["low"], summary["high"], summary["status"]) == (2, 2, 2, "ok")
    assert (summary["n_settings"], summary["n_points"], summary["n_left_out"]) == (3, 12, 0)
    exponents = found["exponents"].pivot_table(index="symmetry", columns="of", values="value")
    truth = {"strength": [1, 0, 0, 2], "input_scale": [0, 1, -2, 2]}
    for symmetry, wanted in truth.items():
        row = exponents.loc[symmetry, [*HYPERPARAMETERS, "test_loss"]]
        np.testing.assert_allclose(row, wanted, atol=1e-6)
    assert found["exponents"]["text"].tolist() == ["1", "0", "0", "2", "0", "1", "-2", "2"]
    assert (found["exponents"]["low"] <= found["exponents"]["value"]).all()
    assert found["groups"]["group"].tolist() == ["η·κ²", "L/(s²·κ²)"]


def test_curves_of_one_group_are_one_and_others_are_not(found):
    summary = found["summary"].iloc[0]
    assert (summary["n_rescaled"], summary["n_classes"]) == (6, 1)
    assert summary["deviation"] < 1e-13
    last = np.log([(1 - 0.1 * k**2) ** 16 for k in (0.5, 1.0, 2.0)] * 2)
    assert summary["spread_unscaled"] == pytest.approx(last.std(ddof=1), rel=1e-9)


def test_what_breaks_a_symmetry_leaves_the_other_and_is_no_deviation_but_a_result():
    tables = symmetry_tables(block(), *descents(extra=0.2), AXES)
    summary = tables["summary"].iloc[0]
    assert (summary["symmetries"], summary["first"] > 1e-3) == (1, True)
    assert tables["groups"]["group"].tolist() == ["κ", "η", "L/s²"]
    assert summary["n_classes"] == 2  # the strength alone is free: three runs for each κ, none of them off
    assert summary["deviation"] < 1e-13


def test_a_shipped_task_without_a_symmetry_is_said_to_have_none(tmp_path):
    """The SGD oracle with label noise: rate and noise enter by themselves, and no exponent of a spectrum is a scale."""
    base = {"modes": 8, "batch_size": 4, "steps": 40, "learning_rate": 0.2, "noise_variance": 0.3}
    names = ["learning_rate", "noise_variance"]
    configs = [
        base | setting | {name: {**base, **setting}[name] * (1 + times * 1e-3)}
        for setting in ({}, {"learning_rate": 0.1, "noise_variance": 0.05})
        for name in names
        for times in ((-2, -1, 0, 1, 2) if name == names[0] else (-2, -1, 1, 2))
    ]
    runs, curves = oracle_runs(configs, evaluations=8)
    asked = block(sweep="all", hyperparameters=names, rescaled=None, unscaled=None, symbols={})
    tables = symmetry_tables(asked, runs, curves, [*names, "modes", "batch_size", "steps", "seed"])
    assert tables["summary"]["symmetries"].item() == 0
    results = written("symmetries", tables, tmp_path)
    shown = shown_tables("planted", asked, results.analysis("symmetries", "planted"))
    assert shown.sentences[0].startswith("No scaling symmetry.")
    assert not shown.rows
    assert list(answer(content_of("symmetries", asked), results)) == [
        "planted has no scaling symmetry: all 2 hyperparameters matter by themselves"
    ]


def test_claims_read_what_was_found(found, tmp_path):
    tables = written("symmetries", found, tmp_path).analysis("symmetries", "planted")
    runs = pd.DataFrame()
    assert symmetry_count(tables, runs) == (2, 2, 2, 39)
    value, low, high, _ = symmetry_value(tables, runs, 3)
    assert low < value < high
    assert value > 1e-3
    assert symmetry_value(tables, runs, 1)[0] < 1e-6
    assert symmetry_exponent(tables, runs, "input_scale", "learning_rate")[0] == pytest.approx(-2, abs=1e-6)
    assert np.isnan(symmetry_exponent(tables, runs, "learning_rate", "strength")[0])
    worst, _, _, n_runs = symmetry_deviation(tables, runs)
    assert (worst < 1e-13, n_runs) == (True, 6)
    with pytest.raises(LawbookError, match="write 1 to 4"):
        symmetry_value(tables, runs, 5)
    with pytest.raises(LawbookError, match="of = 'lerning_rate'"):
        symmetry_exponent(tables, runs, "strength", "lerning_rate")


def test_the_page_tells_symmetries_in_products_of_powers(found, tmp_path):
    results = written("symmetries", found, tmp_path)
    shown = shown_tables("planted", block(), results.analysis("symmetries", "planted"))
    assert [row[0] for row in shown.rows] == [
        "s → s·f gives L → L·f²",
        "κ → κ·f, η → η/f² gives L → L·f²",
    ]
    first, second, third, fourth = shown.sentences
    assert first.startswith("2 scaling symmetries. Of 4 singular values the smallest 2 are at most")
    assert second.startswith(
        "So of 3 hyperparameters 1 number matters: η·κ². Runs of one seed that agree in it have"
    )
    assert third.startswith("Tested on 6 runs far apart")
    assert fourth.startswith("Where s and κ vary and nothing else follows")
    assert (
        shown.symbols == "Written s for strength, κ for input scale, η for learning rate and L for test loss."
    )
    content = content_of("symmetries", block())
    assert list(answer(content, results)) == [
        "of 3 hyperparameters of planted, L/(s²·κ²) depends on η·κ² alone"
    ]
    assert not list(notices(content, results))


def test_rough_derivatives_and_few_points_are_refused_with_the_reason(tmp_path):
    rough = symmetry_tables(block(), *descents(noise=1e-3), AXES)
    summary = rough["summary"].iloc[0]
    assert (summary["status"], summary["n_points"]) == ("refused", 0)
    assert "12 of 12 points are left out" in summary["notes"]
    assert rough["exponents"].empty
    few = symmetry_tables(block(last_step=1), *descents(sweeps={"near": neighbours()[:26]}), AXES)
    codes = [note["code"] for note in json.loads(few["summary"]["notes"].item())]
    assert codes == ["few_points"]
    results = written("symmetries", few, tmp_path)
    shown = shown_tables("planted", block(), results.analysis("symmetries", "planted"))
    assert shown.sentences[0].startswith("No answer from 2 points")
    assert [code for code, _ in notices(content_of("symmetries", block()), results)] == ["few_points"]
    assert np.isnan(symmetry_count(results.analysis("symmetries", "planted"), pd.DataFrame())[0])


def test_lost_runs_take_their_points_with_them_and_are_counted():
    runs, curves = descents()
    near = of_sweep(runs, "near")["run_id"].iloc[3]
    lost = runs.assign(status=np.where(runs["run_id"] == near, "diverged", "ok"))
    summary = symmetry_tables(block(), lost, curves, AXES)["summary"].iloc[0]
    assert (summary["n_settings"], summary["n_lost"], summary["symmetries"]) == (2, 1, 2)
    assert "1 run diverged" in summary["notes"]
    with pytest.raises(LawbookError, match="no metric 'test_los'"):
        symmetry_tables(block(y="test_los"), runs, curves, AXES)
    with pytest.raises(LawbookError, match="no column 'momentum'"):
        symmetry_tables(block(hyperparameters=["momentum"]), runs, curves, AXES)


def test_a_setting_needs_two_neighbours_on_each_side_along_everything():
    configs = [dict(zip(HYPERPARAMETERS, each, strict=True)) for each in neighbours()]
    stars = find_stars(configs, HYPERPARAMETERS)
    assert [tuple(configs[star.centre].values()) for star in stars] == list(SETTINGS)
    assert all(len(arm) == 5 and arm[2] == star.centre for star in stars for arm in star.arms)
    without = [config for config in configs if config["learning_rate"] <= 0.3]
    assert len(find_stars(without, HYPERPARAMETERS)) == 2
    assert lacking(configs[:5], HYPERPARAMETERS) == "input_scale"
