"""The statistics of planted texts in a study: exact ones beside them, a prediction, and refusals with their reasons."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lawbook.analyses.text_statistics.answer import answer
from lawbook.analyses.text_statistics.block import TABLES, TextStatisticsBlock
from lawbook.analyses.text_statistics.compute import OfLaw, read_text, statistic_tables
from lawbook.analyses.text_statistics.notices import notices
from lawbook.analyses.text_statistics.quantities.text_exponent import text_exponent
from lawbook.analyses.text_statistics.quantities.texts_predicted import texts_predicted
from lawbook.analyses.text_statistics.section import statistics_table
from lawbook.errors import LawbookError
from lawbook.report.figures import draw_figure
from lawbook.results.reader import Results
from lawbook.storage.tables import conform, write_table
from lawbook.studies.figure_block import FigureBlock
from lawbook.tasks.repeated_blocks import draw_text, task
from lawbook.theory.repeated_blocks import exact_curve

BLOCK = TextStatisticsBlock(
    sweep="all", by=["tail"], lags=(16, 64), contexts=(2, 8), tokens=1 << 21, law="by_data", exact="repeated_blocks"
)  # fmt: skip


def trained(runs, configs):
    """Return a law in samples whose losses fall to the least possible ones as D^-0.7, over four seeds."""
    rows, rng = [], np.random.default_rng(0)
    for name, config in configs.items():
        test, examples = task.splits(config)["test"], task.examples(config)
        least = exact_curve.least_loss(config, examples.inputs[test], examples.targets[test])
        rows += [
            {
                "run_id": name, "seed": seed, "status": "ok", "samples": samples,
                "test_loss": least + samples**-0.7 * np.exp(rng.normal(0, 0.02)),
            }
            for samples in (16, 32, 64, 128, 256)
            for seed in range(4)
        ]  # fmt: skip
    fits = pd.DataFrame(
        [
            {
                "law": "by_data", "group": "tail=2", "parameter": "alpha", "estimate": 0.3, "low": 0.2, "high": 0.4,
                "x_low": 16, "x_high": 256, "n_runs": 20, "status": "ok", "notes": "[]",
            }
        ]
    )  # fmt: skip
    return OfLaw("test_loss", "samples", pd.DataFrame(rows), fits)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return the results of an analysis of two planted texts, and their runs."""
    configs = {
        f"run_{tail}": {
            "task": "repeated_blocks", "keep_fraction": 1.0, **task.axes.defaults(), "letters": 1 << 21, "tail": tail,
        }
        for tail in (1.5, 2.0)
    }  # fmt: skip
    runs = pd.DataFrame(
        [{"run_id": name, "sweeps": "all", "status": "ok", **config} for name, config in configs.items()]
    )
    tables = statistic_tables(BLOCK, runs, configs, trained(runs, configs))
    folder = tmp_path_factory.mktemp("results")
    (folder / "text_statistics" / "one").mkdir(parents=True)
    for name, table in tables.items():
        write_table(conform(table, TABLES[name]), folder / "text_statistics" / "one" / f"{name}.parquet")
    return Results(folder), runs


def test_planted_exponents_and_their_prediction_hold_what_is_exact(found):
    exponents = found[0].analysis("text_statistics", "one").table("exponents").set_index(["case", "quantity"])
    for case, tail in (("tail=1.5", 1.5), ("tail=2", 2.0)):
        for quantity, limit in (("beta", tail - 1), ("gamma", tail), ("predicted", tail / (2 * tail - 2))):
            row = exponents.loc[(case, quantity)]
            assert row["low"] < row["exact"] < row["high"]
            assert row["exact"] == pytest.approx(limit, rel=0.1)  # of a finite range
            assert row["status"] == "ok"
        row = exponents.loc[(case, "measured")]
        assert row["low"] < 0.7 < row["high"]
        assert row["estimate"] == pytest.approx(0.7, abs=0.02)


