"""The smallest study plans its whole graph in seconds, and the README draws that graph."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import yaml
from benchmarks.fault_harness.checkout import REPOSITORY, Checkout, build

from lawbook.studies.study import RULES

GRAPH = REPOSITORY / "docs/rule_graph.py"
ELSEWHERE = {"import_table", "draw_thumbnail", "write_gallery"}
"""Rules of other kinds of study, and of the gallery."""


def test_the_readme_draws_the_rules_of_the_smallest_study() -> None:
    spec = importlib.util.spec_from_file_location("rule_graph", GRAPH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    edges = module.rule_edges()

    assert {rule for edge in edges for rule in edge} == {"all", *RULES} - ELSEWHERE
    assert module.rule_graph() in (REPOSITORY / "README.md").read_text()


def test_the_smallest_study_is_a_folder_that_plans(tmp_path: Path) -> None:
    checkout = build(tmp_path / "checkout", "example")
    shutil.copytree(REPOSITORY / ".test/config", checkout.folder / ".test/config")
    smallest = Checkout(checkout.folder / ".test", "example")

    assert smallest.lawbook("plan", "example").returncode == 0
    assert checkout.jobs("-s", "workflow/Snakefile", "-d", ".test") == {
        **dict.fromkeys({"all", *RULES} - ELSEWHERE, 1),
        "train_shard": 2,
    }


def test_the_catalog_is_told_how_to_deploy_and_report() -> None:
    said = yaml.safe_load((REPOSITORY / ".snakemake-workflow-catalog.yml").read_text())

    assert set(said) == {"usage"}
    assert set(said["usage"]) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert set(said["usage"]["mandatory-flags"]) == {"desc", "flags"}
    assert said["usage"]["software-stack-deployment"] == {"conda": True}
    assert said["usage"]["report"] is True
