"""The report: one HTML page that opens from disk without a network and begins with the answer; and the card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader, StrictUndefined

from lawbook import __version__
from lawbook.report.card import card_of
from lawbook.report.claim_lines import claim_lines
from lawbook.report.cost import cost_line, cost_rows
from lawbook.report.embed import InlineFigure, Link, inline_figure, table_link
from lawbook.report.headline import cannot_say, headlines, null_outcome
from lawbook.report.learning_curves import LearningCurves, pack_curves
from lawbook.report.notices import WEIGHTS, summary, warnings_of
from lawbook.report.pool_scores import COLUMNS as SCORING
from lawbook.report.pool_scores import probe_data_rows, scoring_rows
from lawbook.report.sections import shown_sections, template_folders
from lawbook.results.card import write_card
from lawbook.results.reader import Results
from lawbook.results.words import count, fitted_range, measured, number, plain, symbol, text_of
from lawbook.storage.files import write_text
from lawbook.studies import Study
from lawbook.studies.analysis import analyses
from lawbook.studies.roles import REPEATS
from lawbook.studies.schema import StudyFile

SIZES = ("n_params", "n_train", "flops")
METRICS = ("test_loss", "test_error", "validation_loss", "train_loss")
DOWNLOADS = ("runs", "costs", "fits", "claims", "sensitivity", "slopes", "points", "predictions")


MOST_RUNS = 10_000
"""Runs that the page's table shows and searches at most, about 1 MB of it; its download has all."""


