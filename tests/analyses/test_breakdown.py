"""Breaks of power laws: a table with its evaluations becomes curves, and known causes are held against those found."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.analyses.drawn import content_of, written
from tests.analyses.oracle_runs import oracle_runs

from lawbook.analyses.breakdown.answer import answer
from lawbook.analyses.breakdown.block import BreakdownBlock
from lawbook.analyses.breakdown.compute import breakdown_tables
from lawbook.analyses.breakdown.quantities.diagnosed_share import diagnosed_share
from lawbook.analyses.breakdown.quantities.misdiagnosed_share import misdiagnosed_share
from lawbook.analyses.breakdown.section import cause_table
from lawbook.errors import LawbookError
from lawbook.results.reader import Results
from lawbook.seeds import generator
from lawbook.storage.status import UNDECIDED

STUDIES = Path(__file__).parents[2] / "config/studies"
SIZES = [8, 16, 32, 64, 128, 256, 512]
BLOCK = BreakdownBlock(x="size", steps="steps", by=["set"], planted="planted")


def planted(seeds: int = 4, noise: float = 0.01) -> pd.DataFrame:
    """Return a set each of no break, of a floor, and of too few steps, and one of a floor that is called topology."""
    rng = np.random.default_rng(0)
    rows = []
    for i, (cause, floor, short) in enumerate(
        [
            ("none", 0.0, False),
            ("label_noise", 0.05, False),
            ("undertraining", 0.0, True),
            ("topology", 0.05, False),
        ],
        1,
    ):
        for size in SIZES:
            for seed in range(seeds):
                of_run = np.exp(noise * rng.standard_normal())
                for steps in (100, 800, 1600):
                    loss = max(size**-0.8, steps**-0.5 if short else 0.0) + floor
                    rows.append((i, cause, size, seed, steps, loss * of_run, 0.9 * loss * of_run))
    columns = ["set", "planted", "size", "seed", "steps", "test_loss", "train_loss"]
    return pd.DataFrame(rows, columns=columns).assign(sweeps="", status="ok")


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return breakdown_tables(BLOCK, planted().replace({"planted": {"none": None}}))


@pytest.fixture
def results(tables: dict[str, pd.DataFrame], tmp_path: Path) -> Results:
    return written("breakdown", tables, tmp_path).analysis("breakdown", "planted")


def test_the_causes_of_a_table_are_found_from_its_evaluations(tables: dict[str, pd.DataFrame]) -> None:
    cases = tables["cases"].set_index("case")
    assert cases["found"].tolist() == ["none", "label_noise", "undertraining", "label_noise"]
    assert cases.loc["set=3", "fall"] == pytest.approx(0.5, abs=0.01)
    assert cases.loc["set=1", "early"] == pytest.approx(-0.8, abs=0.02)
    assert cases["n_runs"].tolist() == [len(SIZES) * 4] * 4
    confusion = tables["confusion"].set_index(["planted", "found"])["n_cases"]
    assert confusion.sum() == 4
    assert confusion["topology", "label_noise"] == 1
    points = tables["points"]
    assert (points["before"] >= points["y"] * 0.99).all()
    assert points["least"].to_numpy() == pytest.approx(points["y"].to_numpy(), rel=0.1)


def test_shares_have_the_interval_of_wilson(results: Results) -> None:
    value, low, high, n = misdiagnosed_share(results, pd.DataFrame())
    z, k, of = stats.norm.ppf(0.975), 1, 4
    centre = (k + z**2 / 2) / (of + z**2)
    half = z / (of + z**2) * np.sqrt(k * (of - k) / of + z**2 / 4)
    assert (value, low, high) == pytest.approx((0.25, centre - half, centre + half))
    assert n == of
    assert diagnosed_share(results, pd.DataFrame())[0] == 1
    assert misdiagnosed_share(results, pd.DataFrame(), planted="topology")[0] == 1
    assert np.isnan(misdiagnosed_share(results, pd.DataFrame(), planted="truncation")[0])


def test_what_the_page_says(results: Results, tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    (clause,) = answer(content_of("breakdown", BLOCK), written("breakdown", tables, tmp_path / "known"))
    assert (
        clause == "of 4 sweeps with a planted cause, 4 are decided from the curves alone, 1 of them wrongly"
    )
    told = cause_table("planted", BLOCK, results)
    assert [row[1] for row in told.rows] == ["no break", "label noise", "undertraining", "label noise"]
    of_one = BLOCK.model_copy(update={"planted": None, "where": {"set": 3}, "by": []})
    alone = breakdown_tables(of_one, planted())
    (clause,) = answer(content_of("breakdown", of_one), written("breakdown", alone, tmp_path / "one"))
    assert clause == "the power law of test loss in planted: undertraining"
    assert alone["confusion"]["planted"].isna().all()


def test_without_evaluations_or_training_loss_a_floor_is_undecided() -> None:
    last = planted().query("steps == 1600 and set == 2")
    assert breakdown_tables(BLOCK, last)["cases"]["found"].tolist() == [UNDECIDED]
    untold = BLOCK.model_copy(update={"train": None})
    assert breakdown_tables(untold, planted())["cases"]["found"].tolist()[1] == UNDECIDED


def test_trained_runs_bring_their_curves() -> None:
    sizes = (4, 8, 16, 32, 64, 128, 256)
    configs = [{"modes": n, "batch_size": 8, "learning_rate": 0.4, "steps": 64} for n in sizes]
    runs, curves = oracle_runs(configs, seeds=3, noise=0.01, evaluations=12)
    block = BreakdownBlock(sweep="all", x="modes", train=None)
    (case,) = breakdown_tables(block, runs, curves)["cases"].to_dict("records")
    assert case["found"] == "undertraining"
    assert case["n_sizes"] == len(sizes)


def test_what_no_curves_can_be_made_of_is_refused(tmp_path: Path) -> None:
    runs = planted()
    with pytest.raises(LawbookError, match="no column 'width'"):
        breakdown_tables(BLOCK.model_copy(update={"x": "width"}), runs)
    with pytest.raises(LawbookError, match="not above 0"):
        breakdown_tables(BLOCK, runs.assign(train_loss=0.0))
    with pytest.raises(LawbookError, match="give each case one of none"):
        breakdown_tables(BLOCK, runs.assign(planted="weather"))
    unknown = BLOCK.model_copy(update={"planted": None})
    found = written("breakdown", breakdown_tables(unknown, runs), tmp_path).analysis("breakdown", "planted")
    with pytest.raises(LawbookError, match="no cause is known"):
        misdiagnosed_share(found, pd.DataFrame())


def test_the_study_has_the_table_of_its_program() -> None:
    spec = importlib.util.spec_from_file_location("planted_breakdown", STUDIES / "breakdown.py")
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = program  # which its dataclasses look up
    spec.loader.exec_module(program)
    shipped = pd.read_csv(STUDIES / "breakdown.csv.gz")
    counts = shipped.drop_duplicates("set")["planted"].value_counts()
    assert counts.to_dict() == dict.fromkeys(program.CAUSES, program.SETS)
    names = [(cause, number) for cause in program.CAUSES for number in range(program.SETS)]
    order = generator(program.SEED, "breakdown order").permutation(len(names)).tolist()
    for cause, number in (("truncation", 2), ("topology", 0)):
        at = order.index(names.index((cause, number))) + 1
        _, curve = program.planted(cause, number, program.SEED)
        rows = shipped[shipped["set"] == at]
        np.testing.assert_allclose(curve.test.ravel(), rows["test_loss"], rtol=2e-3)
