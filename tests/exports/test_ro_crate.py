"""A crate says of each file what it is, and of each job what it read and made; the zip stays a bundle."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lawbook.bundle.archive import unpack_archive
from lawbook.exports import Finished, exports, write_export
from lawbook.exports._run_crate import script
from lawbook.exports.ro_crate import METADATA
from lawbook.workflow.places import workflow_files
from lawbook.workflow.stages import STAGES

Graph = dict[str, dict[str, Any]]
FROM_ELSEWHERE = ("https://", "http://")


def exported(study: Finished, path: Path) -> Graph:
    """Write the crate of a study; return its entities by their identity."""
    write_export(exports["ro_crate"], study, path)
    with zipfile.ZipFile(path) as archive:
        graph = json.loads(archive.read(METADATA))["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert len(entities) == len(graph), "an identity stands twice"
    return entities


def referred(value: Any) -> list[str]:
    """Return the identities that a value refers to."""
    if isinstance(value, list):
        return [identity for item in value for identity in referred(item)]
    return [value["@id"]] if isinstance(value, dict) else []


def of_type(graph: Graph, kind: str) -> list[dict[str, Any]]:
    """Return the entities of a type."""
    return [entity for entity in graph.values() if kind in entity["@type"]]


@pytest.fixture
def crate(ran: Finished, tmp_path: Path) -> tuple[Graph, Path]:
    """Return the crate of the study that was run, and its file."""
    return exported(ran, tmp_path / "crate.zip"), tmp_path / "crate.zip"


def test_the_run_stands_in_the_crate_as_the_workflow_ran_it(
    crate: tuple[Graph, Path], ran: Finished, tmp_path: Path
) -> None:
    graph, path = crate
    manifest = unpack_archive(path, tmp_path / "unpacked")

    for name, file in manifest.files.items():
        if name == METADATA:
            continue
        entity = graph[name]
        content = (tmp_path / "unpacked" / name).read_bytes()
        assert (entity["sha256"], int(entity["contentSize"])) == (
            hashlib.sha256(content).hexdigest(),
            file.bytes,
        )
    assert set(referred(graph["./"]["hasPart"])) == {*manifest.files, "manifest.json"} - {METADATA}
    for entity in graph.values():
        for identity in (one for value in entity.values() for one in referred(value)):
            assert identity in graph or identity.startswith(FROM_ELSEWHERE), (entity["@id"], identity)

    profiles = referred(graph["./"]["conformsTo"])
    assert {profile.split("/")[-2] for profile in profiles} >= {"process", "workflow", "provenance"}
    main = graph[graph["./"]["mainEntity"]["@id"]]
    assert "ComputationalWorkflow" in main["@type"]
    assert graph[main["programmingLanguage"]["@id"]]["name"] == "Snakemake"

    jobs = [entity for entity in of_type(graph, "CreateAction") if entity["@id"] != "#run"]
    assert len(jobs) == sum(len(list(stage.files(ran.plan))) for stage in STAGES.values())
    assert all(job["startTime"] <= job["endTime"] for job in jobs)
    whole = graph["#run"]
    assert whole["startTime"] == min(job["startTime"] for job in jobs)
    assert whole["endTime"] == max(job["endTime"] for job in jobs)
    made_before: set[str] = set(referred(whole["object"]))
    for job in jobs:  # in the order of the stages, so that what a job reads is there
        assert set(referred(job["object"])) <= made_before
        made_before |= set(referred(job["result"]))
        assert graph[job["instrument"]["@id"]]["@type"] == ["File", "SoftwareSourceCode"]
    assert set(referred(whole["result"])) <= made_before
    usage = [graph[one] for job in jobs for one in referred(job.get("resourceUsage", []))]
    assert sum(float(one["value"]) for one in usage if one["propertyID"] == "cpu_s") == pytest.approx(
        ran.tables.costs["cpu_s"].sum(), rel=1e-4
    )


def test_what_no_record_tells_is_left_out(ran: Finished, tmp_path: Path) -> None:
    """Such as when jobs ran: Snakemake's records are of files as the workflow named them."""
    graph = exported(Finished(ran.plan, ran.results.absolute(), ran.written), tmp_path / "crate.zip")

    for action in of_type(graph, "CreateAction"):
        assert not {"startTime", "endTime", "agent"} & set(action)
    assert not {"author", "publisher"} & set(graph["./"])
    assert "No licence is stated" in graph["./"]["license"]


def test_a_study_of_a_table_names_it_without_packing_it(hostile: Finished, tmp_path: Path) -> None:
    graph = exported(hostile, tmp_path / "crate.zip")

    source = hostile.tables.source.iloc[0]
    assert (graph["#table"]["name"], graph["#table"]["sha256"]) == (source["file"], source["sha256"])
    assert {"@id": "#table"} in graph["#job/import"]["object"]
    assert graph["./"]["license"] == {"@id": "https://spdx.org/licenses/CC-BY-4.0"}
    assert graph["./"]["name"] == hostile.content.title


def test_each_stage_has_its_script_among_the_files_of_the_workflow() -> None:
    files = workflow_files()

    assert {script(stage) for stage in STAGES.values()} <= set(files)
    assert "workflow/Snakefile" in files
