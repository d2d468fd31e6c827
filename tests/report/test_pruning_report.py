"""What the report says of pruning: verdicts, scoring, disputed labels, and a gallery of what is hard."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.conftest import Simulated, write_results

from lawbook.analyses.pruning_frontier.quantities.frontier_ratio import frontier_ratio
from lawbook.errors import LawbookError
from lawbook.report.figures import draw_figure
from lawbook.report.page import write_report
from lawbook.report.pool_scores import disputed_cases, disputed_shares, duplicate_cases, scoring_rows
from lawbook.report.sections import shown_sections
from lawbook.results.reader import Results
from lawbook.scoring.score import score_pools
from lawbook.storage.tables import write_table
from lawbook.studies import load_study, make_plan
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

STUDY = """
title: Noisy
question: Are wrong labels noticed?
task: {name: digits}
model: {name: mlp, width: 24}
training: {steps: 200}
pruning: {probes: 4, probe_steps: 100}
sweeps:
  kept:
    axes: {metric: [random, el2n, input_norm], keep_fraction: [0.25, 0.5], label_noise: [0.0, 0.1], seed: {count: 2}}
    set: {samples: 800}
"""


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Results]:
    """Return a study with scores of real probes, and its results; the errors of its runs are drawn."""
    folder = tmp_path_factory.mktemp("noisy")
    (folder / "noisy.yaml").write_text(STUDY)
    plan = make_plan(load_study(folder / "noisy.yaml"))
    scores, scorings = score_pools(plan.pools, cache=folder / "cache", code="1")
    rng = np.random.default_rng(0)
    runs = plan.table().drop(columns=["bytes", "predicted_s", "shard"])
    runs = runs.assign(
        n_train=(runs["keep_fraction"] * runs["samples"]).astype(int), n_eval=360, status="ok",
        test_error=0.1 + 0.02 * rng.random(len(runs)),
    )  # fmt: skip
    write_table(runs, folder / "runs.parquet", roles=plan.roles)
    write_table(scores, folder / "scores.parquet", "scores")
    write_table(scorings, folder / "scorings.parquet", "scorings")
    return folder, Results(folder)


def test_disputed_labels_are_warned_of_under_noise_and_not_without(scored: tuple[Path, Results]) -> None:
    _, results = scored
    cases = list(disputed_cases(results))
    assert len(cases) == 1
    assert cases[0].startswith("keep fraction 0.25, label noise 0.1: ")
    assert re.search(r"kept as hard: el2n [34]\d%; of the pools \d+% \(2 pools\)", cases[0])
    assert "write keep: strata" in cases[0]
    shares = disputed_shares(results).groupby(["label_noise", "keep_fraction"])[["kept", "whole"]].mean()
    assert shares.loc[(0.1, 0.25), "kept"] > 0.3 > 0.2 > shares.loc[(0.0, 0.25), "kept"]
    assert shares.loc[(0.1, 0.25), "whole"] == pytest.approx(0.1, abs=0.04)


def test_scoring_is_told_by_metric_with_its_cost_and_what_it_is_worth(scored: tuple[Path, Results]) -> None:
    rows = {row[0]: row for row in scoring_rows(scored[1])}
    assert list(rows) == ["disputed", "el2n", "input norm"]
    assert rows["el2n"][1:6] == ("4", "800", "4", "same", "100")
    assert rows["el2n"][7] == "2 ×", "four probes of half a training"
    assert float(rows["el2n"][9].split()[0]) > 0.7
    assert float(rows["el2n"][10].split()[0]) > 0.9
    assert rows["input norm"][3] == "none"
    assert rows["input norm"][9] == "–"


def test_a_gallery_shows_each_class_and_frames_wrong_labels(
    scored: tuple[Path, Results], tmp_path: Path
) -> None:
    folder, _ = scored
    content = load_study(folder / "noisy.yaml").content
    draw_figure(FigureBlock.model_validate({"gallery": {"of": "kept", "each": 2}}), folder, content, tmp_path)
    data = pd.read_csv(tmp_path / "gallery_kept.csv")
    assert set(data["metric"]) == {"el2n", "input_norm"}
    assert data.groupby(["metric", "class", "end"]).size().tolist() == [2] * 40
    hard = data[(data["metric"] == "el2n") & (data["end"] == "hardest")]
    easy = data[(data["metric"] == "el2n") & (data["end"] == "easiest")]
    assert (hard["label"] != hard["truth"]).mean() > 0.8
    assert (easy["label"] == easy["truth"]).all()
    assert hard["score"].min() > easy["score"].max()
    again = tmp_path / "again"
    draw_figure(FigureBlock.model_validate({"gallery": {"of": "kept", "each": 2}}), folder, content, again)
    for file in again.iterdir():
        assert file.read_bytes() == (tmp_path / file.name).read_bytes()


def test_near_duplicates_are_told_with_the_fraction_that_leaves_them_out() -> None:
    rng = np.random.default_rng(0)
    fresh, copies = rng.uniform(0.1, 1.0, 300), rng.uniform(1e-4, 1e-3, 100)

    def told(scores: np.ndarray) -> list[str]:
        table = pd.DataFrame({"pool_id": "a", "metric": "semdedup", "score": scores})
        return list(duplicate_cases(SimpleNamespace(scores=table)))

    assert told(fresh) == []
    (case,) = told(np.concatenate([fresh, copies]))
    assert case.startswith("25% of the examples have an earlier one")
    assert "keep_fraction 0.75 leaves them out" in case


def test_every_selection_is_held_against_random(scored: tuple[Path, Results], tmp_path: Path) -> None:
    folder, _ = scored
    content = load_study(folder / "noisy.yaml").content
    draw_figure(FigureBlock.model_validate({"metrics": "kept"}), folder, content, tmp_path)
    data = pd.read_csv(tmp_path / "metrics_kept.csv")
    assert len(data) == 2 * 2 * 2, "metrics, keep fractions and noise levels"
    assert set(data["selection"]) == {"el2n, hard", "input norm, hard"}
    assert (data["n_pairs"] == 2).all()


def test_a_gallery_of_what_is_not_scored_is_one_clear_error(
    scored: tuple[Path, Results], tmp_path: Path
) -> None:
    folder, results = scored
    content = load_study(folder / "noisy.yaml").content
    write_table(results.runs.assign(scoring_flops=np.nan), tmp_path / "runs.parquet")
    with pytest.raises(LawbookError, match="no run of the sweep 'kept' reads scores"):
        draw_figure(FigureBlock.model_validate({"gallery": "kept"}), tmp_path, content, tmp_path)


SELECTIONS = """
title: Selections
question: How many probes are enough?
task: {name: digits, samples: 200}
model: {name: mlp, width: 8}
sweeps:
  probes: {axes: {metric: [random, el2n], probes: [1, 6], keep_fraction: [0.5, 1.0], seed: {count: 4}}}
  ends: {axes: {metric: [random, el2n], keep: [hard, easy], keep_fraction: [0.5, 1.0], seed: {count: 4}}}
  many: {axes: {metric: [random, el2n], samples: {log2: [8, 512]}, keep_fraction: [0.5], seed: {count: 4}}}
