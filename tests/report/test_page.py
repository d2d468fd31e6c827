"""The page: self-contained, safe against what a study's author writes, and complete."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.report.embed import csv_link
from lawbook.report.headline import null_outcome
from lawbook.report.page import runs_table, write_report
from lawbook.results.reader import Results
from lawbook.storage.columns import COLUMNS
from lawbook.storage.tables import empty, read_table, write_table
from lawbook.studies import load_study, make_plan


def write_page(simulated, folder):
    shutil.copytree(simulated.folder, folder)
    write_report(simulated.study, folder)
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(simulated, tmp_path_factory):
    return write_page(simulated, tmp_path_factory.mktemp("page") / "planted")


class Tags(HTMLParser):
    """Collects tags, attributes and whether all that opens also closes."""

    VOID = frozenset({"meta", "input", "br", "link", "img"})

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.addresses = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for key, value in attrs:
            self.ids += [value] if key == "id" else []
            self.addresses += [value] if key in ("href", "src", "xlink:href") else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_page_needs_no_network_and_is_well_formed(page):
    tags = Tags(page)
    assert not tags.open
    assert len(tags.ids) == len(set(tags.ids))
    assert all(address.startswith(("#", "data:")) for address in tags.addresses)
    assert all(address[1:] in tags.ids for address in tags.addresses if address.startswith("#"))
    assert len(page) < 8e6


def test_what_the_author_wrote_is_text_not_markup(page):
    assert "Planted &lt;b&gt;power laws&lt;/b&gt; &amp; what goes wrong" in page
    assert "<b>power" not in page
    assert "alert(" in page
    assert "<script>alert" not in page


def test_page_one_says_what_the_design_asks(page, simulated):
    one = page[: page.index('id="warnings"')]
    assert "339 runs: 322 ok, 1 failed, 16 diverged" in one
    for text in ("0.528 [", "samples 32–1,297 (1.6 decades)", "all parameters", "16 of 16 starts", "no exact curve",
                 "holds (preregistered); fails (exploratory)", "without smallest x", "test loss for test error",
                 "Spread over 7 choices", "no law, as it must", "Nothing here was trained"):  # fmt: skip
        assert text in one
    first = page[: page.index('id="numbers"')]
    assert first.count('class="claim"') == len(simulated.study.content.claims)
    assert "falls as D^−α in pool size D over 1.6 decades with α = " in first
    assert '<figure class="drawn" id="figure-law_error_by_data">' in first


def test_the_sensitivity_panel_repeats_the_headline_interval(page):
    headline = re.search(r'class="what">α, power</span> ([^<]+)<', page).group(1)
    panel = re.search(r"as fitted</th>.*?</svg></td><td>([^<]+)<", page, re.S).group(1)
    assert panel == headline


def test_every_bad_run_is_named_with_its_reason(page, simulated):
    warnings = page[page.index('id="warnings"') : page.index('id="tables"')]
    for run in simulated.runs[simulated.runs["status"] != "ok"]["run_id"]:
        assert run in warnings
    assert warnings.count("at step 12: loss is not finite at step 12") == 16


def test_downloads_hold_the_tables(page, simulated):
    links = dict(re.findall(r'download="([\w.]+)" href="data:[^"]*?base64,([^"]*)"', page))
    runs = pd.read_csv(io.BytesIO(base64.b64decode(links["runs.csv"])))
    assert len(runs) == len(simulated.runs)
    np.testing.assert_array_equal(runs["test_loss"], simulated.runs["test_loss"])
    assert "law_error_by_data.csv" in links


def test_long_downloads_are_compressed():
    text = "x,y\n" * 300_000
    link = csv_link("long.csv", text)
    assert link.name == "long.csv.gz"
    assert gzip.decompress(base64.b64decode(link.href.split(",", 1)[1])).decode() == text


def test_all_runs_can_be_searched(page, simulated):
    rows = json.loads(re.search(r'id="runs-data">(.*?)</script>', page, re.S).group(1))
    assert [row[0] for row in rows] == simulated.runs["run_id"].tolist()


def test_of_very_many_runs_the_first_are_shown_and_all_are_in_the_download(simulated, monkeypatch):
    monkeypatch.setattr("lawbook.report.page.MOST_RUNS", 5)
    table = runs_table(Results(simulated.folder))

    assert [row[0] for row in table.rows] == simulated.runs["run_id"].tolist()[:5]
    assert f"Here are the first 5 of {len(simulated.runs)} runs; the download has all." in table.about
    sent = base64.b64decode(table.link.href.split(",", 1)[1])
    assert len(pd.read_csv(io.BytesIO(sent))) == len(simulated.runs)


def test_the_same_tables_give_the_same_page(simulated, page, tmp_path):
    assert write_page(simulated, tmp_path / "planted") == page


def test_an_exact_curve_stands_beside_the_estimate(oracle, tmp_path):
    page = write_page(oracle, tmp_path / "oracle")
    exact = re.findall(r"<dt>exact, same range</dt><dd>([\d.]+)</dd>", page)
    intervals = re.findall(r'class="what">α, power floor</span> [\d.]+ \[([\d.]+), ([\d.]+)\]', page)
    assert len(exact) == len(intervals) == 2
    assert all(
        float(low) < float(value) < float(high) for value, (low, high) in zip(exact, intervals, strict=True)
    )


def test_a_null_that_finds_a_law_is_loud(simulated):
    fits = read_table(simulated.folder / "fits.parquet")
    null = fits["law"] == "shuffled_labels"
    assert [null.passed for null in null_outcome(simulated.study.content, fits)] == [True]
    fits.loc[null, ["status", "estimate", "low", "high"]] = ["ok", 0.3, 0.2, 0.4]
    ((sentence, passed, found),) = null_outcome(simulated.study.content, fits)
    assert (passed, found) == (False, True)
    assert "0.30 [0.20, 0.40] over 64–1,024 (1.2 decades)" in sentence
    ((_, passed, found),) = null_outcome(simulated.study.content, fits[~null])
    assert (passed, found) == (False, False)


def test_a_study_with_nothing_but_runs_has_a_page(simulated, tmp_path):
    (tmp_path / "bare.yaml").write_text(
        "title: Bare\nquestion: None?\ntask: {name: digits}\nmodel: {name: mlp}\n"
        "sweeps: {seeds: {axes: {seed: {count: 2}}}}\n",
        encoding="utf-8",
    )
    fitted = ("fits", "draws", "predictions", "points", "slopes", "sensitivity")
    for name in ("curves", *fitted, "claims"):
        assert name in COLUMNS
        write_table(empty(name), tmp_path / f"{name}.parquet", name)
    write_table(simulated.runs.iloc[:0], tmp_path / "runs.parquet", roles=make_plan(simulated.study).roles)
    write_table(read_table(simulated.folder / "costs.parquet").iloc[:0], tmp_path / "costs.parquet")
    write_report(load_study(tmp_path / "bare.yaml"), tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "This study fits no law." in page
    assert "This study makes no claims." in page


def test_a_missing_figure_is_named(simulated, tmp_path):
    shutil.copytree(simulated.folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "figures" / "axis_model_size.svg").unlink()
    with pytest.raises(LawbookError, match=r"axis_model_size.svg.*draw it again"):
        write_report(simulated.study, tmp_path)
    assert not (tmp_path / "report.html").exists()
