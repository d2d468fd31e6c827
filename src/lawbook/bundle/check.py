"""Check: a bundle's fits, claims and figures made again from its runs, and every difference named."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd

from lawbook.analyses import Inputs, compute_analysis
from lawbook.bundle.archive import Manifest, unpack_archive
from lawbook.bundle.compare import Finding, compare_json, compare_tables, with_earlier_columns
from lawbook.bundle.earlier import FIRST, laid_out_anew, with_columns_of_now
from lawbook.bundle.export import label
from lawbook.claims.judge import judge_claims
from lawbook.errors import LawbookError
from lawbook.fitting.sensitivity import sensitivity
from lawbook.fitting.study import fit_study
from lawbook.report.figures import draw_figure, figures
from lawbook.report.page import write_report
from lawbook.results.reader import Results
from lawbook.storage.provenance import read_provenance, versions
from lawbook.storage.tables import read_table, write_csv, write_table
from lawbook.studies import Plan, Study, load_study, make_plan
from lawbook.studies.analysis import analyses
from lawbook.studies.columns_block import bounded
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.presets import split_name
from lawbook.workflow.freshness import CARRIERS
from lawbook.workflow.stages import STAGES

GIVEN = ("import", "score", "collect")
"""The stages whose tables are taken as they are: what the rest follows from."""

_UNFIT = (
    LawbookError, KeyError, ValueError, TypeError, AttributeError, IndexError, SyntaxError, OverflowError,
    RecursionError,
)  # fmt: skip
"""What is raised by tables and texts that are not those of the study."""


def check_bundle(path: Path, folder: Path) -> Iterator[Finding]:
    """Yield what comes of checking a bundle, part by part; no run is trained again.

    folder: an empty one; the bundle is unpacked under `bundle` there, and what is made again lies under `again`.
    Raises LawbookError if the file is no bundle, was tampered with, or holds tables that do not fit its study.
    """
    manifest = unpack_archive(path, folder / "bundle")
    size = sum(listed.bytes for listed in manifest.files.values())
    yield Finding("files", "identical", f"{len(manifest.files)} files, {size:,} bytes, each with its SHA-256")
    try:
        if manifest.format == FIRST:
            manifest = laid_out_anew(manifest, folder / "bundle")
            yield Finding("format", "agrees", "an earlier one, compared in the columns that are still made")
        name, preset = split_name(manifest.study)
        study = load_study(folder / f"bundle/{name}.yaml", preset)
        yield from _check_study(study, manifest, folder / "bundle/results", folder / "again")
    except _UNFIT as error:
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
    other = _other_code(plan, manifest, kept)
    yield _code(other)
    for name in dict.fromkeys(file for stage in GIVEN for file in STAGES[stage].leaves("")):
        if name.endswith(".parquet") and (kept / name).exists():
            _link(kept, again, name)
    content, results, earlier = study.content, Results(again), manifest.format == FIRST
    if earlier:
        with_columns_of_now(plan, again)
    curves = results.curves if "curves.parquet" in STAGES["fit"].reads(plan, "") else None
    uncertain = bounded(content.columns)
    tables = fit_study(content.laws, results.runs, curves=curves, bounded=uncertain)
    tables["sensitivity"] = sensitivity(content.laws, results.runs, curves=curves, bounded=uncertain)
    for name, table in tables.items():
        write_table(table, again / f"{name}.parquet", name)
        yield _compared(name, kept, again, earlier)
    for kind, name, _ in content.analyses.each():
        if "weights" in analyses[kind].needs:
            _link(kept, again, f"{kind}/{name}")
            why = "it looks into the weights of runs, which are not packed; its tables are taken as they are"
            yield Finding(f"analysis {kind}/{name}", "unchecked", why)
            continue
        found = compute_analysis(kind, name, Inputs(plan, results))
        for what, columns in analyses[kind].tables.items():
            write_table(found[what], again / kind / name / f"{what}.parquet", columns)
            yield _compared(f"{kind}/{name}/{what}", kept, again, earlier)
    claims = judge_claims(content.claims, again, content.laws, content.analyses)
    write_table(claims, again / "claims.parquet", "claims")
    yield _compared("claims", kept, again, earlier)
    for block in content.figures:
        if earlier and block.kind not in figures:
            yield Finding(
                f"figure {block.name}", "unchecked", f"no figure is of the kind {block.kind} any more"
            )
            continue
        draw_figure(block, again, content, again / "figures")
        was, now = (pd.read_csv(place / f"figures/{block.name}.csv") for place in (kept, again))
        yield compare_tables(f"data of figure {block.name}", *(_shared(was, now) if earlier else (was, now)))
        otherwise = _drawn_otherwise(block, manifest, other)
        if not earlier:  # when no figure answered
            yield _answers(block, kept, again, otherwise)
        yield _picture(block, kept, again, otherwise)
    yield _twins(kept, again)
    if all((again / f"figures/{block.name}.svg").exists() for block in content.figures):
        write_report(study, again)


def _link(kept: Path, again: Path, name: str) -> None:
    (again / name).parent.mkdir(parents=True, exist_ok=True)
    (again / name).symlink_to((kept / name).resolve())


def _compared(name: str, kept: Path, again: Path, earlier: bool) -> Finding:
    mine, new = (read_table(place / f"{name}.parquet") for place in (kept, again))
    if not earlier:
        if list(mine.columns) != list(new.columns):
            raise ValueError(f"table {name} has other columns")
        return compare_tables(name, mine, new)
    return compare_tables(name, *_shared(mine, with_earlier_columns(new, list(mine.columns))))


def _shared(kept: pd.DataFrame, again: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two tables with the columns that both have."""
    both = [column for column in again.columns if column in kept]
    return kept[both], again[both]


