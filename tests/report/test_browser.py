"""The page in a real browser: it opens from disk, its figures answer, and what an author wrote never acts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.conftest import simulate_runs, write_results
from tests.report.conftest import Opened

from lawbook.report.learning_curves import pack_curves
from lawbook.report.page import write_report
from lawbook.studies import load_study

ATTACK = "<img src=x onerror=\"document.title='attacked'\">"
STUDY = f"""
title: A page </script><script>document.title = 'attacked'</script>
question: {ATTACK}
task: {{name: digits}}
model: {{name: mlp, depth: 1, width: 64}}
training: {{optimizer: adamw, learning_rate: 3.0e-3, batch_size: 64, steps: 500}}
sweeps:
  data_size: {{axes: {{samples: {{log2: [32, 1024]}}, activation: [relu, tanh], seed: {{count: 4}}}}}}
laws:
  error_by_data: {{sweep: data_size, y: test_error, x: samples, compare: [power, power_floor]}}
figures: [{{law: error_by_data}}, {{axis: data_size}}]
"""
LAW, AXIS = "#figure-law_error_by_data", "#figure-axis_data_size"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a small simulated study whose title, question, and a value of an axis would like to act."""
    folder = tmp_path_factory.mktemp("browser") / "hostile"
    folder.mkdir()
    (folder / "hostile.yaml").write_text(STUDY, encoding="utf-8")
    study = load_study(folder / "hostile.yaml")
    runs = simulate_runs(study, np.random.default_rng(0))
    runs["activation"] = runs["activation"].replace("tanh", ATTACK)
    write_results(study, runs, folder)
    write_report(study, folder)
    return folder / "report.html"


@pytest.fixture
def opened(open_file, report) -> Callable[..., Opened]:
    """Return how to open the page (or another), with what the browser should be like."""
    return lambda file=report, **like: open_file(file, **like)


def chart(page, figure: str, panel: int = 0):
    """Return a panel of a figure, once it has been drawn."""
    page.locator(figure).scroll_into_view_if_needed()
    found = page.locator(f"{figure} .space > svg").nth(panel)
    found.scroll_into_view_if_needed()
    found.locator("circle").wait_for(state="attached")
    return found


def points(page, figure: str, panel: int = 0) -> list[tuple[float, float]]:
    """Return where the marks of the first trace with marks are drawn, in pixels of the panel."""
    marks = chart(page, figure, panel).locator("g[clip-path] path[stroke-width='0']").first.get_attribute("d")
    starts = [part.split("m")[0].split(",") for part in marks.split("M")[1:]]
    return [(float(x), float(y)) for x, y in starts]


def test_it_opens_from_disk_without_network_and_without_a_word_on_the_console(opened, report):
    found = opened()
    chart(found.page, AXIS)
    assert found.requests == [report.as_uri()]
    assert found.said == []
    assert found.page.evaluate("performance.getEntriesByType('resource').length") == 0


def test_pointing_at_a_point_tells_its_runs_and_a_click_opens_their_curves(opened, report):
    page = opened().page
    at = points(page, LAW)[1]
    svg = chart(page, LAW)
    svg.hover(position={"x": at[0] + 3, "y": at[1] + 3})
    label = page.locator(f"{LAW} .label:visible")
    told = label.inner_text().splitlines()
    runs = pd.read_parquet(report.parent / "runs.parquet")
    its = runs[(runs["samples"] == 64) & runs["test_error"].notna()]
    assert told[0] == "pool size D (examples): 64"
    assert told[1].startswith("test error (share wrong): 0.")
    assert f"{len(its)} runs, test error" in told
    first = its.sort_values(["seed", "run_id"]).iloc[0]
    assert told[3] == f"seed 0: {first['test_error']:.4g}"

    svg.click(position={"x": at[0] + 3, "y": at[1] + 3})
    dialog = page.get_by_role("dialog")
    dialog.locator(".panel svg path").first.wait_for(state="attached")
    assert dialog.get_by_role("combobox").input_value() == "1"
    assert dialog.locator("option:checked").inner_text() == "test error"
    assert dialog.locator("tbody tr").count() == len(its)
    second = its.sort_values(["seed", "run_id"]).iloc[1]["run_id"]
    dialog.get_by_role("button", name=second).click()
    assert f"Configuration of run {second}" in dialog.inner_text()
    assert dialog.locator("dd", has_text=second).count() == 1
    dialog.get_by_role("button", name="Close").click()
    assert page.get_by_role("dialog").count() == 0


def test_the_keys_move_along_points_open_and_close(opened):
    page = opened().page
    svg = chart(page, LAW)
    svg.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    spoken = page.locator("[role=status].unseen")
    assert "pool size D (examples): 64. test error" in spoken.inner_text()
    page.keyboard.press("End")
    assert "pool size D (examples): 1,024" in spoken.inner_text()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").locator(".panel svg path").first.wait_for(state="attached")
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").count() == 0
    assert svg.evaluate("element => element === document.activeElement")
    page.keyboard.press("Escape")
    assert page.locator(f"{LAW} .label:visible").count() == 0


