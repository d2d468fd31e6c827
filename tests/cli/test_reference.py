"""The reference tables that are generated from what they are about."""

from __future__ import annotations

from pathlib import Path

import pytest

from lawbook.cli.reference import (
    END_OF_MEASUREMENTS,
    END_OF_QUANTITIES,
    MEASUREMENTS,
    PAGES,
    QUANTITIES,
    axis_tables,
    with_analysis_table,
    with_axis_tables,
    with_measurement_table,
    with_quantity_table,
)
from lawbook.errors import LawbookError
from lawbook.studies.axes import TrainingAxes

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize("page", PAGES)
def test_the_tables_of_each_generated_page_are_up_to_date(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    written = Path(page).read_text(encoding="utf-8")

    assert written == PAGES[page](written), "run `lawbook schema`"


def test_an_analysis_without_a_guide_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "named").mkdir()
    (tmp_path / "named/__init__.py").touch()

    with pytest.raises(LawbookError, match=r"named.README.md is not there; write what the analysis finds"):
        with_analysis_table("# Studies\n", tmp_path)


def test_each_axis_of_a_block_has_a_row_with_default_and_values() -> None:
    tables = axis_tables()

    assert tables["training"].count("\n") == 2 + len(TrainingAxes.model_fields)
    assert "| `momentum` | `0` | ≥ 0, < 1 |" in tables["training"]
    assert "| `batch_size` | `64` | ≥ 1 or `full` |" in tables["training"]
    assert "| `parametrization` | `standard` | `mup`, `ntk`, `standard` |" in tables["training"]
    assert "| `max_margin` |" in tables["model"], "a model without axes has a row, too"


def test_a_reference_without_a_place_for_its_tables_is_one_message() -> None:
    with pytest.raises(LawbookError, match="the axes of task have no place"):
        with_axis_tables("# Studies\n")


def test_each_measurement_and_quantity_has_its_row() -> None:
    measured = with_measurement_table(f"{MEASUREMENTS}{END_OF_MEASUREMENTS}")
    asked = with_quantity_table(f"{QUANTITIES}{END_OF_QUANTITIES}")

    assert (
        "| `sharpness` |  |  | Sharpness: the largest eigenvalue of the Hessian of the training loss. |"
        in measured
    )
    assert "|  | `iterations:` | `200` |" in measured
    assert "|  | `singular_values` |  | Singular value (a vector) |" in measured
    assert "| `median_ratio` | a column |" in asked
    assert "misdiagnosed_share" not in asked, "the guide of an analysis tells of its own"
