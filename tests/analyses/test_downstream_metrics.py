"""The downstream view of planted runs: slopes of p^K, PassUntil without bias, bounds in place of 0, groups of seeds."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.analyses.planted_answers import ASKED, SEEDS, SLOPE, planted

from lawbook.analyses.downstream_metrics.answer import answer
from lawbook.analyses.downstream_metrics.block import TABLES, DownstreamMetricsBlock
from lawbook.analyses.downstream_metrics.compute import metric_tables
from lawbook.analyses.downstream_metrics.notices import notices
from lawbook.analyses.downstream_metrics.quantities.bimodal_places import bimodal_places
from lawbook.analyses.downstream_metrics.quantities.metric_slope import metric_slope
from lawbook.analyses.downstream_metrics.quantities.pass_until_ratio import pass_until_ratio
from lawbook.analyses.downstream_metrics.section import metric_tables as shown_tables
from lawbook.errors import LawbookError
from lawbook.report.figures import draw_figure
from lawbook.results.reader import Results
from lawbook.storage.tables import conform, write_table
from lawbook.studies.figure_block import FigureBlock


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return the results of the analysis of planted runs."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "downstream_metrics" / "one").mkdir(parents=True)
    for name, table in metric_tables(DownstreamMetricsBlock(sweep="all"), *planted(), ASKED).items():
        write_table(conform(table, TABLES[name]), folder / "downstream_metrics" / "one" / f"{name}.parquet")
    return Results(folder)


def test_slopes_of_answers_are_those_of_tokens(results):
    slopes = results.analysis("downstream_metrics", "one").table("slopes").set_index(["metric", "length"])
    assert slopes.loc[("token_accuracy", np.nan), "slope"].item() == pytest.approx(SLOPE, abs=1e-9)
    for length in (1, 4):
        row = slopes.loc[("exact_match", length)]
        assert row["slope"] == pytest.approx(SLOPE, abs=1e-9)
        assert row["less_token"] == pytest.approx(0, abs=1e-9)
    assert slopes.loc[("pass_until", 4), "slope"] == pytest.approx(SLOPE, abs=0.01)
    assert slopes.loc[("exact_match", 32), ["n_x", "n_left_out"]].tolist() == [2, 1]


def test_no_answer_right_is_a_bound_and_not_0(results):
    metrics = results.analysis("downstream_metrics", "one").table("metrics")
    row = metrics[(metrics["length"] == 32) & (metrics["x"] == 100)].iloc[0]
    assert np.isnan(row["mean"])
    assert (1 - row["bound"]) ** 128 == pytest.approx(0.05)  # the same answers for each seed
    assert row["n_zero"] == SEEDS
    assert row["independent"] == pytest.approx(np.exp(-2 * 100**SLOPE) ** 32)


def test_pass_until_is_unbiased_on_planted_shares_and_the_plain_estimate_is_not(results):
    of, runs = results.analysis("downstream_metrics", "one"), planted()[0]
    for share in (0.1, 1e-4, 1e-6):
        ratio, low, high, _ = pass_until_ratio(of, runs, "pass_until", share)
        assert ratio == pytest.approx(1, abs=0.01)
        assert low < 1 < high
    naive, low, high, _ = pass_until_ratio(of, runs, "passes_by_samples", 1e-4)
    assert naive == pytest.approx(8 / 7, abs=0.01)
    assert low > 1.1
    assert pass_until_ratio(of, runs, "pass_until")[0] == pytest.approx(1, abs=0.03)  # of the runs
    with pytest.raises(LawbookError, match=r"is not planted; write one of 0\.5"):
        pass_until_ratio(of, runs, "pass_until", 0.2)


def test_groups_of_seeds_are_told_where_they_are(results):
    of, runs = results.analysis("downstream_metrics", "one"), planted()[0]
    assert bimodal_places(of, runs, "token_brier")[0] == 1
    metrics = of.table("metrics")
    row = metrics[(metrics["metric"] == "token_brier") & (metrics["bimodal"] == 1)].iloc[0]
    assert (row["x"], row["n_upper"], row["upper_group"]) == (100, 8, pytest.approx(0.4))
    assert metric_slope(of, runs, "exact_match", 4, "token")[0] == pytest.approx(0, abs=1e-9)
    assert np.isnan(metric_slope(of, runs, "exact_match", 7)[0])
    with pytest.raises(LawbookError, match="did you mean 'token_brier'"):
        bimodal_places(of, runs, "token_briar")


def test_report_tells_and_draws(results, tmp_path):
    block = DownstreamMetricsBlock(sweep="all")
    content = SimpleNamespace(
        analyses=SimpleNamespace(of=lambda kind: {"one": block} if kind == "downstream_metrics" else {}),
        sweeps={"all": None}, laws={}, table=None, task=None,
    )  # fmt: skip
    told = list(answer(content, results))
    assert told[0].endswith("and at 1 size no answer of 32 is right, which only bounds them")
    assert (
        told[1]
        == "at parameters N 100 the seeds of one are two groups: 8 with a Brier score of 0.107 and 8 of 0.4"
    )
    assert {code for code, _ in notices(content, results)} == {"censored", "bimodal"}
    shown = shown_tables("one", block, results.analysis("downstream_metrics", "one"))
    assert ("exact match of 32", "100") in [row[:2] for row in shown.rows]
    for kind, options in (("downstream_metrics", {}), ("seed_distribution", {"metric": "token_brier"})):
        draw_figure(FigureBlock(kind=kind, options=options), results.folder, content, tmp_path)
        assert len(pd.read_csv(tmp_path / f"{kind}.csv")) > SEEDS
    with pytest.raises(LawbookError, match="no metric 'accuracy'"):
        draw_figure(
            FigureBlock(kind="seed_distribution", options={"metric": "accuracy"}),
            results.folder,
            content,
            tmp_path,
        )


def test_what_the_runs_lack_is_named():
    runs, curves = planted()
    with pytest.raises(LawbookError, match="no column 'width'"):
        metric_tables(DownstreamMetricsBlock(sweep="all", x="width"), runs, curves, ASKED)
    with pytest.raises(LawbookError, match="run the study again"):
        metric_tables(DownstreamMetricsBlock(sweep="all"), runs, curves.iloc[:0], ASKED)