@dataclass(frozen=True)
class Table:
    """A table as the page shows it: texts, with those columns that hold numbers marked."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    link: Link
    about: str = ""


def write_report(study: Study, results: Path) -> None:
    """Write report.html and card.json from the tables and figures of a results folder.

    Raises LawbookError for a table or figure that is not there.
    """
    tables, content = Results(results), study.content
    shown = shown_sections(content, tables)
    templates = {kind: FileSystemLoader(folder) for kind, folder in template_folders(shown).items()}
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("lawbook.report"), PrefixLoader(templates)]), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals |= {"plain": plain, "number": number, "count": count}
    card = card_of(study, tables)
    figures = _figures(study, results)
    page = environment.get_template("page.html").render(
        study=study,
        content=content,
        card=card,
        hero=next((figure for figure in figures if figure.name == card.hero), None),
        summary=summary(tables.runs),
        headlines=headlines(content, tables),
        sections=shown,
        nulls=null_outcome(content, tables.fits),
        cannot_say=cannot_say(content, tables.fits),
        warnings=warnings_of(content, tables),
        weights=WEIGHTS,
        figures=[figure for figure in figures if figure.name != card.hero],
        claims=claim_lines(content, tables),
        curves=curves_asked(figures, tables),
        repeats=REPEATS,
        fits=fits_table(tables.fits),
        runs=runs_table(tables),
        downloads=_downloads(content, tables),
        scoring=scoring_rows(tables) if tables.has("scorings") else (),
        scoring_columns=SCORING,
        cost_line=cost_line(tables.costs, tables.runs) if content.table is None else "",
        cost=cost_rows(tables.costs, tables.runs) if content.table is None else [],
        provenance=provenance_rows(study, tables),
        yaml=study.file.read_text(encoding="utf-8"),
    )
    write_text(results / "report.html", page)
    write_card(card, results)


def fits_table(fits: pd.DataFrame) -> Table:
    """Return every parameter of every fit, with interval and range."""
    rows = tuple(
        (
            plain(r["law"]), str(r["group"]), plain(r["form"]), symbol(r["parameter"]),
            measured(r["estimate"], r["low"], r["high"]), fitted_range(r, named=False),
            str(r["method"]), number(r["lack_of_fit"], 2), number(r["bic"]), number(r["heldout_error"], 2),
            plain(str(r["status"])), plain(str(r["preferred"])),
        )
        for r in fits.to_dict("records")
    )  # fmt: skip
    columns = (
        "law", "group", "form", "parameter", "estimate [95 %]", "range of x", "interval by", "lack of fit, p",
        "BIC", "held-out error", "status", "preferred form",
    )  # fmt: skip
    return Table("fits", columns, rows, table_link("fits", fits))


def runs_table(tables: Results) -> Table:
    """Return a row per run: its sweeps, the axes that vary, sizes, final metrics, what is derived, and status."""
    runs = tables.runs
    # Of a table that was given all columns are shown: which are its sizes and metrics only its laws say.
    told = tables.columns("axis", "attribute", *(("size", "metric") if tables.has("source") else ()))
    told = [column for column in told if column not in (*SIZES, *METRICS)]
    varied = [axis for axis in told if len(runs[axis].unique()) > 1]
    fixed = [axis for axis in told if axis not in varied]
    sizes = [c for c in SIZES if c in runs]
    metrics = [m for m in METRICS if m in runs and runs[m].notna().any()]
    columns = [
        "run_id",
        *(["sweeps"] if "sweeps" in runs else []),
        *varied,
        *sizes,
        *metrics,
        *tables.columns("measurement", "derived"),
        "status",
        "reason",
    ]
    rows = tuple(
        tuple(number(v) if isinstance(v, float) else "" if v is None or v is pd.NA else str(v) for v in row)
        for row in runs[columns].head(MOST_RUNS).itertuples(index=False, name=None)
    )
    known = [axis for axis in fixed if runs[axis].notna().any()]
    same = ", ".join(f"{plain(axis)} {text_of(runs[axis].iloc[0])}" for axis in known) if len(runs) else ""
    about = f"In all runs: {same}." if same else ""
    if len(runs) > MOST_RUNS:
        about += (
            f" Here are the first {number(MOST_RUNS)} of {count(len(runs), 'run')}; the download has all."
        )
    return Table("runs", tuple(map(plain, columns)), rows, table_link("runs", runs), about.strip())


def provenance_rows(study: Study, tables: Results) -> list[tuple[str, str]]:
    """Return where the numbers come from: study, versions, digests, counting rule; or the table of runs."""
    yaml = hashlib.sha256(study.file.read_bytes()).hexdigest()[:16]
    rows = [("study", f"{study.name} (SHA-256 of the file begins {yaml})"), ("lawbook", __version__)]
    if study.content.table is not None:
        return rows + _source_rows(study.content, tables)
    runs, costs = tables.runs, tables.costs
    return [
        *rows,
        ("versions while training", "; ".join(map(_versions, _distinct(costs, "versions"))) or "–"),
        ("training digests", ", ".join(_distinct(costs, "digest")) or "–"),
        ("FLOPs are counted as", "; ".join(_distinct(runs, "flops_rule")) or "–"),
        *(probe_data_rows(tables) if tables.has("scorings") else []),
    ]


def _source_rows(content: StudyFile, tables: Results) -> list[tuple[str, str]]:
    """Return where the runs were taken from, and how many of them each law was fitted to."""
    source, fits = tables.source.iloc[0], tables.fits
    renamed = [f"{old} to {new}" for old, new in json.loads(source["rename"]).items()]
    rows = [
        ("table of runs", f"{source['file']}, {count(source['rows'], 'row')}"),
        ("SHA-256 of the table", str(source["sha256"])),
        ("columns renamed", ", ".join(renamed) or "none"),
    ]
    for name, law in content.laws.items():
        # A row per parameter says the same: one parameter of the headline form counts each group once.
        mine = fits[(fits["law"] == name) & (fits["form"] == law.compare[0])].drop_duplicates("group")
        used = f"{number(mine['n_runs'].sum())} of {number(source['rows'])}"
        rows.append((f"rows fitted, {plain(name)}", used))
    return rows


def _downloads(content: StudyFile, tables: Results) -> list[Link]:
    names = [name for name in DOWNLOADS if name != "costs" or content.table is None]
    links = [table_link(name, tables.table(name)) for name in names]
    for kind, name, _ in content.analyses.each():
        found = tables.analysis(kind, name)
        links += [
            table_link(f"{kind}_{name}_{table}", found.table(table)) for table in analyses[kind].downloads
        ]
    return links


def _versions(text: str) -> str:
    """Write a JSON object of versions as words; other text stays as it is."""
    try:
        return ", ".join(f"{name} {version}" for name, version in json.loads(text).items())
    except (ValueError, AttributeError):
        return text


def _distinct(table: pd.DataFrame, column: str) -> list[str]:
    return sorted(map(str, table[column].dropna().unique()))


def curves_asked(drawn: Sequence[InlineFigure], tables: Results) -> LearningCurves | None:
    """Return the curves of the runs that the points of figures stand for; None if there are none."""
    asked = {
        run for figure in drawn if figure.answers for runs in figure.answers["runs"] for run in runs["ids"]
    }
    return pack_curves(tables.curves, asked) if asked and tables.has("curves") else None


def _figures(study: Study, results: Path) -> list[InlineFigure]:
    return [inline_figure(results / "figures", block.name) for block in study.content.figures]
