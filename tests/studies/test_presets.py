"""Presets: an overlay on what a study says, whose mistakes name where they are written."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from lawbook.errors import LawbookError, StudyError
from lawbook.studies import plan_study
from lawbook.studies.presets import PresetError, overlay
from lawbook.studies.study import names_at

STUDY: dict[str, Any] = {
    "title": "Sizes",
    "question": "What is planned?",
    "task": {"name": "digits"},
    "model": {"name": "mlp", "width": 8},
    "training": {"steps": 40, "batch_size": 16},
    "sweeps": {
        "data": {"axes": {"samples": {"log2": [64, 256]}, "seed": {"count": 3}}, "set": {"width": 4}},
        "sizes": {"union": [{"axes": {"width": [2, 4]}}, {"axes": {"width": [8], "seed": {"count": 2}}}]},
    },
    "laws": {"error": {"sweep": "data", "y": "test_error", "x": "samples", "compare": ["power"], "range": [64, 256]}},
    "figures": [{"law": "error"}, {"curves": "sizes"}],
    "claims": [
        {"quantity": "diverged_share", "at_most": 0.1, "origin": "exploratory"},
        {"name": "slope", "value": "error.power.alpha", "expected": 0.5, "within": 0.1, "origin": "preregistered"},
        {"name": "steep", "value": "error.power.alpha", "at_least": 0.3, "origin": "preregistered"},
    ],
}  # fmt: skip


def content(**preset: Any) -> dict[str, Any]:
    return overlay({**STUDY, "presets": {"quick": preset}}, "quick").content


def test_what_a_preset_does_not_name_stays_and_the_study_itself_is_not_changed():
    written = {**deepcopy(STUDY), "presets": {"quick": {"training": {"steps": 4}, "sweeps": {"sizes": None}}}}
    before = deepcopy(written)
    made = overlay(written, "quick").content
    assert written == before
    assert made["training"] == {"steps": 4, "batch_size": 16}
    assert made["sweeps"] == {"data": STUDY["sweeps"]["data"]}
    assert made["laws"] == STUDY["laws"]
    assert "presets" not in made


def test_the_values_of_an_axis_are_replaced_whole_and_null_removes_it():
    sweep = content(sweeps={"data": {"axes": {"samples": [64], "seed": None}, "set": {"steps": 3}}})[
        "sweeps"
    ]["data"]
    assert sweep == {"axes": {"samples": [64]}, "set": {"width": 4, "steps": 3}}


def test_a_sweep_in_another_form_is_replaced_whole():
    made = content(sweeps={"data": {"union": [{"axes": {"width": [2]}}]}, "sizes": {"axes": {"width": [2]}}})
    assert made["sweeps"] == {
        "data": {"union": [{"axes": {"width": [2]}}]},
        "sizes": {"axes": {"width": [2]}},
    }


def test_claims_are_changed_by_their_names_or_replaced():
    made = content(claims={"slope": {"within": 0.3, "source": "two seeds"}, "steep": None})["claims"]
    assert made == [STUDY["claims"][0], {**STUDY["claims"][1], "within": 0.3, "source": "two seeds"}]
    assert content(claims=[STUDY["claims"][0]])["claims"] == STUDY["claims"][:1]
    assert content(claims={"slope": {"expected": None, "within": None, "at_least": 0.2}})["claims"][1] == {
        "name": "slope", "value": "error.power.alpha", "origin": "preregistered", "at_least": 0.2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("preset", "field", "fix"),
    [
        ({"sweeps": {"dta": {"axes": {"samples": [64]}}}}, "presets.quick.sweeps.dta", "did you mean 'data'"),
        ({"laws": {"eror": {"range": [64, 128]}}}, "presets.quick.laws.eror", "did you mean 'error'"),
        (
            {"analyses": {"text_quanta": {"tokens": {}}}},
            "presets.quick.analyses.text_quanta",
            "the study has none",
        ),
        ({"claims": {"slop": {"within": 1}}}, "presets.quick.claims.slop", "did you mean 'slope'"),
        ({"shard_flops": None}, "presets.quick.shard_flops", "valid names"),
        ({"presets": {}}, "presets.quick.presets", "delete it"),
        ({"training": {"stps": None}}, "presets.quick.training.stps", "did you mean 'steps'"),
        ([1], "presets.quick", "write keys with values"),
    ],
)
def test_a_name_that_the_study_does_not_have_is_an_error(preset, field, fix):
    with pytest.raises(PresetError) as error:
        overlay({**STUDY, "presets": {"quick": preset}}, "quick")
    assert error.value.field == field
    assert fix in error.value.fix


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    presets = {
        "quick": {"training": {"steps": 4}},
        "small": {"sweeps": {"data": {"axes": {"samples": [64, 128]}}}},
    }
    (tmp_path / "sizes.yaml").write_text(yaml.safe_dump({**STUDY, "presets": presets}, sort_keys=False))
    (tmp_path / "plain.yaml").write_text(yaml.safe_dump(STUDY, sort_keys=False))
    return tmp_path


def test_runs_that_presets_share_have_one_identity(folder):
    whole, small, quick = (plan_study(name, folder) for name in ("sizes", "sizes@small", "sizes@quick"))
    ids = [{run.run_id for run in plan.runs} for plan in (whole, small, quick)]
    assert ids[1] < ids[0]
    assert not ids[2] & ids[0], "another number of steps is another run"
    assert (small.study.name, small.study.file.name) == ("sizes@small", "sizes.yaml")


def test_a_study_says_the_same_with_and_without_presets_beside_it(folder):
    assert plan_study("sizes", folder).study.content == plan_study("plain", folder).study.content


def test_a_study_without_the_preset_keeps_its_name(folder):
    assert names_at(["sizes", "plain"], "quick", folder) == ["sizes@quick", "plain"]
    assert names_at(["plain"], "quick", folder) == ["plain"]
    assert names_at(["sizes@small", "plain"], None, folder) == ["sizes@small", "plain"]
    with pytest.raises(LawbookError, match=r"no study in .* has such a preset; did you mean 'quick'"):
        names_at(["plain"], "quik", folder)
    with pytest.raises(StudyError, match=r"presets = 'quik': there is no such preset; did you mean 'quick'"):
        plan_study("sizes@quik", folder)


@pytest.mark.parametrize(
    ("preset", "says"),
    [
        ({"training": {"steps": -4}}, r"presets\.quick\.training\.steps = -4: "),
        ({"training": {"stps": 4}}, r"presets\.quick\.training\.stps = 4: there is no such key; did you mean 'steps'"),
        ({"sweeps": {"data": {"axes": {"smples": [64]}}}}, r"presets\.quick\.sweeps\.data\.axes\.smples.*'samples'"),
        ({"sweeps": {"data": {"axes": {"samples": [9999]}}}}, r"presets\.quick\.sweeps\.data: samples = 9999"),
        ({"claims": {"slope": {"within": -1}}}, r"presets\.quick\.claims\.slope\.within = -1"),
        ({"laws": {"error": {"compare": ["powr"]}}}, r"presets\.quick\.laws\.error\.compare = 'powr'.*'power'"),
        ({"figures": ["curves", "curves"]}, r"presets\.quick\.figures\.1"),
        ({"swweps": {}}, r"presets\.quick\.swweps"),
    ],
)  # fmt: skip
def test_mistakes_in_what_a_preset_makes_name_the_preset(preset, says, tmp_path):
    (tmp_path / "sizes.yaml").write_text(
        yaml.safe_dump({**STUDY, "presets": {"quick": preset}}, sort_keys=False)
    )
    with pytest.raises(StudyError, match=says):
        plan_study("sizes@quick", tmp_path)
