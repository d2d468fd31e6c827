"""The folders that are exported: their files, that they are of the study, and that its words are harmless in them."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from tests.exports.studies import COLUMN
from tests.exports.test_markdown import PARSER
from typer.testing import CliRunner

from lawbook.cli.app import app
from lawbook.errors import LawbookError
from lawbook.exports import Finished, exports, write_export
from lawbook.storage.tables import read_table

FRONT = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)
TRACKIO_CELL = re.compile(
    r"(^|\n)---\n<!-- trackio-cell\n([\s\S]*?)\n-->\n([\s\S]*?)(?=\n---\n<!-- trackio-cell\n|\s*$)"
)
"""How Trackio finds the cells of a page."""
ACTIVE = {"html_block", "html_inline", "image", "fence", "code_block"}
"""What a parser calls what is more than words."""


@pytest.fixture(params=["hostile", "ran"])
def study(request: pytest.FixtureRequest) -> Finished:
    """Return one study after the other."""
    found: Finished = request.getfixturevalue(request.param)
    return found


def exported(form: str, study: Finished, folder: Path) -> Path:
    """Write an export; return its folder."""
    write_export(exports[form], study, folder / form)
    return folder / form


def test_a_data_set_describes_each_column_and_file(study: Finished, tmp_path: Path) -> None:
    out = exported("dataset", study, tmp_path)
    croissant = json.loads((out / "croissant.json").read_text())
    front = yaml.safe_load(FRONT.match((out / "README.md").read_text())[1])

    files = {file["@id"]: file for file in croissant["distribution"]}
    for file in files.values():
        content = (out / file["contentUrl"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["contentSize"] == f"{len(content)} B"
    for records in croissant["recordSet"]:
        table = read_table(out / f"data/{records['name']}.parquet")
        filled = {column for column in table if table[column].notna().any()}
        described = {field["source"]["extract"]["column"] for field in records["field"]}
        assert filled <= described <= set(table)
        assert len({field["@id"] for field in records["field"]}) == len(records["field"])
    assert [config["config_name"] for config in front["configs"]] == [
        one["name"] for one in croissant["recordSet"]
    ]
    assert all((out / config["data_files"]).is_file() for config in front["configs"])
    assert front["pretty_name"] == study.content.title
    assert (
        front.get("license") == croissant.get("license", "").rpartition("/")[2].lower()
        or "license" not in front
    )
    pd.testing.assert_frame_equal(read_table(out / "data/runs.parquet"), study.tables.runs)


def test_an_articles_metadata_have_the_keys_of_the_journal(study: Finished, tmp_path: Path) -> None:
    article = yaml.safe_load((exported("rescience", study, tmp_path) / "metadata.yaml").read_text())

    assert list(article) == [
        "title", "authors", "affiliations", "keywords", "code", "data", "replication", "abstract", "bibliography",
        "type", "domain", "language", "review", "contributors", "dates", "article", "journal",
    ]  # fmt: skip
    published = [claim for claim in study.content.claims if claim.origin == "published"]
    assert article["title"].removeprefix("[Re] ") == study.content.title
    assert article["title"].startswith("[Re] ") == bool(published)
    assert article["type"] == ("Replication" if published else None)
    assert article["replication"][0]["cite"] == (published[0].source if published else None)


def test_a_logbook_has_a_page_per_claim_between_summary_and_conclusion(
    study: Finished, tmp_path: Path
) -> None:
    logbook = exported("trackio", study, tmp_path) / ".trackio/logbook"
    manifest = json.loads((logbook / "logbook.json").read_text())
    pages = manifest["root"]["children"]

    claims = [f"claim-{place}" for place in range(1, len(study.content.claims) + 1)]
    assert [page["slug"] for page in pages] == ["summary", *claims, "conclusion"]
    assert re.findall(r"\(#/([\w-]+)\)", (logbook / "pages/index.md").read_text()) == [
        page["slug"] for page in pages
    ]
    for page in pages:
        text = (logbook / page["file"]).read_text()
        found = [json.loads(meta) for _, meta, _ in TRACKIO_CELL.findall(text)]
        assert len(found) == (1 if page["slug"] == "conclusion" else 2)
        assert {cell["type"] for cell in found} == {"markdown"}
    claim = study.claims[0]
    assert claim["verdict"] in (logbook / "pages/claim-1/page.md").read_text()


@pytest.mark.parametrize("form", ["dataset", "trackio"])
def test_hostile_words_are_words_in_every_page(hostile: Finished, form: str, tmp_path: Path) -> None:
    files = list(exported(form, hostile, tmp_path).rglob("*.md"))
    assert files

    for file in files:
        text = file.read_text()
        body = TRACKIO_CELL.sub(r"\n\3\n", FRONT.sub("", text, count=1))
        tokens = [part for token in PARSER.parse(body) for part in (token, *(token.children or []))]
        assert {token.type for token in tokens}.isdisjoint(ACTIVE)
        links = [token.attrs["href"] for token in tokens if token.type == "link_open"]
        assert all(str(link).startswith("#/") for link in links)
        # Trackio loads a line that is one word and ends like an image, and a bare address.
        assert not re.search(r"(?m)^(\S+\.(png|svg)|\w+://\S+)$", body)


def test_a_hostile_column_keeps_its_name_and_has_an_identity_of_letters(
    hostile: Finished, tmp_path: Path
) -> None:
    croissant = json.loads((exported("dataset", hostile, tmp_path) / "croissant.json").read_text())

    (column,) = [field for field in croissant["recordSet"][0]["field"] if field["name"] == COLUMN]
    assert re.fullmatch(r"runs/[\w%.-]+", column["@id"])
    assert column["source"]["extract"]["column"] == COLUMN


def test_a_folder_that_is_there_is_left_alone(hostile: Finished, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()

    with pytest.raises(
        LawbookError, match="mine is there already; move it away, or name another place with --out"
    ):
        write_export(exports["trackio"], hostile, tmp_path / "mine")
    with pytest.raises(LawbookError, match="a bundle is a zip"):
        write_export(exports["ro_crate"], hostile, tmp_path / "crate")
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]


def test_a_study_that_is_not_finished_leaves_no_folder(hostile: Finished, tmp_path: Path) -> None:
    unfinished = Finished(hostile.plan, tmp_path / "results", hostile.written)

    for form in ("trackio", "dataset", "rescience"):
        with pytest.raises(LawbookError, match="is not there yet; `lawbook run hostile` makes it"):
            write_export(exports[form], unfinished, tmp_path / form)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--as", "croissant"], "unknown form of export 'croissant'; valid names: bundle, dataset, "),
        (["--as", "trackoi"], "did you mean 'trackio'?"),
        (["--as", "dataset", "--ro-crate"], "--ro-crate goes with no --as dataset; write one of them"),
    ],
)
def test_a_form_that_there_is_not_is_one_message(ran: Finished, words: list[str], problem: str) -> None:
    refused = CliRunner().invoke(app, ["export", ran.name, *words])

    assert isinstance(refused.exception, LawbookError)
    assert problem in str(refused.exception)


def test_the_command_writes_each_form_by_its_name(ran: Finished, tmp_path: Path) -> None:
    for form, file in (("ro-crate", ""), ("dataset", "croissant.json"), ("rescience", "metadata.yaml")):
        out = tmp_path / (f"{form}.zip" if not file else form)
        written = CliRunner().invoke(
            app, ["export", ran.name, "--as", form, "--licence", "MIT", "--out", str(out)]
        )
        assert written.exit_code == 0, written.output
        assert written.output.startswith(f"{out}: ")
        assert (out / file).is_file() if file else out.is_file()
