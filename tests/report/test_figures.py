"""Every kind of figure draws from a simulated results folder, the same bytes each time."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.report.figures import draw_figure
from lawbook.storage.tables import write_table
from lawbook.studies import make_plan
from lawbook.studies.figure_block import FigureBlock

SUFFIXES = (".csv", ".json", ".pdf", ".png", ".svg")


@pytest.mark.parametrize("which", ["simulated", "oracle"])
def test_figures_are_drawn_with_their_data(which, request):
    study = request.getfixturevalue(which)
    folder = study.folder / "figures"
    for block in study.study.content.figures:
        assert sorted(p.suffix for p in folder.glob(f"{block.name}.*")) == list(SUFFIXES)
        assert len(pd.read_csv(folder / f"{block.name}.csv")) >= 3
        ElementTree.parse(folder / f"{block.name}.svg")
    assert not list(folder.glob(".*")), "a temporary file was left behind"


@pytest.mark.parametrize("kind", ["law", "learning_rate_valleys", "curves"])
def test_the_same_tables_give_the_same_bytes(kind, simulated, tmp_path):
    block = next(b for b in simulated.study.content.figures if b.kind == kind)
    draw_figure(block, simulated.folder, simulated.study.content, tmp_path)
    for suffix in SUFFIXES:
        again, before = (
            (folder / f"{block.name}{suffix}").read_bytes()
            for folder in (tmp_path, simulated.folder / "figures")
        )
        assert again == before


def caption(path: Path) -> str:
    return ElementTree.parse(path).findtext(".//{http://purl.org/dc/elements/1.1/}description") or ""


def test_captions_state_seeds_folds_and_diverged_runs(simulated):
    folder = simulated.folder / "figures"
    assert "3 seeds × 4 folds" in caption(folder / "pruning_pruned.svg")
    assert "4 seeds" in caption(folder / "learning_rate_valleys_rates.svg")
    diverged = int((simulated.runs["status"] == "diverged").sum())
    assert f"{diverged} runs diverged" in caption(folder / "learning_rate_valleys_rates.svg")


def test_valleys_count_diverged_runs_and_never_choose_them(simulated):
    data = pd.read_csv(simulated.folder / "figures" / "learning_rate_valleys_rates.csv")
    assert data["n_diverged"].sum() == (simulated.runs["status"] == "diverged").sum()
    assert (data.loc[data["optimum"].eq(True), "n_diverged"] == 0).all()
    assert data["optimum"].eq(True).sum() == 3


def test_pruning_pairs_find_the_planted_effects(simulated):
    data = pd.read_csv(simulated.folder / "figures" / "pruning_pruned.csv")
    gaps = data[data["part"] == "difference"].set_index(["line", "x"])
    assert (gaps["n_pairs"] == 12).all()
    assert gaps.loc[("samples 150", 0.25), "y"] > 0 > gaps.loc[("samples 1,297", 0.5), "y"]


def test_a_refused_law_says_so_on_the_figure(simulated):
    assert "REFUSED: flat" in (simulated.folder / "figures" / "law_shuffled_labels.svg").read_text(
        encoding="utf-8"
    )


def test_a_caption_speaks_of_the_law_and_residuals_only_where_a_fit_stands(simulated):
    folder = simulated.folder / "figures"
    refused, stands = caption(folder / "law_shuffled_labels.svg"), caption(folder / "law_error_by_data.svg")
    assert "No fit of this law stands, so that none is drawn." in refused
    assert "residual" not in refused
    assert "over the fitted range, with" in stands
    assert "beside them log residuals" in stands


def test_a_run_without_errors_is_an_upper_limit(simulated, tmp_path):
    runs = simulated.runs.copy()
    runs.loc[runs["samples"] == 1024, ["test_error"]] = 0.0
    write_table(runs, tmp_path / "runs.parquet", roles=make_plan(simulated.study).roles)
    block = FigureBlock(kind="axis", of="data_size")
    draw_figure(block, tmp_path, simulated.study.content, tmp_path)
    data = pd.read_csv(tmp_path / f"{block.name}.csv")
    point = data[(data["y_is"] == "test_error") & (data["x"] == 1024)].iloc[0]
    assert bool(point["censored"])
    assert point["y"] == pytest.approx(1 / 360)


def test_categories_and_several_lines_are_drawn(simulated, tmp_path):
    content = simulated.study.content
    block = FigureBlock(
        kind="axis", of="pruned", options={"x": "metric", "where": {"keep_fraction": [0.25, 0.5]}}
    )
    draw_figure(block, simulated.folder, content, tmp_path)
    data = pd.read_csv(tmp_path / f"{block.name}.csv")
    assert set(data["x"]) == {0.0, 1.0}
    assert data["line"].nunique() == 4


def test_a_study_whose_runs_all_diverged_is_still_drawn(simulated, tmp_path):
    runs = simulated.runs.assign(
        status="diverged", test_loss=np.nan, test_error=np.nan, validation_loss=np.nan
    )
    write_table(runs, tmp_path / "runs.parquet", roles=make_plan(simulated.study).roles)
    for kind, sweep in (("axis", "data_size"), ("learning_rate_valleys", "rates"), ("pruning", "pruned")):
        draw_figure(FigureBlock(kind=kind, of=sweep), tmp_path, simulated.study.content, tmp_path)


@pytest.mark.parametrize(
    ("block", "says"),
    [
        (FigureBlock(kind="lawn", of="error_by_data"), "did you mean 'law'"),
        (FigureBlock(kind="axis", of="data_sise"), "did you mean 'data_size'"),
        (FigureBlock(kind="law", of="error_by_date"), "did you mean 'error_by_data'"),
        (FigureBlock(kind="law"), "no law is named"),
        (FigureBlock(kind="axis", of="data_size", options={"splitt": "train"}), "did you mean 'split'"),
        (FigureBlock(kind="axis", of="data_size", options={"x": "smaples"}), "did you mean 'samples'"),
        (FigureBlock(kind="learning_rate_valleys", of="data_size"), "one learning rate"),
        (FigureBlock(kind="exact", of="error_by_data"), "names no exact curve"),
    ],
)
def test_a_figure_that_cannot_be_drawn_says_why(block, says, simulated, tmp_path):
    with pytest.raises(LawbookError, match=says):
        draw_figure(block, simulated.folder, simulated.study.content, tmp_path)
    assert not list(tmp_path.iterdir())