def _drawn_otherwise(block: FigureBlock, manifest: Manifest, other: Collection[str]) -> str:
    """Return what else draws a figure here than drew it for the bundle, if anything.

    other: the parts of the bundle that other code has made.
    """
    if manifest.versions.get("matplotlib") != versions()["matplotlib"]:
        return "another Matplotlib"
    return "other code" if label("draw", block.name) in other else ""


def _answers(block: FigureBlock, kept: Path, again: Path, otherwise: str) -> Finding:
    """Compare what two drawings answer in the page; what draws otherwise may set their axes otherwise, too."""
    what = f"answers of figure {block.name}"
    files = [place / f"figures/{block.name}.json" for place in (kept, again)]
    if not files[0].exists():
        return Finding(what, "unchecked", "the bundle is of before figures answered")
    found = compare_json(what, *(json.loads(file.read_text(encoding="utf-8")) for file in files))
    if found.agreement == "differs" and otherwise:
        return Finding(what, "agrees", f"drawn by {otherwise}; {found.detail}")
    return found


def _picture(block: FigureBlock, kept: Path, again: Path, otherwise: str) -> Finding:
    """Compare two drawings apart from what their metadata say; other code, or Matplotlib, draws a little otherwise."""
    drawn = [ElementTree.parse(place / f"figures/{block.name}.svg").getroot() for place in (kept, again)]
    for root in drawn:
        for metadata in root.findall("{http://www.w3.org/2000/svg}metadata"):
            root.remove(metadata)
    what = f"picture of figure {block.name}"
    if ElementTree.tostring(drawn[0]) == ElementTree.tostring(drawn[1]):
        return Finding(what, "identical")
    if otherwise:
        return Finding(what, "agrees", f"drawn by {otherwise}; look at both")
    return Finding(what, "differs", "the drawing is not that of its data; look at both")


def _twins(kept: Path, again: Path) -> Finding:
    """Compare the CSV files with the tables that they are copies of."""
    other = []
    for twin in sorted(kept.glob("*.csv")):
        write_csv(read_table(twin.with_suffix(".parquet")), again / twin.name)
        if (again / twin.name).read_bytes() != twin.read_bytes():
            other.append(twin.name)
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
    other = {name: version for name, version in manifest.versions.items() if here.get(name) != version}
    if not other:
        return Finding("package versions", "identical")
    detail = ", ".join(f"{name} {version}, here {here.get(name, 'none')}" for name, version in other.items())
    return Finding("package versions", "agrees", f"other ones, which need not matter: {detail}")


def _other_code(plan: Plan, manifest: Manifest, kept: Path) -> list[str]:
    """Return of which parts the code here is other than that which made the bundle."""
    found = {label(name, part) for name in ("fit", "judge", "draw") for part in STAGES[name].parts(plan)}
    if not found <= set(manifest.code):
        raise ValueError("the manifest names other parts than the study has")
    other = []
    for name, digest in manifest.code.items():
        stage, _, part = name.partition(" ")
        file = next((file for file in STAGES[stage].leaves(part) if file.endswith(CARRIERS)), None)
        if file is not None and read_provenance(kept / file).code != digest:
            raise ValueError(f"the manifest and the file of {name} name other code")
        if manifest.format != FIRST and STAGES[stage].code(plan, part) != digest:
            other.append(name)
    return list(manifest.code) if manifest.format == FIRST else other


def _code(other: Collection[str]) -> Finding:
    if not other:
        return Finding("code", "identical", "of every stage")
    made = ", ".join(other)
    return Finding("code", "agrees", f"other code here made {made}; what it finds is compared below")
