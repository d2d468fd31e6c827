"""A ladder of exponents: planted, refused in part, and as published where the table is at hand."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.shipped import STUDIES, load

from lawbook.analyses.exponent_ladder.answer import answer
from lawbook.analyses.exponent_ladder.block import TABLES, ExponentLadderBlock
from lawbook.analyses.exponent_ladder.compute import ladder_table
from lawbook.analyses.exponent_ladder.notices import notices
from lawbook.analyses.exponent_ladder.quantities.ladder_exponent import ladder_exponent
from lawbook.analyses.exponent_ladder.section import ladder_section
from lawbook.errors import LawbookError, StudyError
from lawbook.report.figures import draw_figure
from lawbook.results.reader import Results
from lawbook.storage.tables import conform, write_table
from lawbook.studies import load_study, plan_study
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.source import awaits_table

POINTS = (
    Path(os.environ.get("LAWBOOK_DATA", Path(__file__).parents[3] / "shared" / "data"))
    / "porian_isoflop_points.csv"
)
PUBLISHED = {
    "kaplan": 0.835, "last_layer_counted": 0.706, "short_warmup": 0.602, "matched_decay": 0.571, "tuned": 0.497,
}  # fmt: skip
PLANTED = {"first": 0.8, "second": 0.5}


def runs() -> pd.DataFrame:
    """Return isoFLOP cells of two kinds, whose best size is C^a."""
    sizes, rows = np.geomspace(1e1, 1e10, 55), []
    for kind, a in PLANTED.items():
        for budget in np.geomspace(1e6, 1e10, 9):
            off = np.log(sizes / budget**a)
            near = np.abs(off) < 3
            rows += [(kind, budget, n, 2 + 0.05 * z**2) for n, z in zip(sizes[near], off[near], strict=True)]
    return pd.DataFrame(rows, columns=["kind", "flops", "n_params", "test_loss"]).assign(status="ok")


def written(folder: Path) -> tuple[Results, Any]:
    """Return the results folder of a study with a ladder of three rungs, the last without runs, and its content."""
    block = ExponentLadderBlock(rungs={name: {"kind": name} for name in (*PLANTED, "absent")})
    table = conform(ladder_table(block, runs(), draws=50)["rungs"], TABLES["rungs"])
    write_table(table, folder / "exponent_ladder/two/rungs.parquet")
    analyses = SimpleNamespace(of={"exponent_ladder": {"two": block}}.__getitem__)
    return Results(folder), SimpleNamespace(analyses=analyses, claims=[], table=None, sweeps={}, laws={})


def test_each_rung_has_its_planted_exponent_and_page_and_figure_tell_it(tmp_path: Path) -> None:
    results, content = written(tmp_path)
    found = results.analysis("exponent_ladder", "two")
    for rung, planted in PLANTED.items():
        value, low, high, n = ladder_exponent(found, pd.DataFrame(), rung)
        assert value == pytest.approx(planted, abs=0.002)
        assert low < value < high
        assert n == (runs()["kind"] == rung).sum()
    assert np.isnan(ladder_exponent(found, pd.DataFrame(), "absent")[0])
    with pytest.raises(LawbookError, match="did you mean 'first'"):
        ladder_exponent(found, pd.DataFrame(), "frist")
    (said,) = answer(content, results)
    assert said.endswith("(second); refused are absent")
    assert {code for code, _ in notices(content, results)} == {"not_found"}
    shown = ladder_section("two", content.analyses.of("exponent_ladder")["two"], found)
    assert [row[2] for row in shown.rows][-1] == "refused"
    assert shown.rows[1][3].startswith("−0.3")
    draw_figure(
        FigureBlock(kind="exponent_ladder", of="two"), results.folder, content, results.folder / "figures"
    )
    assert len(pd.read_csv(results.folder / "figures/exponent_ladder_two.csv")) == 3


def test_a_study_whose_table_is_absent_says_how_to_come_by_it(tmp_path: Path) -> None:
    file = tmp_path / "porian_ladder.yaml"
    file.write_text((STUDIES / file.name).read_text())
    assert awaits_table(load_study(file))
    with pytest.raises(
        StudyError, match=r"there is no file .*; convert data/summary_df.pickle.xz of .*; put it there"
    ):
        plan_study("porian_ladder", tmp_path)


@pytest.mark.skipif(not POINTS.exists(), reason=f"no {POINTS.name} in {POINTS.parent}: set LAWBOOK_DATA")
def test_the_published_ladder_comes_out_to_three_digits() -> None:
    content = load("porian_ladder").content
    block: Any = content.analyses.of("exponent_ladder")["refined_web"]
    table = pd.read_csv(POINTS).rename(columns=content.table.rename).assign(status="ok")
    rungs = ladder_table(block, table)["rungs"].set_index("rung")
    assert rungs["exponent"].to_dict() == pytest.approx(PUBLISHED, abs=1e-3)
    assert (rungs["low"] < rungs["exponent"]).all()
    assert (rungs["n_budgets"] >= 10).all()
    claimed = {claim.options["rung"]: claim.expected for claim in content.claims}
    assert claimed == PUBLISHED
