"""What figures answer in the page: every point names its runs, every form can be turned off, and curves are at hand."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawbook.fitting.study import fit_study
from lawbook.report.embed import inline_figure
from lawbook.report.figures import draw_figure
from lawbook.report.interactive import Interactive, Panel, Runs, Scale, Trace, as_json, runs_behind
from lawbook.report.learning_curves import pack_curves
from lawbook.results.selection import of_sweep
from lawbook.storage.tables import write_table
from lawbook.studies.columns_block import bounded
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.law_block import LawBlock


def answers_of(folder: Path, name: str) -> dict:
    return json.loads((folder / "figures" / f"{name}.json").read_text(encoding="utf-8"))


def drawn(block: FigureBlock, study, folder: Path, out: Path) -> dict:
    draw_figure(block, folder, study.content, out)
    return json.loads((out / f"{block.name}.json").read_text(encoding="utf-8"))


def behind(answers: dict, trace: dict, place: int) -> dict:
    return answers["runs"][trace["runs"][place if len(trace["runs"]) > 1 else 0]]


def measured(answers: dict, panel: int = 0) -> list[dict]:
    return [trace for trace in answers["panels"][panel]["traces"] if trace["marker"]]


def test_a_point_of_a_law_names_the_runs_that_it_is_the_mean_of(simulated):
    answers = answers_of(simulated.folder, "law_error_by_data")
    runs = of_sweep(simulated.runs, "data_size")
    (points,) = measured(answers)
    assert points["x"] == sorted(runs["samples"].unique())
    for place, samples in enumerate(points["x"]):
        its = runs[(runs["samples"] == samples) & (runs["status"] == "ok")]
        group = behind(answers, points, place)
        assert group["n"] == len(its)
        known = its.set_index("run_id")["test_error"]
        assert dict(zip(group["ids"], group["values"], strict=True)) == pytest.approx(
            known.to_dict(), rel=1e-5
        )
        assert points["y"][place] == pytest.approx(np.average(known, weights=its["n_eval"]), rel=0.02)
        seeds = its.set_index("run_id")["seed"]
        assert [seeds[run] for run in group["ids"]] == sorted(seeds)


def test_the_runs_of_a_group_are_those_of_its_values_and_choices(simulated, tmp_path):
    answers = answers_of(simulated.folder, "law_error_by_kept")
    runs = simulated.runs.set_index("run_id")
    assert len(measured(answers)) == 2
    for points in measured(answers):
        (metric,) = (name for name in ("el2n", "random") if name in points["name"])
        ids = [run for i in range(len(points["x"])) for run in behind(answers, points, i)["ids"]]
        assert set(runs.loc[ids, "metric"]) == {metric}
        assert len(ids) == len(set(ids))

    block = FigureBlock(kind="law", of="loss_at_best_rate")
    chosen = drawn(block, simulated.study, simulated.folder, tmp_path)
    (points,) = measured(chosen)
    for place in range(len(points["x"])):
        ids = behind(chosen, points, place)["ids"]
        assert len(set(runs.loc[ids, "learning_rate"])) == 1
        assert runs.loc[ids, "width"].unique().tolist() == [points["x"][place]]


def fitted(content, law: dict, runs: pd.DataFrame, out: Path) -> dict:
    """Fit one law to some runs under the content of a study, and return what its figure answers."""
    block = LawBlock.model_validate(law)
    content = content.model_copy(update={"laws": {"fitted": block}})
    write_table(runs, out / "runs.parquet", roles=dict.fromkeys(runs, "axis"))
    for kind, table in fit_study(content.laws, runs, draws=20, bounded=bounded(content.columns)).items():
        write_table(table, out / f"{kind}.parquet", kind)
    figure = FigureBlock(kind="law", of="fitted")
    draw_figure(figure, out, content, out)
    return json.loads((out / f"{figure.name}.json").read_text(encoding="utf-8"))


def test_a_law_of_two_inputs_answers_in_every_panel(simulated, tmp_path):
    sizes, rng = [2.0**k for k in range(3, 8)], np.random.default_rng(0)
    rows = [(n, d, seed) for n in sizes for d in sizes for seed in range(2)]
    runs = pd.DataFrame(rows, columns=["N", "D", "seed"]).assign(status="ok")
    noise = np.exp(0.01 * rng.standard_normal(len(runs)))
    runs["loss"] = (0.5 + 4 * runs["N"] ** -0.5 + 6 * runs["D"] ** -0.6) * noise
    runs["run_id"] = [f"r{i:02d}" for i in range(len(runs))]
    law = {"y": "loss", "x": ["N", "D"], "compare": ["chinchilla"]}
    answers = fitted(simulated.study.content, law, runs, tmp_path)
    assert [len(measured(answers, panel)) for panel in range(3)] == [1, 1, 1]
    at = runs.set_index("run_id")
    for panel, column in ((1, "N"), (2, "D")):
        (points,) = measured(answers, panel)
        assert len(points["x"]) == 25
        for place, x in enumerate(points["x"]):
            ids = behind(answers, points, place)["ids"]
            assert len(ids) == 2
            assert at.loc[ids, column].tolist() == [x, x]


def test_a_run_that_is_known_by_a_bound_alone_is_a_point_of_its_own(planted, tmp_path):
    study, _, _ = planted
    x, rng = np.repeat([1.0, 2.0, 4.0, 8.0, 16.0], 9), np.random.default_rng(0)
    value = 10 * x**0.8 * np.exp(0.1 * rng.standard_normal(len(x)))
    reached = value < 60
    runs = pd.DataFrame({"run_id": [f"r{i:02d}" for i in range(len(x))], "width": x, "status": "ok"})
    runs["seed"] = np.tile(range(9), 5)
    runs["memorised"] = np.where(reached, value, np.nan)
    runs["memorised_low"], runs["memorised_high"] = (
        np.where(reached, value, 60.0),
        np.where(reached, value, np.nan),
    )
    assert 0 < reached.sum() < len(x)
    answers = fitted(study.content, {"y": "memorised", "x": "width", "compare": ["power"]}, runs, tmp_path)
    (points,) = measured(answers)
    at = runs.set_index("run_id")["memorised"]
    for place, limit in enumerate(points["limits"]):
        group = behind(answers, points, place)
        if limit:
            assert limit == 1
            assert at[group["ids"]].isna().all()
            assert group["values"] == [None] * len(group["ids"])
        else:
            assert group["n"] == 1
            assert at[group["ids"][0]] == pytest.approx(points["y"][place], rel=1e-5)


def test_every_form_can_be_told_from_the_points_and_a_refused_one_is_named(simulated):
    answers = answers_of(simulated.folder, "law_error_by_data")
    lines = {trace["name"] for trace in answers["panels"][0]["traces"] if trace["dashes"] is not None}
    assert len(lines) + len(answers["warnings"]) == 3
    assert [trace["name"] for trace in measured(answers)] == [""]
    refused = answers_of(simulated.folder, "law_shuffled_labels")
    assert any("REFUSED: flat" in text for text in refused["warnings"])
    assert all(trace["dashes"] is None for trace in refused["panels"][0]["traces"])


@pytest.mark.parametrize(
    "name", ["law_error_by_data", "law_error_by_kept", "axis_model_size", "curves_data_size"]
)
def test_every_interval_holds_its_point(name, simulated):
    seen = 0
    for panel in answers_of(simulated.folder, name)["panels"]:
        for trace in panel["traces"]:
            for y, low, high in zip(trace["y"], trace.get("low", []), trace.get("high", []), strict=False):
                if None not in (y, low, high):
                    assert low <= y <= high
                    seen += 1
    assert seen > 10


def test_scales_and_labels_are_those_of_the_print(simulated):
    first = answers_of(simulated.folder, "law_error_by_data")["panels"][0]
    assert (first["x"]["scale"], first["y"]["scale"]) == ("log", "log")
    assert first["y"]["label"] == "test error (share wrong)"
    assert first["x"]["limits"][0] < 32 < 1297 < first["x"]["limits"][1]


def test_each_dot_of_a_sweep_is_one_run_at_its_own_value(simulated):
    answers = answers_of(simulated.folder, "axis_model_size")
    runs = simulated.runs.set_index("run_id")
    dots = [trace for trace in measured(answers) if trace["opacity"] < 1]
    seen = set()
    for trace in dots:
        for place, (x, y) in enumerate(zip(trace["x"], trace["y"], strict=True)):
            group = behind(answers, trace, place)
            assert group["n"] == 1
            run = runs.loc[group["ids"][0]]
            assert (x, y) == (run["width"], pytest.approx(run["test_loss"], rel=1e-5))
            seen.add(group["ids"][0])
    sweep = of_sweep(simulated.runs, "model_size")
    assert seen == set(sweep.loc[sweep["test_loss"].notna(), "run_id"])


def test_a_line_along_training_has_all_its_runs_behind_it(simulated):
    answers = answers_of(simulated.folder, "curves_data_size")
    runs = of_sweep(simulated.runs, "data_size")
    assert [panel["title"] for panel in answers["panels"]] == ["train", "validation", "test"]
    for trace in answers["panels"][0]["traces"]:
        group = answers["runs"][trace["runs"][0]]
        (samples,) = runs.set_index("run_id").loc[group["ids"], "samples"].unique()
        assert trace["name"] == f"samples {samples:,}"
        assert group["what"] == "train loss"


def test_a_scatter_has_runs_and_means_with_the_runs_of_each(planted, tmp_path):
    study, _, folder = planted
    block = FigureBlock(kind="scatter", of="rates", options={"x": "sharpness", "y": "test_loss"})
    answers = drawn(block, study, folder, tmp_path)
    runs = pd.read_parquet(folder / "runs.parquet").set_index("run_id")
    means = [trace for trace in measured(answers) if "x_low" in trace]
    assert len(means) == 3
    for trace in means:
        ids = behind(answers, trace, 0)["ids"]
        assert trace["y"][0] == pytest.approx(runs.loc[ids, "test_loss"].mean(), rel=1e-5)


def test_diverged_runs_are_marked_one_by_one_along_training(planted, tmp_path):
    study, _, folder = planted
    answers = drawn(FigureBlock(kind="curves", of="rates"), study, folder, tmp_path)
    ended = [t for t in answers["panels"][0]["traces"] if t["name"] == "a run diverged"]
    runs = pd.read_parquet(folder / "runs.parquet")
    ids = [run for trace in ended for group in trace["runs"] for run in answers["runs"][group]["ids"]]
    wanted = runs[(runs["status"] == "diverged") & runs["sweeps"].str.contains("rates")]["run_id"]
    assert sorted(ids) == sorted(wanted)


def test_a_figure_without_answers_stays_as_it_is_printed(simulated):
    assert answers_of(simulated.folder, "pruning_pruned")["panels"] == []
    assert inline_figure(simulated.folder / "figures", "pruning_pruned").answers is None


def test_one_figure_can_stand_in_two_places_of_a_page(simulated):
    twice = [
        inline_figure(simulated.folder / "figures", "law_error_by_data", place)
        for place in ("hero", "figure")
    ]
    assert 'id="hero-law_error_by_data-figure_1"' in twice[0].svg
    assert 'id="figure-law_error_by_data-figure_1"' in twice[1].svg
    assert "hero-" not in twice[1].svg


def test_equal_runs_are_written_once_and_missing_numbers_are_null():
    runs = [Runs(("a", "b"), "test loss", (1.23456789, np.nan)), Runs(("c",))]
    both = [
        Trace("", [1, 2], [np.inf, 3.0], runs=runs, marker="o"),
        Trace("f", [1, 2], [1, 2], runs=runs, line="--"),
    ]
    scale = Scale("x", "log", (1.0, 2.0))
    written = as_json(Interactive((Panel("", scale, scale, tuple(both)),)))
    content = json.loads(written)
    assert content["runs"] == [
        {"ids": ["a", "b"], "what": "test loss", "values": [1.23457, None], "n": 2},
        {"ids": ["c"], "what": "", "values": [], "n": 1},
    ]
    points, line = content["panels"][0]["traces"]
    assert (points["y"], points["runs"], points["dashes"]) == ([None, 3], [0, 1], None)
    assert line["dashes"] == pytest.approx([3.7 * 1.3, 1.6 * 1.3], abs=0.01)
    assert as_json(None) == as_json(Interactive(()))


def test_points_that_share_an_x_are_told_apart_by_their_y():
    rows = pd.DataFrame({"run_id": ["a", "b", "c"], "samples": [8, 8, 16], "loss": [0.1 + 0.2, 0.5, 0.7]})
    points = pd.DataFrame({"x": [8.0, 8.0, 16.0, 32.0], "y": [0.3, 0.5, 0.6, 1.0]})
    found = runs_behind(points, rows, {"x": "samples"}, "loss", "loss")
    assert [runs.ids for runs in found] == [("a",), ("b",), ("c",), ()]


def unpacked(curves) -> dict:
    return json.loads(gzip.decompress(base64.b64decode(curves.packed)))


def test_packed_curves_are_those_of_the_table(planted):
    _, _, folder = planted
    table = pd.read_parquet(folder / "curves.parquet")
    runs = pd.read_parquet(folder / "runs.parquet")
    diverged = runs.loc[runs["status"] == "diverged", "run_id"].iloc[0]
    wanted = sorted({*runs["run_id"].head(4), diverged})
    packed = pack_curves(table, wanted)
    content = unpacked(packed)
    assert (packed.n_runs, packed.left_out) == (len(wanted), 0)
    assert (content["runs"], content["columns"]) == (wanted, ["test loss", "sharpness"])
    assert content["grids"] == [[0, 1, 10, 100]]
    for place, run in enumerate(wanted):
        rows = table[(table["run_id"] == run) & (table["metric"] == "loss")].sort_values("step")
        values = np.array(content["values"][0][place], dtype=float)
        np.testing.assert_allclose(values, rows["value"], rtol=5e-3)
    assert content["values"][0][wanted.index(diverged)][-1] is None
    assert pack_curves(table.sample(frac=1, random_state=0), wanted) == packed
    assert pack_curves(table, ["none"]) is None


def test_curves_are_thinned_and_then_left_out_evenly():
    steps = np.arange(100)
    table = pd.concat(
        pd.DataFrame({"run_id": f"{run:02d}", "step": steps, "split": "test", "metric": "loss",
                      "value": 0.001234 * steps + run})
        for run in range(20)
    )  # fmt: skip
    ids = set(table["run_id"])
    content = unpacked(pack_curves(table, ids, most=20 * 10))
    assert len(content["runs"]) == 20
    ((grid,), first) = content["grids"], content["values"][0][0]
    assert (len(grid), grid[0], grid[-1]) == (10, 0, 99)
    assert (first[0], first[-1]) == (0.0, 0.122)
    few = pack_curves(table, ids, most=40)
    assert (few.n_runs, few.left_out) == (5, 15)
    assert unpacked(few)["runs"][0] == "00"
    assert unpacked(few)["runs"][-1] == "19"
