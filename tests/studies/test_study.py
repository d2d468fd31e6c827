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
from lawbook.studies.claim_block import Claim
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.json_schema import study_schema
from lawbook.studies.law_block import LossName

REPOSITORY = Path(__file__).parents[2]
STUDIES = REPOSITORY / "config/studies"


def test_the_schema_in_the_repository_is_up_to_date() -> None:
    written = (REPOSITORY / "workflow/schemas/study.schema.json").read_text()

    assert written == study_schema(), "run `lawbook schema`"


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