"""


@pytest.fixture(scope="module")
def selections(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StudyFile]:
    """Return results of sweeps over how scores are made and used: random errs 0.2, others 0.1."""
    folder = tmp_path_factory.mktemp("selections")
    (folder / "selections.yaml").write_text(SELECTIONS)
    study = load_study(folder / "selections.yaml")
    rng = np.random.default_rng(0)
    plan = make_plan(study)
    runs = plan.table().drop(columns=["bytes", "predicted_s", "shard"])
    error = np.where(runs["metric"] == "random", 0.2, 0.1) + 0.01 * rng.random(len(runs))
    n_train = (runs["keep_fraction"] * runs["samples"]).astype(int)
    runs = runs.assign(n_train=n_train, n_eval=360, status="ok", test_error=error)
    write_table(runs, folder / "runs.parquet", roles=plan.roles)
    return folder, study.content


def test_random_is_the_control_of_every_way_to_score_and_to_select(
    selections: tuple[Path, StudyFile], tmp_path: Path
) -> None:
    folder, content = selections
    for sweep, named in (("probes", {"el2n, hard, probes 1", "el2n, hard, probes 6"}), ("ends", None)):
        draw_figure(FigureBlock.model_validate({"metrics": sweep}), folder, content, tmp_path)
        gaps = pd.read_csv(tmp_path / f"metrics_{sweep}.csv")
        assert set(gaps["selection"]) == (named or {"el2n, hard", "el2n, easy"})
        assert (gaps["n_pairs"] == 4).all()
        draw_figure(FigureBlock.model_validate({"pruning": sweep}), folder, content, tmp_path)
        data = pd.read_csv(tmp_path / f"pruning_{sweep}.csv")
        differences = data[data["part"] == "difference"]
        assert len(differences) == 2
        np.testing.assert_allclose(differences["y"], -0.1, atol=0.02)
        random = data[(data["metric"] == "random") & (data["part"] == "test_error")]
        assert (random.groupby("x").size() == 1).all(), "drawn once"
        cost = data[data["part"] == "cost"].groupby("metric")["x"].max()
        assert cost["el2n"] > cost["random"], "probes are paid for"


def test_panels_that_do_not_fit_are_named(selections: tuple[Path, StudyFile], tmp_path: Path) -> None:
    folder, content = selections
    draw_figure(FigureBlock.model_validate({"metrics": "many"}), folder, content, tmp_path)
    assert "Not drawn, but in the data: samples 512" in (tmp_path / "metrics_many.svg").read_text()


FRONTIER = """
title: A frontier
question: Is it beyond a power law?
task: {name: digits}
model: {name: mlp, width: 16}
sweeps:
  kept:
    axes:
      kept: [50, 100, 200, 400, 800]
      samples: [100, 200, 400, 800, 1200]
      metric: [random, el2n]
      seed: {count: 8}