def test_without_a_least_loss_the_exponent_is_that_of_the_fitted_law(found):
    runs = found[1].iloc[1:]
    configs = {"run_2.0": runs.iloc[0].to_dict()}
    law = trained(runs, configs)
    block = BLOCK.model_copy(update={"exact": None, "tokens": 1 << 16, "lags": (2, 16), "contexts": (1, 4)})
    rows = statistic_tables(block, runs, configs, law)["exponents"].set_index("quantity")
    assert rows.loc["measured", "estimate"] == 0.3
    assert np.isnan(rows.loc["beta", "exact"])
    law.fits["status"] = "refused"
    refused = statistic_tables(block, runs, configs, law)["exponents"].set_index("quantity")
    assert np.isnan(refused.loc["measured", "estimate"])
    with pytest.raises(LawbookError, match="give both the same by"):
        statistic_tables(block.model_copy(update={"by": []}), runs, configs, law)


def test_claims_are_about_one_text(found):
    results, runs = found
    of = results.analysis("text_statistics", "one")
    one = runs[runs["tail"] == 1.5]
    value, low, high, _ = text_exponent(of, one, of="beta", less="exact")
    assert low < 0 < high
    gap, below, above, _ = text_exponent(of, one, of="measured", less="predicted")
    assert gap == pytest.approx(0.7 - text_exponent(of, one, of="predicted")[0], abs=0.02)
    assert above - below > 0.2
    assert abs(value) < 0.3
    assert texts_predicted(of, runs)[:3] == (2, 2, 2)
    with pytest.raises(LawbookError, match="write of: measured"):
        text_exponent(of, one, of="beta", less="predicted")
    with pytest.raises(LawbookError, match="one tail under where"):
        text_exponent(of, runs, of="beta")


def test_a_text_that_is_no_power_law_is_refused_with_its_local_exponents(monkeypatch, found):
    runs = found[1].iloc[:1]
    config = {**runs.iloc[0].to_dict()}
    text = draw_text(np.random.default_rng(0), 1 << 18, 1.5, 2)
    text = (text + np.arange(len(text)) // 40) % 2  # letters change places every 40 tokens
    monkeypatch.setattr(type(task), "examples", lambda *_: SimpleNamespace(inputs=text.reshape(-1, 32)))
    monkeypatch.setattr(type(task), "splits", lambda *_: {"pool": np.arange(len(text) // 32)})
    block = BLOCK.model_copy(update={"by": [], "law": None, "exact": None, "lags": (2, 128)})
    rows = statistic_tables(block, runs, {"run_1.5": config}, None)["exponents"].set_index("quantity")
    assert rows.loc["predicted", "status"] == "refused"
    assert np.isnan(rows.loc["predicted", "estimate"])
    assert "no power law: the local β is" in rows.loc["predicted", "notes"]


def test_pieces_are_evenly_spaced_over_the_pool(found):
    config = {**found[1].iloc[0].to_dict()}
    pieces = read_text(config, 1 << 12, 4)
    assert [len(piece) for piece in pieces] == [1024] * 4
    pool = task.examples(config).inputs[task.splits(config)["pool"]].ravel()
    assert np.array_equal(pieces[1], pool[1 << 19 :][:1024])
    with pytest.raises(LawbookError, match="write fewer parts"):
        read_text(config, 32, 4)


def test_report_tells_and_draws(found, tmp_path):
    results, _ = found
    content = SimpleNamespace(
        analyses=SimpleNamespace(of=lambda kind: {"one": BLOCK} if kind == "text_statistics" else {}),
        sweeps={"all": None}, laws={}, table=None,
    )  # fmt: skip
    told = list(answer(content, results))
    assert told[0].startswith("the statistics of one at tail 1.5 predict an exponent of 1.")
    assert "where training has 0.7" in told[0] or "where training has 0.69" in told[0]
    assert list(notices(content, results)) == []
    shown = statistics_table("one", BLOCK, results.analysis("text_statistics", "one"))
    assert len(shown.rows) == 8
    draw_figure(FigureBlock(kind="text_statistics"), results.folder, content, tmp_path)
    assert set(pd.read_csv(tmp_path / "text_statistics.csv")["part"]) == {"covariance", "entropy", "exponent"}
