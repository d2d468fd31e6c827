"""The analysis of counting rules: on published surfaces, on the runs that they were fitted to, and refused."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.shipped import load

from lawbook.analyses.counting_rules.answer import answer
from lawbook.analyses.counting_rules.block import TABLES, CountingRulesBlock
from lawbook.analyses.counting_rules.compute import rule_tables
from lawbook.analyses.counting_rules.quantities.size_exponent import size_exponent
from lawbook.analyses.counting_rules.section import rules_table
from lawbook.errors import LawbookError
from lawbook.laws import fit
from lawbook.report.figures import draw_figure
from lawbook.results.reader import Results
from lawbook.storage.tables import conform, write_table
from lawbook.studies.figure_block import FigureBlock

RUNS = (
    Path(os.environ.get("LAWBOOK_DATA", Path(__file__).parents[3] / "shared" / "data"))
    / "chinchilla_epoch_svg_extracted.csv"
)
PUBLISHED = {
    "surface=epoch": (1.8172, 482.01, 2085.43, 0.3478, 0.3658),
    "surface=hoffmann": (1.6934, 406.4, 410.7, 0.3392, 0.2849),
}


def stored(
    fitted: dict[str, tuple[np.ndarray, np.ndarray]], status: str = "ok"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables 'fits' and 'draws' of a law by group: parameters (5,) and draws (n, 5)."""
    names = ["E", "A", "B", "alpha", "beta"]
    key = {"law": "loss_by_size_and_data", "form": "chinchilla"}
    fits = [
        {
            **key,
            "group": group,
            "parameter": name,
            "estimate": value,
            "n_runs": 36,
            "status": status,
            "notes": "[]",
        }
        for group, (parameters, _) in fitted.items()
        for name, value in zip(names, parameters, strict=True)
    ]
    draws = [
        {**key, "group": group, "draw": i, "parameter": name, "value": value}
        for group, (_, drawn) in fitted.items()
        for i, row in enumerate(drawn)
        for name, value in zip(names, row, strict=True)
    ]
    return pd.DataFrame(fits), pd.DataFrame(draws, columns=[*key, "group", "draw", "parameter", "value"])


CONTENT = load("kaplan_chinchilla").content


def replayed(block: CountingRulesBlock) -> dict[str, pd.DataFrame]:
    """Return the tables of an analysis of both published surfaces, known exactly."""
    exact = {group: (np.array(each), np.array([each])) for group, each in PUBLISHED.items()}
    return rule_tables(block, *stored(exact))


def written(tables: dict[str, pd.DataFrame], folder: Path) -> Results:
    """Return the results folder of a study with that analysis, by the name `replay`."""
    for name, columns in TABLES.items():
        write_table(conform(tables[name], columns), folder / "counting_rules/replay" / f"{name}.parquet")
    return Results(folder)


@pytest.fixture(scope="module")
def block() -> CountingRulesBlock:
    """Return the block of the shipped study."""
    found: Any = CONTENT.analyses.of("counting_rules")["replay"]
    return found


@pytest.fixture(scope="module")
def tables(block: CountingRulesBlock) -> dict[str, pd.DataFrame]:
    """Return the tables of the shipped study."""
    return replayed(block)


@pytest.fixture
def results(tables: dict[str, pd.DataFrame], tmp_path: Path) -> Results:
    """Return the results folder of the shipped study."""
    return written(tables, tmp_path)


def test_published_surfaces_have_the_published_exponents(results: Results) -> None:
    found = results.analysis("counting_rules", "replay")
    for surface, without, whole in (("epoch", 0.78, 0.5126), ("hoffmann", 0.74, 0.4565)):
        value, low, high, n = size_exponent(found, pd.DataFrame(), surface)
        assert value == pytest.approx(without, abs=0.01)
        assert low == pytest.approx(high, abs=1e-9), "the surface is known exactly"
        assert n == 36
        assert size_exponent(found, pd.DataFrame(), surface, "total")[0] == pytest.approx(whole, abs=1e-4)
        sampled, low, high, _ = size_exponent(found, pd.DataFrame(), surface, read="sampled")
        assert low < sampled < high, "other sizes read another exponent"
        assert high - low < 0.01
    with pytest.raises(LawbookError, match="several surfaces"):
        size_exponent(found, pd.DataFrame())
    with pytest.raises(LawbookError, match="did you mean 'epoch'"):
        size_exponent(found, pd.DataFrame(), "epok")


