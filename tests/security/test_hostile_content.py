"""Hostile words, numbers, drawings and files that reach a page, a figure, a shell or the cache are disarmed there."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.workflow.conftest import build

from lawbook.claims.judge import judge_claims
from lawbook.fitting.sensitivity import sensitivity
from lawbook.fitting.study import fit_study
from lawbook.report.embed import inline_figure
from lawbook.report.figures import draw_figure
from lawbook.report.page import write_report
from lawbook.results.from_table import import_table
from lawbook.storage.columns import COLUMNS
from lawbook.storage.tables import write_table
from lawbook.studies import load_study, make_plan
from lawbook.training.cache import Cache

SCRIPT = "</title></script><script>alert(1)</script><img src=x onerror=alert(2)>"
DOLLARS = r"$\frac{$_{"

STUDY = f"""
title: '{SCRIPT}'
question: '{SCRIPT} $\\frac{{'
limits: '{SCRIPT}'
table: {{path: hostile.csv}}
laws:
  of_all: {{y: '{SCRIPT}', x: '{DOLLARS}', by: ['a_<b>group</b>'], compare: [power, power_floor], role: headline}}
figures: [{{law: of_all}}]
claims:
  - {{value: of_all.power.alpha, where: {{'a_<b>group</b>': '{SCRIPT}'}}, expected: 0.5, within: 0.1,
     origin: published, source: '<a href="javascript:alert(3)">{SCRIPT}</a>'}}
"""


class Elements(HTMLParser):
    """Counts what a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self.addresses: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_script = tag == "script" and dict(attrs).get("type") != "application/json"
        self.handlers += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]
        self.addresses += [value or "" for name, value in attrs if name.endswith(("href", "src", "action"))]

    def handle_data(self, data: str) -> None:
        self.scripts += [data] if self._in_script else []
        self._in_script = False


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Return the report of a study of hostile words, and its folder."""
    folder = tmp_path_factory.mktemp("hostile")
    rng = np.random.default_rng(0)
    x = np.tile(2.0 ** np.arange(4, 11), 6)
    table = pd.DataFrame({DOLLARS: x, SCRIPT: x**-0.5 * np.exp(0.02 * rng.standard_normal(len(x)))})
    table["a_<b>group</b>"], table["seed"] = SCRIPT, np.repeat(np.arange(6), 7)
    table.to_csv(folder / "hostile.csv", index=False)
    (folder / "hostile.yaml").write_text(STUDY)
    plan = make_plan(load_study(folder / "hostile.yaml"))
    content, out = plan.study.content, folder / "results"
    runs, source = import_table(plan)
    write_table(runs, out / "runs.parquet", roles=plan.roles)
    write_table(source, out / "source.parquet", "source")
    tables = fit_study(content.laws, runs) | {"sensitivity": sensitivity(content.laws, runs)}
    for name, made in tables.items():
        write_table(made, out / f"{name}.parquet", name)
    write_table(judge_claims(content.claims, out), out / "claims.parquet", "claims")
    for block in content.figures:
        draw_figure(block, out, content, out / "figures")
    write_report(plan.study, out)
    return (out / "report.html").read_text(), out


def test_words_of_a_study_and_its_table_run_nothing_on_the_page(page: tuple[str, Path]) -> None:
    html, _ = page
    found = Elements()
    found.feed(html)

    assert html.count("alert(1)") >= 4, "the words are shown, as words"
    assert not [script for script in found.scripts if "alert" in script]
    assert len(found.scripts) <= 1, "the page's own search"
    assert found.handlers == []
    assert [a for a in found.addresses if not a.startswith(("#", "data:"))] == []
    assert "default-src 'none'" in html


def test_dollars_and_braces_in_a_columns_name_are_drawn_as_they_are(page: tuple[str, Path]) -> None:
    _, out = page
    for kind in ("svg", "pdf", "png"):
        assert (out / f"figures/law_of_all.{kind}").stat().st_size > 1_000


SVG = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="alert(1)">
<script>alert(2)</script>
<g onclick="alert(3)"><path d="M0 0" id="p"/>
  <foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><script>alert(4)</script></body></foreignObject>
  <a href="javascript:alert(5)"><text>x</text></a>
  <use xlink:href="https://example.org/evil.svg#x"/><use xlink:href="#p"/>
  <image href="https://example.org/pixel.png"/><animate onbegin="alert(6)"/></g>
<iframe xmlns="http://www.w3.org/1999/xhtml" src="https://example.org"/></svg>"""


