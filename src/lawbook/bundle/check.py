"""Check: a bundle's fits, claims and figures made again from its runs, and every difference named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd

from lawbook.analyses.pruning_frontier.compute import fit_frontiers
from lawbook.bundle.archive import Manifest, unpack_archive
from lawbook.bundle.compare import Finding, compare_tables, with_earlier_columns
from lawbook.claims.judge import judge_claims
from lawbook.errors import LawbookError
from lawbook.fitting.sensitivity import sensitivity
from lawbook.fitting.study import fit_study
from lawbook.report.figures import draw_figure
from lawbook.report.page import write_report
from lawbook.storage.columns import COLUMNS
from lawbook.storage.provenance import read_provenance, versions
from lawbook.storage.tables import read_table, write_csv, write_table
from lawbook.studies import Plan, Study, load_study, make_plan
from lawbook.studies.columns_block import bounded
from lawbook.studies.presets import split_name
from lawbook.workflow.stages import QUANTA_TABLES, SCORE_TABLES, TWINS, code_digest, reads_curves


def check_bundle(path: Path, folder: Path) -> Iterator[Finding]:
    """Yield what comes of checking a bundle, part by part; no run is trained again.

    folder: an empty one; the bundle is unpacked under `bundle` there, and what is made again lies under `again`.
    Raises LawbookError if the file is no bundle, was tampered with, or holds tables that do not fit its study.
    """
    manifest = unpack_archive(path, folder / "bundle")
    size = sum(said.bytes for said in manifest.files.values())
    yield Finding("files", "identical", f"{len(manifest.files)} files, {size:,} bytes, each with its SHA-256")
    try:
        name, preset = split_name(manifest.study)
        study = load_study(folder / f"bundle/{name}.yaml", preset)
        yield from _check_study(study, manifest, folder / "bundle/results", folder / "again")
    except (LawbookError, KeyError, ValueError, TypeError, AttributeError, IndexError, SyntaxError) as error:
        told = str(error) if isinstance(error, LawbookError) else f"{type(error).__name__}: {error}"
        problem = f"its study and tables do not go together ({told})"
        raise LawbookError(f"{path}: {problem}; ask for the bundle again") from None


def _check_study(study: Study, manifest: Manifest, kept: Path, again: Path) -> Iterator[Finding]:
    runs = read_table(kept / "runs.parquet")
    # A study of a table names a file that is not in the bundle: its runs are all that it took from there.
    plan = make_plan(study) if study.content.table is None else Plan(study, (), {}, ())
    if study.content.table is None:
        yield _planned_runs(plan, runs)
    yield _versions(manifest)
    yield _code(plan, manifest, kept)
    for name in ("runs", "curves", "costs", *SCORE_TABLES, *QUANTA_TABLES, "source"):
        if (kept / f"{name}.parquet").exists():
            again.mkdir(parents=True, exist_ok=True)
            (again / f"{name}.parquet").symlink_to((kept / f"{name}.parquet").resolve())
    content = study.content
    curves = read_table(kept / "curves.parquet") if reads_curves(content) else None
    uncertain = bounded(content.columns)
    tables = fit_study(content.laws, runs, curves=curves, bounded=uncertain)
    tables["sensitivity"] = sensitivity(content.laws, runs, curves=curves, bounded=uncertain)
    tables |= fit_frontiers(content.frontiers, runs)
    for name, table in tables.items():
        write_table(table, again / f"{name}.parquet", name)
        yield _compared(name, kept, again)
    write_table(judge_claims(content.claims, again, content.laws), again / "claims.parquet", "claims")
    yield _compared("claims", kept, again)
    for block in content.figures:
        draw_figure(block, again, content, again / "figures")
        data = [pd.read_csv(place / f"figures/{block.name}.csv") for place in (kept, again)]
        yield compare_tables(f"data of figure {block.name}", *data)
        yield _picture(block.name, kept, again, manifest)
    yield _twins(kept, again)
    write_report(study, again)


def _compared(name: str, kept: Path, again: Path) -> Finding:
    old, new = (read_table(place / f"{name}.parquet") for place in (kept, again))
    if list(old.columns) != list(COLUMNS[name]):
        new = with_earlier_columns(new, list(old.columns))
    if list(old.columns) != list(new.columns):
        raise ValueError(f"table {name} has other columns")
    return compare_tables(name, old, new)


def _picture(name: str, kept: Path, again: Path, manifest: Manifest) -> Finding:
    """Compare two drawings apart from what their metadata say; other versions of Matplotlib draw a little otherwise."""
    drawn = [ElementTree.parse(place / f"figures/{name}.svg").getroot() for place in (kept, again)]
    for root in drawn:
        for metadata in root.findall("{http://www.w3.org/2000/svg}metadata"):
            root.remove(metadata)
    if ElementTree.tostring(drawn[0]) == ElementTree.tostring(drawn[1]):
        return Finding(f"picture of figure {name}", "identical")
    if manifest.versions.get("matplotlib") != versions()["matplotlib"]:
        return Finding(f"picture of figure {name}", "agrees", "drawn by another Matplotlib; look at both")
    return Finding(
        f"picture of figure {name}", "differs", "the drawing is not that of its data; look at both"
    )


def _twins(kept: Path, again: Path) -> Finding:
    """Compare the CSV files with the tables that they are copies of."""
    other = []
    for name in (name for name in TWINS if (kept / f"{name}.csv").exists()):
        write_csv(read_table(kept / f"{name}.parquet"), again / f"{name}.csv")
        if (again / f"{name}.csv").read_bytes() != (kept / f"{name}.csv").read_bytes():
            other.append(f"{name}.csv")
    if other:
        return Finding("CSV files", "differs", f"{', '.join(other)}: not what the Parquet of that name says")
    return Finding("CSV files", "identical", "each says what the Parquet of its name says")


def _planned_runs(plan: Plan, runs: pd.DataFrame) -> Finding:
    """Compare the runs that the YAML plans with those of the table, by their identities."""
    planned, there = {run.run_id for run in plan.runs}, list(runs["run_id"])
    if planned == set(there) and len(there) == len(planned):
        return Finding("planned runs", "identical", f"{len(planned)} runs, each identity planned anew")
    detail = f"{len(planned - set(there))} planned ones lack, {len(set(there) - planned)} are not planned"
    return Finding("planned runs", "differs", detail)


def _versions(manifest: Manifest) -> Finding:
    here = versions()
    other = {name: said for name, said in manifest.versions.items() if here.get(name) != said}
    if not other:
        return Finding("package versions", "identical")
    detail = ", ".join(f"{name} {said}, here {here.get(name, 'none')}" for name, said in other.items())
    return Finding("package versions", "agrees", f"other ones, which need not matter: {detail}")


def _code(plan: Plan, manifest: Manifest, kept: Path) -> Finding:
    """Say of which stages the code here is other than that which made the bundle."""
    figures = {f"figures.{block.name}" for block in plan.study.content.figures}
    if set(manifest.code) != {"runs", "fits", "claims"} | figures:
        raise ValueError("the manifest names other parts than the study has")
    other = []
    for name, said in manifest.code.items():
        made = read_provenance(
            kept / (f"{name.replace('.', '/', 1)}.svg" if "." in name else f"{name}.parquet")
        )
        if made.code != said:
            raise ValueError(f"the manifest and the file of {name} name other code")
        if code_digest(plan, made.stage, name.partition(".")[2]) != said:
            other.append(name)
    if not other:
        return Finding("code", "identical", "of every stage")
    return Finding(
        "code", "agrees", f"other code here made {', '.join(other)}; what it finds is compared below"
    )
