"""The general figures draw what was planted: means, intervals, phases, exact curves, and what lacks a value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lawbook.errors import LawbookError
from lawbook.report.figures import check_figure, draw_figure, figures
from lawbook.report.figures._series import make_lines
from lawbook.report.style import styled
from lawbook.results.reader import Results
from lawbook.studies.figure_block import FigureBlock
from lawbook.theory.sgd_oracle import exact_loss

STEPS = np.array([0, 1, 10, 100])


def drawn(planted, kind, of, **options):
    study, plan, folder = planted
    block = FigureBlock.model_validate({"kind": kind, "of": of, "options": options})
    check_figure(block, study.content, plan.runs)
    with styled():
        return figures[kind].draw(block, Results(folder), study.content)


def legend(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_curves_have_the_t_interval_over_seeds_at_every_step_and_step_0_on_the_axis(planted):
    shown = drawn(planted, "curves", "rates")
    line = shown.data[shown.data["line"] == "learning rate 0.1"].set_index("x")
    assert list(line.index) == [0, 1, 10, 100]
    for step, row in line.iterrows():
        values = 2.0 + np.arange(3) - 0.01 * step
        low, high = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
        assert (row["y"], row["low"], row["high"]) == pytest.approx((values.mean(), low, high))
    axes = shown.figure.axes[0]
    assert axes.get_xscale() == "symlog"
    assert 0.0 in axes.xaxis.get_majorticklocs()
    assert axes.get_xlim()[0] < 0


def test_a_diverged_run_counts_up_to_the_step_before_and_has_a_cross(planted):
    shown = drawn(planted, "curves", "rates", where={"learning_rate": 0.4}, metric="test_loss")
    counts = shown.data.set_index("x")["n_seeds"]
    assert counts.to_dict() == {0: 3, 1: 3, 10: 3, 100: 2}
    cross = next(line for line in shown.figure.axes[0].lines if line.get_label() == "a run diverged")
    assert (list(cross.get_xdata()), list(cross.get_ydata())) == ([10], [2.0 + 2 - 0.1])


def test_levels_follow_the_lines_and_numbers_stand_alone(planted):
    shown = drawn(planted, "curves", "rates", metric="sharpness", levels=[3, {"ratio": [2, "learning_rate"]}])
    axes = shown.figure.axes[0]
    flat = {float(line.get_ydata()[0]): line.get_color() for line in axes.lines if line.get_linestyle() == ":"
            and len(line.get_ydata())}  # fmt: skip
    assert sorted(flat) == pytest.approx([3, 5, 10, 20])
    assert len(set(flat.values())) == 4, "each has its line's colour, the number its own"
    assert legend(shown.figure)[-2:] == ["3", "2 / learning rate"]


def test_an_exact_curve_along_steps_lies_over_the_runs_that_it_covers(planted):
    shown = drawn(planted, "curves", "rates", metric="loss", exact="sgd_oracle", x="samples_seen")
    exact = shown.data[(shown.data["part"] == "exact") & (shown.data["line"] == "learning rate 0.2")]
    assert exact["x"].tolist() == [0, 16, 160, 1600]
    assert exact["y"].to_numpy() == pytest.approx(
        exact_loss(8, np.full(100, 0.2), 16, steps=STEPS), rel=1e-12
    )
    nothing = drawn(planted, "curves", "rates", metric="sharpness", exact="sgd_oracle")
    assert set(nothing.data["part"]) == {"mean"}


def test_of_two_axes_one_has_the_colours_and_the_other_the_dashes(planted):
    shown = drawn(planted, "curves", "phases", metric="test_loss")
    assert legend(shown.figure)[:5] == [
        "learning rate 0.1", "learning rate 0.2", "learning rate 0.4", "momentum 0", "momentum 0.5",
    ]  # fmt: skip
    other = drawn(planted, "curves", "phases", metric="test_loss", by="momentum")
    assert legend(other.figure)[:2] == ["momentum 0", "momentum 0.5"]


def test_a_value_that_is_none_is_one_value_in_every_line():
    runs = pd.DataFrame({"clip": [np.nan, np.nan, 1.0, 1.0], "rate": [0.1, 0.2, 0.1, 0.2]})
    lines, _ = make_lines(runs, ["clip", "rate"])
    assert {line.values[0] for line in lines} == {None, 1.0}
    assert lines[-1].label == "clip none, rate 0.2"


def test_a_map_has_means_and_marks_what_lacks_them(planted):
    shown = drawn(planted, "map", "phases", value="memorised")
    cells = shown.data.set_index(["learning_rate", "momentum"])
    assert cells.loc[(0.2, 0.0), "memorised"] == pytest.approx(50)
    assert cells.loc[(0.2, 0.0), "memorised_n"] == 2
    assert cells.loc[(0.4, 0.0), ["n_runs", "n_diverged"]].tolist() == [3, 1]
    assert legend(shown.figure) == [
        "all runs diverged", "memorised not reached in any run", "some runs diverged",
        "memorised not reached in some runs: mean of the others",
    ]  # fmt: skip
    hatched = [patch for patch in shown.figure.axes[0].patches if patch.get_hatch()]
    assert sorted(patch.get_xy() for patch in hatched) == [(0, 0), (0, 1), (2, 1)]


def test_a_map_of_phases_names_what_most_runs_reach(planted):
    shown = drawn(planted, "map", "phases", by=["memorised", "understood"])
    cells = shown.data.set_index(["learning_rate", "momentum"])
    assert cells["phase"].fillna("diverged").to_dict() == {
        (0.1, 0.0): "none", (0.1, 0.5): "none", (0.2, 0.0): "memorised+understood", (0.2, 0.5): "memorised",
        (0.4, 0.0): "memorised", (0.4, 0.5): "diverged",
    }  # fmt: skip
    assert legend(shown.figure) == [
        "none of them", "memorised alone", "memorised and understood", "runs differ: most", "all runs diverged",
        "some runs diverged",
    ]  # fmt: skip


def test_an_index_is_drawn_at_steps_and_its_steps_per_index(planted):
    across = drawn(planted, "index", "one", measurement="spectrum", steps=[0, 90], x_scale="log")
    assert sorted(across.data["step"].unique()) == [0, 100]
    last = across.data[across.data["step"] == 100].set_index("x")
    assert last["y"].to_dict() == pytest.approx({rank: 101 / rank * 1.5 for rank in (1, 2, 3, 4)})
    assert "2 other measured steps are not drawn" in across.caption
    along = drawn(planted, "index", "rates", measurement="spectrum", x="step", indices=[0, 3])
    assert len([axes for axes in along.figure.axes if axes.axison]) == 3
    line = along.data[(along.data["index"] == 3) & (along.data["panel"] == "learning rate 0.1")]
    assert line["y"].tolist() == pytest.approx(((1 + STEPS) / 4 * 1.5).tolist())


def test_a_scatter_has_runs_and_means_with_intervals_on_both_axes(planted):
    shown = drawn(planted, "scatter", "rates", x="sharpness", y="test_loss", identity=True)
    means = shown.data[shown.data["part"] == "mean"].set_index("learning_rate")
    values = 10 * (1 + 0.1 * np.arange(3))
    low, high = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    assert means.loc[
        0.1, ["test_loss", "test_loss_low", "test_loss_high", "sharpness"]
    ].tolist() == pytest.approx([11, low, high, 20])
    assert (shown.data["part"] == "run").sum() == 8
    axes = shown.figure.axes[0]
    assert axes.get_xlim() == axes.get_ylim()
    assert "1 run diverged" in shown.caption
    lacking = drawn(planted, "scatter", "phases", x="sharpness", y="understood")
    assert "without a value of sharpness and understood cannot be drawn" in lacking.caption


def test_many_values_of_an_axis_have_a_colour_bar(planted):
    shown = drawn(planted, "scatter", "sizes", x="test_loss", y="sharpness")
    assert len(shown.figure.axes) == 2
    assert shown.figure.axes[1].get_ylabel() == "features N"


def test_two_figures_of_one_sweep_have_names(planted, tmp_path):
    study, _, folder = planted
    block = FigureBlock.model_validate({"curves": {"of": "rates", "metric": "sharpness", "name": "sharp"}})
    assert (block.name, block.of, block.options) == ("curves_sharp", "rates", {"metric": "sharpness"})
    draw_figure(block, folder, study.content, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"curves_sharp.{s}" for s in ("csv", "json", "pdf", "png", "svg")
    }


@pytest.mark.parametrize(
    ("kind", "of", "options", "says"),
    [
        ("loss_curves", "rates", {}, "did you mean 'curves'"),
        ("curves", "rates", {"metric": "sharpnes"}, "no metric or measurement 'sharpnes'; did you mean 'sharpness'"),
        ("curves", "rates", {"x": "steps"}, "x = 'steps'; did you mean 'step'"),
        ("curves", "rates", {"x_scale": "logs"}, "x_scale = 'logs'; did you mean 'log'"),
        ("curves", "rates", {"by": "momentum"}, "by = 'momentum' is no axis that varies"),
        ("curves", "rates", {"levels": {"ratio": [2]}}, "is no level; write numbers"),
        ("curves", "rates", {"levels": "learning_rte"}, "did you mean 'learning_rate'"),
        ("curves", "rates", {"exact": "perceptron"}, "is not one along steps"),
        ("index", "rates", {}, "names no measurement"),
        ("index", "rates", {"measurement": "sharpness"}, "no measurement 'sharpness'"),
        ("index", "rates", {"measurement": "spectrum", "steps": "first"}, "write whole numbers"),
        ("map", "rates", {"value": "test_loss"}, "y = None is no axis that varies; name a sweep over two axes"),
        ("map", "phases", {}, "write value: COLUMN, or by"),
        ("map", "phases", {"value": "test_los"}, "did you mean 'test_loss'"),
        ("map", "phases", {"by": "memorised"}, "write a list of 1 to 3 columns"),
        ("map", "phases", {"value": "test_loss", "x": "momentum", "y": "momentum"}, "name two axes"),
        ("scatter", "rates", {"x": "test_loss"}, "names no column for y"),
        ("scatter", "rates", {"x": "test_loss", "y": "status"}, "is no column of numbers"),
        ("scatter", "rates", {"x": "test_loss", "y": "sharpness", "identity": 1}, "true or false"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_says_why(kind, of, options, says, planted):
    with pytest.raises(LawbookError, match=says):
        drawn(planted, kind, of, **options)
