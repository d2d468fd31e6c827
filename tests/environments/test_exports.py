"""What is exported is read by those whom it is for: rocrate-validator, mlcroissant, the Hub's client, Trackio."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from benchmarks.fault_harness.checkout import build
from tests.environments.installing import CannotInstallError, Environment, install_pinned
from tests.exports.studies import WRITTEN, hostile_study

from lawbook.exports import Finished, exports, write_export
from lawbook.exports.ro_crate import METADATA
from lawbook.storage.tables import n_rows
from lawbook.studies import plan_study

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.environments]

HERE = Path(__file__).parent
PROFILE = "provenance-run-crate"
"""What is asked of such a crate includes what is asked of a process, of a workflow, and of any RO-Crate."""


@dataclass(frozen=True)
class Exported:
    """A study with its exports, and the environment of their readers."""

    study: Finished
    folder: Path
    readers: Environment

    def validated(self, crate: Path) -> tuple[int, str]:
        """Validate a crate without a network; return the exit code and what was said."""
        cache = self.folder / "contexts"
        if not cache.with_suffix(".sqlite").exists():
            filled = self.readers.run("python", str(HERE / "cache_contexts.py"), str(cache), cwd=self.folder)
            assert filled.returncode == 0, filled.stdout + filled.stderr
        options = ("--offline", "--cache-path", str(cache), "--profile-identifier", PROFILE)
        words = (
            "--no-interactive",
            "--disable-color",
            "validate",
            *options,
            "--verbose",
            "--no-paging",
            str(crate),
        )
        found = self.readers.run("rocrate-validator", *words, cwd=self.folder)
        return found.returncode, found.stdout + found.stderr

    @cached_property
    def read(self) -> dict[str, Any]:
        """Return what the readers found."""
        script, croissant = str(HERE / "read_exports.py"), str(self.folder / "dataset/croissant.json")
        found = self.readers.run("python", script, croissant, str(self.folder / "trackio"), cwd=self.folder)
        assert found.returncode == 0, found.stdout + found.stderr
        told: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
        return told


@pytest.fixture(scope="module")
def readers() -> Environment:
    """Return the environment of the readers; skip if it cannot be installed."""
    try:
        return install_pinned("readers", HERE / "readers.txt")
    except CannotInstallError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module", params=["smoke", "hostile"])
def exported(
    request: pytest.FixtureRequest, readers: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Exported:
    """Return a study that was run, or one of hostile words, with all its exports."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "hostile":
        study = hostile_study(folder)
    else:
        checkout = build(folder / "checkout")
        ran = checkout.lawbook("run", checkout.study)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        plan = plan_study(checkout.study, checkout.folder / "config/studies")
        study = Finished(plan, checkout.path("."), WRITTEN)
    for name, form in exports.items():
        write_export(form, study, folder / (f"{name}.zip" if form.is_file else name))
    return Exported(study, folder, readers)


def test_the_crate_is_valid(exported: Exported) -> None:
    code, said = exported.validated(exported.folder / "ro_crate.zip")

    assert code == 0, said
    assert f"RO-Crate is a valid {PROFILE}" in said


@pytest.mark.parametrize("exported", ["hostile"], indirect=True)
def test_a_crate_whose_workflow_has_no_language_is_not(exported: Exported, tmp_path: Path) -> None:
    with zipfile.ZipFile(exported.folder / "ro_crate.zip") as archive:
        archive.extractall(tmp_path / "crate")
    crate = json.loads((tmp_path / "crate" / METADATA).read_text())
    (workflow,) = (one for one in crate["@graph"] if "ComputationalWorkflow" in one["@type"])
    del workflow["programmingLanguage"]
    (tmp_path / "crate" / METADATA).write_text(json.dumps(crate))

    code, said = exported.validated(tmp_path / "crate")

    assert code == 1, said
    assert "must refer to its language via programmingLanguage" in " ".join(said.split())


@pytest.mark.parametrize("exported", ["smoke"], indirect=True)
def test_the_crate_is_a_bundle_that_checks(exported: Exported) -> None:
    found = build(exported.folder / "another").lawbook("check-bundle", str(exported.folder / "ro_crate.zip"))

    assert found.returncode == 0, found.stdout + found.stderr


def test_croissant_finds_every_row_and_column(exported: Exported) -> None:
    data = exported.folder / "dataset/data"

    assert exported.read["version"] == "http://mlcommons.org/croissant/1.1"
    assert exported.read["counts"] == {file.stem: n_rows(file) for file in data.iterdir()}
    columns = pq.read_schema(data / "runs.parquet")
    assert exported.read["fields"]["runs"] == [one.name for one in columns if not pa.types.is_null(one.type)]


def test_the_hub_reads_the_card(exported: Exported) -> None:
    card = exported.read["card"]

    assert card["pretty_name"] == exported.study.content.title
    assert [one["data_files"] for one in card["configs"] if one.get("default")] == ["data/runs.parquet"]


def test_trackio_reads_the_logbook_and_makes_the_same_manifest(exported: Exported) -> None:
    project = exported.folder / "trackio/.trackio"
    written = json.loads((project / "logbook/logbook.json").read_text())
    read = exported.read

    changing = {"updated_at"}  # Trackio's clock
    assert {k: v for k, v in read["manifest"].items() if k not in changing} == {
        k: v for k, v in written.items() if k not in changing
    }
    assert read["metadata"] == json.loads((project / "metadata.json").read_text())
    claims = [f"claim-{place}" for place in range(1, len(exported.study.claims) + 1)]
    assert [page["slug"] for page in read["pages"]] == ["index", "summary", *claims, "conclusion"]
    assert [len(page["cells"]) for page in read["pages"]] == [0, 2, *(2 for _ in claims), 1]
    assert {cell["type"] for page in read["pages"] for cell in page["cells"]} == {"markdown"}
    assert "<script" not in read["text"].replace("\\<script", "")
    asked = exported.readers.run(
        "trackio", "logbook", "read", "--path", str(project.parent), cwd=exported.folder
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr
    assert "Verdict: " in asked.stdout
