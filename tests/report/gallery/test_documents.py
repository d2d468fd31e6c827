"""The gallery as Markdown: what authors write stays text, and what has changed since is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.report.gallery.conftest import ATTACK, Finish, claim

from lawbook.errors import LawbookError
from lawbook.report.gallery.collection import collect
from lawbook.report.gallery.documents import NOT_RUN, digest_now, documents, stale, write_documents

STUDIES = Path(__file__).parents[3] / "config/studies"
SHIPPED = Path(__file__).parents[3] / "docs/gallery/README.md"
MARKUP = "](javascript:alert(1)) **bold** `code` | cell\n# heading <b>b</b> ![x](http://example.org/x.png)"


def test_the_shipped_gallery_is_true_of_the_shipped_studies() -> None:
    assert stale(SHIPPED, STUDIES) == [], "`make gallery` writes docs/gallery anew"


def test_every_picture_of_the_shipped_gallery_is_there() -> None:
    shown = set(re.findall(r"\]\((\w+(?:-\w+)?\.png)\)", SHIPPED.read_text(encoding="utf-8")))

    assert shown == {file.name for file in SHIPPED.parent.glob("*.png")}
    assert len(shown) >= 10


def test_pictures_lie_beside_it_and_those_of_others_go(three: Path, tmp_path: Path) -> None:
    folder = tmp_path / "docs/gallery"
    folder.mkdir(parents=True)
    (folder / "old.png").touch()
    names = ["digits", "oracle", "quanta@quick"]
    write_documents(collect(names, three), dict.fromkeys(names, "0" * 16), folder)

    assert {file.name for file in folder.iterdir()} == {
        "README.md",
        "digits.png",
        "oracle.png",
        "quanta-quick.png",
    }
    assert (folder / "digits.png").read_text() == "picture of digits"
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "![A curve](quanta-quick.png)" in text
    assert "| holds | error falls | 0.500 \\[0.450, 0.550\\] | 0.5 ± 0.1 | published: Hestness 2017 |" in text


def test_what_an_author_wrote_is_no_markup(finish: Finish, results: Path) -> None:
    finish("hostile", [claim(MARKUP, source=MARKUP)], title=MARKUP, topic=MARKUP, answer=[MARKUP, ATTACK])

    text = documents(collect(["hostile"], results), {"hostile": "0" * 16})

    outside = re.sub(r"\\.", "", text.replace("**\\", "\\"))
    assert not re.search(r"<\w|javascript\)|http://", outside)
    assert "](javascript" not in outside
    assert re.findall(r"!\[[^]]*\]\([^)]*\)", outside) == ["![A curve](hostile.png)"]
    assert [line for line in text.splitlines() if line.startswith("# ")] == ["# The gallery"]


STUDY = """
title: A study
question: What of it?
task: {name: digits}
model: {name: mlp}
training: {optimizer: adamw, steps: 10}
sweeps: {data: {axes: {samples: [64, 128]}}}
presets:
  quick: {training: {steps: 5}}
"""


def test_it_tells_what_has_changed_come_and_gone(three: Path, tmp_path: Path) -> None:
    studies = tmp_path / "studies"
    studies.mkdir()
    for name in ("one", "two"):
        (studies / f"{name}.yaml").write_text(STUDY)
    made = {"one": digest_now("one", studies), "two@quick": digest_now("two@quick", studies)}
    readme = tmp_path / "README.md"
    readme.write_text(documents(collect(["digits"], three), made), encoding="utf-8")

    assert stale(readme, studies) == []
    (studies / "one.yaml").write_text(f"# A comment.\n{STUDY}".replace("steps: 5", "steps: 6"))
    assert stale(readme, studies) == [], "neither comments nor presets that it does not show"
    (studies / "one.yaml").write_text(STUDY.replace("128", "256"))
    (studies / "two.yaml").write_text(STUDY.replace("steps: 5", "steps: 6"))
    (studies / "three.yaml").write_text(STUDY)
    assert stale(readme, studies) == [
        "three is not in it",
        "one says something else",
        "two@quick says something else",
    ]
    (studies / "one.yaml").unlink()
    (studies / "two.yaml").write_text(STUDY.partition("presets")[0])
    assert stale(readme, studies)[1:] == ["one is there no longer", "two@quick is there no longer"]


def test_what_has_not_been_run_may_change(three: Path, tmp_path: Path) -> None:
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies/one.yaml").write_text(STUDY)
    readme = tmp_path / "README.md"
    readme.write_text(documents(collect(["digits"], three), {"one": NOT_RUN}), encoding="utf-8")

    assert stale(readme, tmp_path / "studies") == []


def test_without_a_gallery_the_command_is_named(tmp_path: Path) -> None:
    with pytest.raises(LawbookError, match=r"README.md is not there .*; `make gallery` writes it"):
        stale(tmp_path / "README.md", STUDIES)