def test_a_drawing_keeps_its_lines_and_loses_what_acts_or_fetches(tmp_path: Path) -> None:
    (tmp_path / "f.svg").write_text(SVG)
    (tmp_path / "f.csv").write_text("x\n1\n")
    (tmp_path / "f.json").write_text('{"panels": [], "runs": []}')

    svg = str(inline_figure(tmp_path, "f").svg)

    assert "M0 0" in svg
    assert 'href="#figure-f-p"' in svg
    for hostile in ("alert", "script", "example.org", "foreignObject", "iframe", "onload", "onclick"):
        assert hostile not in svg


def test_entities_that_expand_without_end_are_refused(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10 if i else "x" * 10}">' for i in range(12))
    (tmp_path / "f.svg").write_text(
        f'<!DOCTYPE svg [{entities}]><svg xmlns="http://www.w3.org/2000/svg"><text>&a11;</text></svg>'
    )
    (tmp_path / "f.csv").write_text("x\n1\n")
    (tmp_path / "f.json").write_text('{"panels": [], "runs": []}')
    from lawbook.errors import LawbookError

    with pytest.raises(LawbookError, match="the figure cannot be read"):
        inline_figure(tmp_path, "f")


@pytest.mark.parametrize(
    "text", ["", "[]", '{"panels": [{}]}', '{"panels": [], "runs": [NaN]}', '{"runs": [{"ids": 1}]}']
)
def test_answers_of_another_form_are_refused(text: str, tmp_path: Path) -> None:
    from lawbook.errors import LawbookError

    (tmp_path / "f.svg").write_text(SVG)
    (tmp_path / "f.csv").write_text("x\n1\n")
    (tmp_path / "f.json").write_text(text)
    with pytest.raises(LawbookError, match="draw it again"):
        inline_figure(tmp_path, "f")


def _parquet(schema: pa.Schema, metadata: dict[str, str] | None) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(schema.empty_table().replace_schema_metadata(metadata), buffer)
    return buffer.getvalue()


OF_CURVES = pa.schema([("key", pa.string()), *COLUMNS["curves"].items()])
CACHED: dict[str, bytes] = {
    "no table": b"PAR1 but not at all",
    "a pickle": b"\x80\x04\x95cos\nsystem\n(S'touch made'\ntR.",
    "other columns": _parquet(pa.schema([("run", pa.string())]), {"rows": "{}"}),
    "no rows": _parquet(OF_CURVES, None),
    "rows that are no JSON": _parquet(OF_CURVES, {"rows": "__import__('os')"}),
    "rows that are a list": _parquet(OF_CURVES, {"rows": "[1, 2]"}),
    "a row that is a number": _parquet(OF_CURVES, {"rows": '{"wanted": 7}'}),
}


@pytest.mark.parametrize("data", CACHED.values(), ids=CACHED)
def test_a_hostile_file_in_the_cache_is_reported_and_not_used(
    data: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / f"{hashlib.sha256(data).hexdigest()[:32]}.parquet").write_bytes(data)
    with caplog.at_level(logging.WARNING):
        assert Cache(tmp_path, "curves").load(["wanted"]) == {}
    assert "is damaged" in caplog.text


def _escape(folder: Path) -> Path:
    (folder / "t.csv").write_text("\x1b[2Jloss,x\n1,2\n")
    return folder / "t.csv"


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "t.csv")
    return folder / "t.csv"


@pytest.mark.parametrize(("make", "problem"), [(_escape, "unseen character"), (_pipe, "is no regular file")])
def test_a_hostile_table_is_refused(make: Callable[[Path], Path], problem: str, tmp_path: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "lawbook", "fit", str(make(tmp_path)), "--y", "loss", "--x", "x", "--law", "power"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert refused.returncode == 2
    assert problem in refused.stderr
    assert "\x1b" not in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_results_folder_with_a_command_for_a_name_is_only_a_folder(tmp_path: Path) -> None:
    checkout = build(tmp_path / "checkout")
    name = "my $(touch made) results; touch 'made'"
    (checkout.folder / "config/config.yaml").write_text(f'results: "{name}"\n')

    ran = checkout.snakemake("--cores", "1", "--until", "plan_study", "--", "smoke")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (checkout.folder / name / "smoke/plan.parquet").exists()
    assert not list(checkout.folder.rglob("made"))