def test_a_form_is_turned_off_and_on_in_every_panel(opened):
    page = opened().page
    chart(page, LAW)
    form = page.locator(f"{LAW} .legend .switch").first
    assert form.inner_text().startswith("power: α = ")
    curves = [
        page.locator(f"{LAW} .panel").nth(panel).locator("path[stroke='#0072B2']") for panel in range(3)
    ]
    before = [curve.count() for curve in curves]
    assert all(before)
    form.click()
    assert form.get_attribute("aria-pressed") == "false"
    assert [curve.count() for curve in curves] == [0, 0, 0]
    form.click()
    assert [curve.count() for curve in curves] == before


def test_the_axes_are_logarithmic_or_linear(opened):
    page = opened().page
    for_log = np.diff([x for x, _ in points(page, LAW)])
    np.testing.assert_allclose(for_log, for_log[0], atol=0.3)
    page.locator(LAW).get_by_role("button", name="log x").click()
    linear = np.diff([x for x, _ in points(page, LAW)])
    np.testing.assert_allclose(linear[1:] / linear[:-1], 2, rtol=0.05)


def test_the_first_panel_is_as_tall_as_those_beside_it_and_all_is_above_the_fold(opened):
    page = opened().page
    chart(page, LAW)
    first, *others = (page.locator(f"{LAW} .panel").nth(panel).bounding_box() for panel in range(3))
    assert all(other["x"] > first["x"] + first["width"] for other in others)
    assert first["y"] == pytest.approx(others[0]["y"], abs=1)
    assert first["y"] + first["height"] == pytest.approx(others[1]["y"] + others[1]["height"], abs=2)
    legend = page.locator(f"{LAW} .legend").bounding_box()
    assert legend["y"] + legend["height"] < 900


def test_on_a_narrow_screen_panels_stand_below_one_another(opened):
    page = opened(viewport={"width": 480, "height": 900}).page
    chart(page, LAW)
    boxes = [page.locator(f"{LAW} .panel").nth(panel).bounding_box() for panel in range(3)]
    for above, below in itertools.pairwise(boxes):
        assert above["x"] == below["x"]
        assert 0 < below["y"] - above["y"] - above["height"] < 20, "no blank room between them"


def test_print_and_the_button_show_the_printed_figure(opened):
    page = opened().page
    chart(page, LAW)
    printed, drawn = page.locator(f"{LAW} .printed"), page.locator(f"{LAW} .chart")
    assert (printed.is_visible(), drawn.is_visible()) == (False, True)
    page.locator(LAW).get_by_role("button", name="as printed").click()
    assert (printed.is_visible(), drawn.is_visible()) == (True, False)
    page.locator(LAW).get_by_role("button", name="as printed").click()
    page.emulate_media(media="print")
    assert not page.locator(f"{LAW} .bar").is_visible()
    assert (printed.is_visible(), drawn.is_visible()) == (True, False)


def test_without_scripts_all_figures_are_there(opened):
    page = opened(java_script_enabled=False).page
    for figure in (LAW, AXIS):
        assert page.locator(f"{figure} .printed > svg").is_visible()
    assert page.locator(".chart").count() == 0


def test_what_an_author_wrote_is_text_in_figures_and_windows(opened):
    found = opened()
    page = found.page
    svg = chart(page, AXIS)
    names = page.locator(f"{AXIS} .legend .switch").all_inner_texts()
    assert any(ATTACK in name for name in names)
    svg.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").locator(".panel svg path").first.wait_for(state="attached")
    assert page.title().startswith("A page </script><script>")
    assert page.locator("img").count() == 0
    assert found.said == []


def test_it_works_on_a_phone(opened):
    page = opened(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).page
    at = points(page, LAW)[2]
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    chart(page, LAW).tap(position={"x": at[0], "y": at[1]})
    dialog = page.get_by_role("dialog")
    dialog.locator(".panel svg path").first.wait_for(state="attached")
    box = dialog.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert dialog.evaluate("element => element.scrollWidth <= element.clientWidth")


def test_a_curve_that_was_left_out_is_said_to_be(opened, report, tmp_path):
    curves = pd.read_parquet(report.parent / "curves.parquet")
    text = report.read_text(encoding="utf-8")
    (whole,) = re.findall(r'"packed": "([^"]+)"', text)
    few = pack_curves(curves, set(curves["run_id"].unique()[:1])).packed
    (tmp_path / "few.html").write_text(text.replace(whole, few), encoding="utf-8")
    page = opened(tmp_path / "few.html").page
    chart(page, LAW).focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    said = page.get_by_role("dialog").get_by_text("have no curve in this page")
    said.wait_for()
    assert "curves.parquet has all" in said.inner_text()
