"""Tables and figures carry how they came to be, and the same provenance gives the same bytes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from lawbook.errors import LawbookError
from lawbook.report.style import save, styled
from lawbook.storage.provenance import Provenance, about_runs, ranges, read_provenance, versions
from lawbook.storage.tables import read_table, write_table

COSTS = pd.DataFrame(
    {
        "digest": ["one", "one", "two"],
        "data": ["d", "d", ""],
        "device": "cpu",
        "versions": ['{"torch": "2"}', '{"torch": "2"}', '{"torch": "3"}'],
    }
)


@pytest.fixture
def made() -> Provenance:
    """Return the provenance of a table that was fitted to three runs."""
    return Provenance("smoke", "fit", "of the laws", "of the code", versions(), about_runs(COSTS, [3, 1, 2]))


def test_a_table_and_a_figure_carry_their_provenance(made: Provenance, tmp_path: Path) -> None:
    write_table(pd.DataFrame({"x": [1.0]}), tmp_path / "table.parquet", made=made)
    with styled():
        save(Figure(), tmp_path, "figure", "A <title>", "caption & more", made.as_json())

    assert read_provenance(tmp_path / "table.parquet") == made
    assert read_provenance(tmp_path / "figure.svg") == made
    for file in ("figure.pdf", "figure.png"):
        assert b"of the laws" in (tmp_path / file).read_bytes()
    assert read_table(tmp_path / "table.parquet")["x"].tolist() == [1.0]
    before = (tmp_path / "table.parquet").read_bytes()
    write_table(pd.DataFrame({"x": [1.0]}), tmp_path / "table.parquet", made=made)
    assert (tmp_path / "table.parquet").read_bytes() == before


def test_what_is_told_of_runs_names_each_value_once() -> None:
    assert about_runs(COSTS, [3, 1, 2]) == {
        "code": ["one", "two"],
        "data": ["d"],
        "devices": ["cpu"],
        "versions": [{"torch": "2"}, {"torch": "3"}],
        "seeds": "1-3",
    }
    assert ranges([]) == ""


def test_a_file_without_provenance_or_of_another_kind_is_one_message(tmp_path: Path) -> None:
    write_table(pd.DataFrame({"x": [1.0]}), tmp_path / "bare.parquet")
    (tmp_path / "damaged.svg").write_text("<svg")
    (tmp_path / "table.csv").write_text("x\n1\n")

    for name, problem in (
        ("bare.parquet", "carries no provenance"),
        ("damaged.svg", "carries no provenance"),
        ("absent.parquet", "carries no provenance"),
        ("table.csv", "name one of those"),
    ):
        with pytest.raises(LawbookError, match=problem):
            read_provenance(tmp_path / name)