analyses:
  pruning_frontier:
    el2n: {sweep: kept, where: {metric: el2n}, control: {metric: random}}
figures:
  - {pareto: el2n}
claims:
  - {quantity: frontier_ratio, where: {kept: 200}, at_most: 0.9, origin: exploratory}
"""


def written_frontier(folder: Path) -> Simulated:
    """Return a study of a frontier, planted: pruned pools err 3 / kept^0.8, random ones 1.5 / kept^0.4."""
    (folder / "frontier.yaml").write_text(FRONTIER)
    study = load_study(folder / "frontier.yaml")
    rng = np.random.default_rng(1)
    runs = make_plan(study).table().drop(columns=["bytes", "predicted_s", "shard"])
    kept, whole = runs["kept"], (runs["metric"] == "random") | (runs["keep_fraction"] == 1)
    away = np.exp(0.2 * np.abs(np.log2(runs["samples"] / 400)))
    error = np.where(whole, 1.5 * kept**-0.4, 3 * kept**-0.8 * away) * np.exp(rng.normal(0, 0.05, len(runs)))
    metrics = {
        f"{split}_{metric}": error
        for split in ("test", "train", "validation")
        for metric in ("loss", "error")
    }
    runs = runs.assign(
        n_train=kept.astype(int),
        n_unique=kept.astype(int),
        status="ok",
        reason="",
        diverged_step=None,
        **metrics,
    )
    return write_results(study, runs, folder)


@pytest.fixture(scope="module")
def frontier(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Return the study of a planted frontier."""
    return written_frontier(tmp_path_factory.mktemp("frontier"))


def test_page_one_gives_the_verdict_on_a_frontier(frontier: Simulated) -> None:
    (shown,) = shown_sections(frontier.study.content, Results(frontier.folder))
    (row,) = shown.shown["frontiers"]
    assert shown.first
    assert (row.name, row.verdict) == ("el2n", "power law")
    cells = dict(row.cells)
    assert cells["window"].startswith("50 to 800 training examples kept, 1.2 decades, 5 points")
    assert cells["repeats"] == "8"
    write_report(frontier.study, frontier.folder)
    page = (frontier.folder / "report.html").read_text()
    assert "Beyond a power law?" in page
    assert page.index("Beyond a power law?") < page.index('id="warnings"')
    assert "The frontier el2n: power law, over 50–800 (1.2 decades) kept." in page


def test_the_frontier_is_drawn_with_its_data(frontier: Simulated, tmp_path: Path) -> None:
    block = frontier.study.content.figures[0]
    draw_figure(block, frontier.folder, frontier.study.content, tmp_path)
    data = pd.read_csv(tmp_path / "pareto_el2n.csv")
    assert set(data["part"]) == {
        "pool", "power", "exponential", "control", "pruned", "slope control", "slope pruned", "cost control",
        "cost pruned",
    }  # fmt: skip
    cost = data[data["part"].str.startswith("cost")].pivot_table(index="kept", columns="part", values="flops")
    assert (cost["cost pruned"] > cost["cost control"]).all(), "probes are paid for"
    for file in tmp_path.iterdir():
        assert file.read_bytes() == (frontier.folder / "figures" / file.name).read_bytes()


def test_the_ratio_of_frontier_and_control_has_an_interval(frontier: Simulated) -> None:
    runs, results = frontier.runs, Results(frontier.folder)
    estimate, low, high, n = frontier_ratio(results, runs[runs["kept"] == 200])
    assert low < 3 * 200**-0.8 / (1.5 * 200**-0.4) < high
    assert low < estimate < high
    assert n == len(runs[runs["kept"] == 200])
    with pytest.raises(LawbookError, match="needs runs of one kept, not of"):
        frontier_ratio(results, runs)
    easy = runs[(runs["kept"] == 200) & (runs["metric"] == "el2n")].assign(keep="easy")
    with pytest.raises(LawbookError, match="needs runs of one keep, not of hard, easy"):
        frontier_ratio(results, pd.concat([runs[runs["kept"] == 200], easy]))
    claim = results.claims.iloc[0]
    assert (claim["verdict"], claim["estimate"]) == ("holds", estimate)