def test_the_window_decides_where_embeddings_are_left_out_and_not_where_they_are_counted(tables) -> None:
    windows = (
        tables["windows"]
        .set_index(["surface", "size_rule", "compute_rule", "window"])["exponent"]
        .sort_index()
    )
    without = windows["surface=epoch", "non_embedding", "non_embedding"]
    assert without["lower half"] - without["upper half"] > 0.2
    assert np.ptp(windows["surface=epoch", "total", "total"]) < 1e-9
    rows = tables["exponents"].query("size_rule == compute_rule == 'non_embedding'")
    assert (rows["local_low"] < without.min()).any()
    assert (rows["local_high"] > 0.95).all()


def test_each_way_of_reading_a_frontier_is_near_the_exponent_over_its_own_budgets(tables) -> None:
    read = tables["estimators"]
    assert read.groupby("method").size().to_dict() == dict.fromkeys(
        ("akima", "envelope", "parabola", "sampled"), 4
    )
    np.testing.assert_allclose(read["exponent"], read["exact"], atol=0.003)
    akima = read[read["method"] == "akima"]
    np.testing.assert_allclose(akima["exponent"], akima["exact"], atol=0.0005)
    np.testing.assert_allclose(akima["factor"], 1, atol=0.005)
    # Where embeddings are left out the envelope's sixteen budgets are another window than the hundred.
    without = read[(read["size_rule"] == "non_embedding") & (read["method"] == "envelope")]
    whole = tables["exponents"].query("size_rule == compute_rule == 'non_embedding'")
    assert (without["exact"].to_numpy() - whole["exact"].to_numpy() > 0.02).all()


def test_page_and_figure_tell_the_exponents_their_slopes_and_the_published_ones(
    block: CountingRulesBlock, results: Results
) -> None:
    (said,) = answer(CONTENT, results)
    assert "0.775" in said
    assert "with embeddings counted a = 0.513 and 0.456" in said
    shown = rules_table("replay", block, results.analysis("counting_rules", "replay"))
    assert {len(row) for row in shown.rows} == {len(shown.columns)}
    assert {len(row) for row in shown.methods} == {len(shown.method_columns)}
    assert [row[1:3] for row in shown.rows].count(("without embeddings", "without embeddings")) == 2
    draw_figure(
        FigureBlock(kind="counting_rules", of="replay"), results.folder, CONTENT, results.folder / "figures"
    )
    data = pd.read_csv(results.folder / "figures/counting_rules_replay.csv")
    assert set(data["part"]) == {"slope", "exponent", "window"}


def test_a_surface_that_is_no_law_is_told_so(block: CountingRulesBlock, tmp_path: Path) -> None:
    exact = {group: (np.array(each), np.empty((0, 5))) for group, each in PUBLISHED.items()}
    fits, draws = stored(exact, status="refused")
    results = written(rule_tables(block, fits, draws), tmp_path)
    of = results.analysis("counting_rules", "replay")
    assert np.isnan(size_exponent(of, pd.DataFrame(), "epoch")[0])
    content: Any = SimpleNamespace(
        analyses=SimpleNamespace(of={"counting_rules": {"replay": block}}.__getitem__), claims=[]
    )
    assert all("no law fits" in said for said in answer(content, results))
    assert rules_table("replay", block, of).rows[0][1].startswith("no law")
    with pytest.raises(LawbookError, match="no fit of chinchilla"):
        rule_tables(block, fits.head(0), draws)


@pytest.mark.skipif(not RUNS.exists(), reason=f"no {RUNS.name} in {RUNS.parent}: set LAWBOOK_DATA")
def test_on_the_runs_of_chinchilla_the_interval_is_that_of_the_fit(block: CountingRulesBlock) -> None:
    runs = pd.read_csv(RUNS).rename(columns={"Model Size": "N"})
    runs = runs.assign(D=runs["Training FLOP"] / (6 * runs["N"])).drop(runs["loss"].nlargest(5).index)
    found = fit(
        runs, "chinchilla", y="loss", x=["N", "D"], cluster=None, loss="log_huber", delta=1e-3, draws=40
    )
    tables = rule_tables(block, *stored({"": (found.parameters, found.draws)}))
    row = tables["exponents"].query("size_rule == compute_rule == 'non_embedding'").iloc[0]
    assert row["exact_low"] < 0.78 < row["exact_high"]
    assert 0.01 < row["exact_high"] - row["exact_low"] < 0.2
