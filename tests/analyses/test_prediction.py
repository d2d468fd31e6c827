"""A prediction in a study: the truth lies in its interval, laws that disagree decide nothing, too few refuse."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.analyses import planted

from lawbook.analyses.prediction.answer import answer
from lawbook.analyses.prediction.block import TABLES, PredictionBlock
from lawbook.analyses.prediction.compute import prediction_tables
from lawbook.analyses.prediction.notices import notices
from lawbook.analyses.prediction.section import predicted
from lawbook.claims.judge import judge_claims
from lawbook.errors import LawbookError
from lawbook.laws.automatic import automatic
from lawbook.report.figures import draw_figure
from lawbook.results.reader import Results
from lawbook.storage.tables import conform, write_table
from lawbook.studies.analysis import Analyses
from lawbook.studies.claim_block import Claim
from lawbook.studies.figure_block import FigureBlock

BLOCK = PredictionBlock(y="loss", x=["N", "D"], target={"N": "70B", "D": 1.4e12})
ONE = PredictionBlock(y="loss", x="D", target=[{"D": 1e6}, {"D": 1e7}])


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return prediction_tables(BLOCK, planted.runs(), draws=50)


def written(
    folder: Path, tables: dict[str, pd.DataFrame], block: PredictionBlock
) -> tuple[SimpleNamespace, Results]:
    """Return a study's content with one prediction, and the results folder into which its tables are written."""
    for name, columns in TABLES.items():
        write_table(conform(tables[name], columns), folder / f"prediction/large/{name}.parquet", columns)
    write_table(planted.runs(), folder / "runs.parquet")
    of = {"prediction": {"large": block}}
    analyses = SimpleNamespace(of=lambda kind: of.get(kind, {}))
    return SimpleNamespace(analyses=analyses, task=None, sweeps={}, laws={}), Results(folder)


def judged(folder: Path, block: PredictionBlock, **claim: object) -> pd.Series:
    class Of(Analyses):
        prediction: dict[str, PredictionBlock]

    asked = Claim(quantity="predicted_value", origin="exploratory", **claim)
    return judge_claims([asked], folder, analyses=Of(prediction={"large": block})).iloc[0]


def test_the_planted_loss_lies_in_the_interval_of_the_median_of_the_best(tables) -> None:
    found = tables["predictions"].iloc[0]
    truth = float(planted.truth(**planted.TARGET))
    assert found["status"] == "ok"
    assert found["low"] < truth < found["high"]
    assert found["estimate"] == pytest.approx(truth, rel=0.02)
    assert json.loads(found["place"]) == planted.TARGET
    assert found["estimate"] == pytest.approx(np.median(tables["members"]["estimate"]))
    assert tables["candidates"]["score"].is_monotonic_increasing
    assert set(tables["members"]["law"]) == set(tables["candidates"].query("used")["law"])


def test_the_page_has_the_answer_every_candidate_a_figure_and_a_claim(tables, tmp_path: Path) -> None:
    content, results = written(tmp_path, tables, BLOCK)
    value = tables["predictions"]["estimate"].iloc[0]
    (said,) = answer(content, results)
    assert said.startswith(f"loss at N = 7e+10, D = 1.4e+12 is predicted as {value:.2f}")
    shown = predicted("large", BLOCK, results.analysis("prediction", "large"))
    assert len(shown.candidates) == tables["candidates"]["formula"].nunique()
    assert sum(row[1] == "yes" for row in shown.candidates) == 5
    assert {code for code, _ in notices(content, results)}.isdisjoint(
        {"prediction_undecided", "prediction_refused"}
    )
    draw_figure(FigureBlock(kind="prediction"), tmp_path, content, tmp_path)
    data = pd.read_csv(tmp_path / "prediction.csv")
    assert data[data["law"] == "together"]["estimate"].iloc[0] == pytest.approx(value)
    assert judged(tmp_path, BLOCK, at_least=1.5)["verdict"] == "holds"
    assert judged(tmp_path, BLOCK, at_most=1.5)["verdict"] == "fails"
    with pytest.raises(LawbookError, match="there are 1, numbered from 1"):
        judged(tmp_path, BLOCK, at_most=1.5, options={"target": 2})


def test_laws_that_disagree_decide_nothing_and_no_claim_holds(tmp_path: Path) -> None:
    runs = planted.one_input(np.geomspace(10, 3e4, 14))
    tables = prediction_tables(ONE, runs, draws=20)
    by_rule = automatic(runs, y="loss", x="D", target=pd.DataFrame(ONE.target), cluster=None).predictions
    for column in ("estimate", "low", "high", "least", "most"):
        assert tables["predictions"][column].tolist() == by_rule[column].tolist()
    content, results = written(tmp_path, tables, ONE)
    assert tables["predictions"]["status"].tolist() == ["undecided", "undecided"]
    verdict = judged(tmp_path, ONE, at_least=0.0, options={"target": 2})
    assert verdict["verdict"] == "undecided"
    assert "disagree by more than the interval of each" in verdict["reason"]
    assert next(iter(answer(content, results))).startswith(
        "loss at D = 1e+06 is undecided: the best laws say"
    )
    assert "prediction_undecided" in {code for code, _ in notices(content, results)}


def test_runs_that_are_too_few_are_refused_with_the_reason(tmp_path: Path) -> None:
    tables = prediction_tables(ONE, planted.one_input(np.array([10.0, 100.0, 1000.0])))
    content, results = written(tmp_path, tables, ONE)
    assert tables["predictions"]["status"].unique().tolist() == ["refused"]
    assert "too few" in next(iter(answer(content, results)))
    assert "too few" in predicted("large", ONE, results.analysis("prediction", "large")).about
    draw_figure(FigureBlock(kind="prediction"), tmp_path, content, tmp_path)
    assert "3 points are too few" in (tmp_path / "prediction.svg").read_text()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ({"N": 1e9}, "gives no D"),
        ({"N": 1, "D": 1, "B": 1}, "names B, which is no x"),
        ("70B", "value of each input"),
    ],
)
def test_a_target_names_every_input(target: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        PredictionBlock(y="loss", x=["N", "D"], target=target)
