"""Studies as files: finding them, their schema, and the forms that a block may take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
import yaml

from lawbook.errors import LawbookError
from lawbook.laws.loss import LOSSES
from lawbook.studies import find_study, load_study, study_names
from lawbook.studies.axes import TrainingAxes
from lawbook.studies.claim_block import Claim
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.json_schema import study_schema
from lawbook.studies.law_block import LossName
from lawbook.studies.reference import PAGES, axis_tables, with_analysis_table, with_axis_tables

REPOSITORY = Path(__file__).parents[2]
STUDIES = REPOSITORY / "config/studies"


def test_the_schema_in_the_repository_is_up_to_date() -> None:
    written = (REPOSITORY / "workflow/schemas/study.schema.json").read_text()

    assert written == study_schema(), "run `lawbook schema`"


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


def test_every_shipped_study_loads_and_fits_the_schema() -> None:
    schema = json.loads(study_schema())
    of_schema = jsonschema.validators.validator_for(schema)(schema)
    for study in study_names(STUDIES):
        assert load_study(STUDIES / f"{study}.yaml").name == study
        of_schema.validate(yaml.safe_load((STUDIES / f"{study}.yaml").read_text()))


def test_studies_are_listed_without_being_read(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("][")
    (tmp_path / "notes.txt").write_text("")

    assert study_names(tmp_path) == ["broken"]


def test_a_study_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "digits.yaml").touch()

    with pytest.raises(LawbookError, match=r"there is no study 'digit' in .*; did you mean 'digits'\?"):
        find_study("digit", tmp_path)


@pytest.mark.parametrize(
    ("written", "kind", "of", "options", "name"),
    [
        ("curves", "curves", None, {}, "curves"),
        ({"law": "by_data"}, "law", "by_data", {}, "law_by_data"),
        ({"law": {"of": "by_data", "marks": True}}, "law", "by_data", {"marks": True}, "law_by_data"),
        ({"kind": "law", "of": "by_data"}, "law", "by_data", {}, "law_by_data"),
    ],
)
def test_the_forms_of_a_figure(
    written: object, kind: str, of: str | None, options: object, name: str
) -> None:
    block = FigureBlock.model_validate(written)

    assert (block.kind, block.of, block.options, block.name) == (kind, of, options, name)


def test_one_axis_to_pair_by_needs_no_list() -> None:
    claim = {
        "difference": "test_error", "of": {"metric": "el2n"}, "minus": {"metric": "random"}, "paired_by": "seed",
        "at_most": 0, "origin": "exploratory",
    }  # fmt: skip

    assert Claim.model_validate(claim).paired_by == ["seed"]


def test_a_law_block_knows_every_loss() -> None:
    assert get_args(LossName) == LOSSES
