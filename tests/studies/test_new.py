"""A new study: the template plans at once and says what each key is; a copy is the other study but for its title."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

import pytest
import yaml
from tests.shipped import shipped_studies

from lawbook.errors import LawbookError
from lawbook.studies import load_study, plan_study
from lawbook.studies.cost import run_cost
from lawbook.studies.new import EDITORS_LINE, write_new_study
from lawbook.studies.schema import StudyFile
from lawbook.workflow.check import checked_plan

SHIPPED = Path(__file__).parents[2] / "config/studies"
SECONDS = 10.0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of studies of a new workflow folder, which is where this test runs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config/studies").mkdir(parents=True)
    return Path("config/studies")


def test_the_template_can_be_planned_at_once_and_trains_for_seconds(folder: Path) -> None:
    file = write_new_study("first_try", folder)

    plan = checked_plan("first_try", folder)
    assert file == folder / "first_try.yaml"
    assert plan.study.content.title == "First try"
    assert len({run.config["seed"] for run in plan.runs}) == 8
    assert sum(run_cost(run.config).seconds for run in plan.runs) < SECONDS


def test_the_template_says_of_every_key_what_it_is() -> None:
    template = importlib.resources.files("lawbook.studies").joinpath("template.yaml").read_text()

    written = yaml.safe_load(template)
    assert set(written) == StudyFile.model_fields.keys() - {
        "table", "measure", "columns", "analyses", "hero", "presets", "shard_flops",
    }  # fmt: skip
    comments = " ".join(line.partition("#")[2] for line in template.splitlines())
    assert all(name in comments for name in StudyFile.model_fields.keys() - written.keys())
    lines = template.splitlines()
    for key in written:
        at = next(i for i, line in enumerate(lines) if line.startswith(f"{key}:"))
        assert "# " in lines[at] or lines[at - 1].startswith("# "), key


@pytest.mark.parametrize("source", shipped_studies())
def test_a_copy_is_the_other_study_but_for_its_title(folder: Path, source: str) -> None:
    for file in filter(Path.is_file, SHIPPED.iterdir()):
        (folder / file.name).write_bytes(file.read_bytes())

    written = write_new_study("mine", folder, source)

    old, new = (load_study(folder / f"{name}.yaml").content for name in (source, "mine"))
    assert new.title == f"Mine, begun from {source}"
    assert new.model_copy(update={"title": old.title}) == old
    before, after = (folder / f"{source}.yaml").read_text(), written.read_text()
    assert {line for line in after.splitlines() if "#" in line} > {
        line for line in before.splitlines() if "#" in line
    }


def test_the_runs_of_a_copy_are_those_of_the_other(folder: Path) -> None:
    (folder / "smoke.yaml").write_bytes((SHIPPED / "smoke.yaml").read_bytes())
    write_new_study("mine", folder, "smoke")

    old, new = (plan_study(name, folder) for name in ("smoke", "mine"))
    assert [run.run_id for run in new.runs] == [run.run_id for run in old.runs]


@pytest.mark.parametrize(
    ("title", "after"),
    [
        ("title: plain  # a comment", 'title: "Mine, begun from old"  # a comment'),
        ("title: >-\n  of two\n  lines\n\n# a comment", 'title: "Mine, begun from old"\n\n# a comment'),
        ("title: |\n  a block", 'title: "Mine, begun from old"'),
        ("'title': 'a: quoted\n  one'", "'title': \"Mine, begun from old\""),
    ],
)
def test_a_title_is_replaced_however_it_is_written(folder: Path, title: str, after: str) -> None:
    rest = "\nquestion: Which title?  # that of all\ntable: {path: runs.csv}\nlaws: {a: {y: loss, x: N}}\n"
    (folder / "old.yaml").write_text(title + rest)

    written = write_new_study("mine", folder, "old").read_text()

    first = f"{EDITORS_LINE}../../workflow/schemas/study.schema.json\n"
    assert written == first + after + rest
    (folder / "mine.yaml").rename(folder / "old.yaml")
    assert write_new_study("mine", folder, "old").read_text() == written


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        ("Mine", None, "a study cannot be named 'Mine'; use lower-case letters"),
        ("mine\n", None, "cannot be named"),
        ("../mine", None, "cannot be named"),
        ("", None, "cannot be named ''"),
        ("figures", None, "as a rule of the workflow is"),
        ("there", None, r"there\.yaml is there already; take another name"),
        ("dangling", None, r"dangling\.yaml is there already"),
        ("other", None, r"other\.yml is there already"),
        ("mine", "ther", "there is no study 'ther' in .*; did you mean 'there'"),
        ("mine", "there", "there.yaml: the file holds no keys"),
    ],
)
def test_what_cannot_be_written_is_one_message_and_nothing_is(
    folder: Path, name: str, source: str | None, message: str
) -> None:
    for taken in ("there.yaml", "other.yml"):
        (folder / taken).write_text("")
    (folder / "dangling.yaml").symlink_to("nowhere")
    before = sorted(folder.iterdir())

    with pytest.raises(LawbookError, match=message):
        write_new_study(name, folder, source)

    assert sorted(folder.iterdir()) == before
