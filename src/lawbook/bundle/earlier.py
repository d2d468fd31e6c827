"""Bundles of the first format, from before a study named its analyses: study and tables, laid out as they are now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from lawbook.bundle.archive import Manifest
from lawbook.storage.columns import COLUMNS
from lawbook.storage.files import write_text
from lawbook.storage.tables import read_table, write_table
from lawbook.studies import Plan
from lawbook.studies.analysis import analyses
from lawbook.studies.roles import roles_in_table
from lawbook.studies.yaml_file import read_yaml

FIRST = "lawbook bundle 1"
ONLY = "quanta"
"""What the one analysis of quanta is called that a study could have."""

FRONTIER_TABLES = {
    "points": "frontiers", "slopes": "frontier_slopes", "forms": "frontier_forms", "verdict": "verdicts",
}  # fmt: skip
QUANTA_TABLES = {
    "text_quanta": {
        "tokens": "quanta", "sizes": "quanta_sizes", "scores": "quanta_scores", "losses": "token_losses",
    },
    "known_quanta": {"examples": "quanta", "sizes": "quanta_sizes", "scores": "quanta_scores"},
}  # fmt: skip


def laid_out_anew(manifest: Manifest, folder: Path) -> Manifest:
    """Lay an unpacked bundle of the first format out as bundles are now; return its manifest as it would be.

    folder: that of the bundle, in which the study and the tables of its analyses are written anew.
    """
    file, results = folder / f"{manifest.study}.yaml", folder / "results"
    content = read_yaml(file)
    named = _analyses_of(content)
    if named:
        write_text(file, yaml.safe_dump({**content, "analyses": named}, sort_keys=False, allow_unicode=True))
    for name in named.get("pruning_frontier", {}):
        for table, was in FRONTIER_TABLES.items():
            rows = read_table(results / f"{was}.parquet")
            _write(rows[rows["frontier"] == name], results, "pruning_frontier", name, table)
    for kind, tables in QUANTA_TABLES.items():
        for table, was in tables.items() if kind in named else ():
            _write(read_table(results / f"{was}.parquet"), results, kind, ONLY, table)
    labels = {"runs": "import" if "table" in content else "collect", "fits": "fit", "claims": "judge"}
    code = {
        labels.get(name, name.replace("figures.", "draw ", 1)): digest
        for name, digest in manifest.code.items()
    }
    return manifest.model_copy(update={"code": code})


def _analyses_of(content: dict[Any, Any]) -> dict[str, Any]:
    """Take the blocks of analyses from under their earlier keys; return them by kind and name."""
    named = {}
    if frontiers := content.pop("frontiers", None):
        named["pruning_frontier"] = frontiers
    for key, kind in (("quanta", "text_quanta"), ("known_quanta", "known_quanta")):
        if block := content.pop(key, None):
            named[kind] = {ONLY: block}
    return named


def _write(rows: pd.DataFrame, results: Path, kind: str, name: str, table: str) -> None:
    columns = analyses[kind].tables[table]
    kept = rows[[column for column in columns if column in rows]].reset_index(drop=True)
    write_table(kept, results / kind / name / f"{table}.parquet")


def with_columns_of_now(plan: Plan, results: Path) -> None:
    """Write the tables that all else follows from with the columns that they have now, and the roles of those."""
    content = plan.study.content
    for file in results.glob("*.parquet"):
        table = read_table(file)
        roles = plan.roles if content.table is None else roles_in_table(content, list(table.columns))
        is_runs, kind = file.stem == "runs", file.stem if file.stem in COLUMNS else None
        write_table(table, file, kind, roles=roles if is_runs else None)
