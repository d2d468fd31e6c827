"""The stages of a study, each spelled once: what it makes, what it reads, and on what of study and code it depends.

The rules' inputs, outputs and parameters follow from this list, and so do the provenance that each file should have,
the digests of code, what recovery and a bundle look at, and what a target asks for. It imports no Snakemake.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lawbook.errors import LawbookError, suggest
from lawbook.laws.forms import laws as forms
from lawbook.registry import file_of, module_of, modules_of
from lawbook.storage.checksum import digest
from lawbook.studies import Plan, pools_digest, shard_digest
from lawbook.studies.analysis import analyses
from lawbook.studies.identity import reads_scores
from lawbook.studies.law_block import FORMULA
from lawbook.workflow.code_digest import digest_of
from lawbook.workflow.configuration import (
    analysis_digest,
    analysis_of,
    claims_digest,
    collect_digest,
    figure_block,
    figure_digest,
    laws_digest,
    source_digest,
)

Files = tuple[str, ...]
WHOLE = ("",)
"""The parts of a stage that makes everything at once."""

FITS = ("fits", "draws", "predictions", "points", "slopes", "sensitivity")
DRAWN = ("svg", "pdf", "png", "csv", "json")
"""Files of a figure: three to look at, its data, and what it answers in the page."""

MEASURING = ("lawbook.measurements", "lawbook.training.measure")
"""What takes measurements: these change no run, and have digests of their own."""

DOWNSTREAM = (*MEASURING, "lawbook.report", "lawbook.claims", "lawbook.laws", "lawbook.fitting")
"""What training and collecting may name, but do not compute with."""


def whole_study(plan: Plan) -> Collection[str]:
    """Return the one part of a stage that every study has."""
    return WHOLE


def nothing_read(plan: Plan, part: str) -> Files:
    """Return no file."""
    return ()


@dataclass(frozen=True)
class Stage:
    """A stage: one script that makes files of a study, whole or part by part.

    parts: what it makes one by one, such as shards; none of a study that has no such stage. wildcard: what the rule
    calls a part. leaves, reads: files by their paths in the study's results. configuration: the digest of what the
    study says to a part. modules, entries: those that the script calls, and those of the registry entries that are
    used; without: packages that are not counted in the digest of the code; data, beside: further files, and further
    digests, that are. trains: whether something may have to be trained for it. refuses: whether the script refuses
    inputs that are not current. checkpointed: whether it sees by itself when it should stop.
    """

    name: str
    leaves: Callable[[str], Files]
    configuration: Callable[[Plan, str], str]
    reads: Callable[[Plan, str], Files] = nothing_read
    parts: Callable[[Plan], Collection[str]] = whole_study
    wildcard: str = ""
    modules: tuple[str, ...] = ()
    entries: Callable[[Plan, str], Collection[str]] = nothing_read
    without: tuple[str, ...] = ()
    data: Callable[[Plan], Iterable[Path]] = lambda _: ()
    beside: Callable[[Plan], Mapping[str, str]] = lambda _: {}
    trains: Callable[[str], bool] = lambda _: False
    refuses: bool = False
    checkpointed: bool = False

    def code(self, plan: Plan, part: str = "") -> str:
        """Return the digest of the code that makes a part of a study; empty if that changes nothing."""
        modules = frozenset({*self.modules, *self.entries(plan, part)})
        code = digest_of(modules, self.without, tuple(self.data(plan))) if modules else ""
        beside = self.beside(plan)
        return digest([code, beside]) if beside else code

    def files(self, plan: Plan) -> Iterator[tuple[str, Files]]:
        """Yield each part of a study with the files that are left of it."""
        for part in self.parts(plan):
            yield part, self.leaves(part)

    def checked(self, plan: Plan, part: str) -> str:
        """Return a part by its name. Raises LawbookError with the nearest name if the study has no such part."""
        parts = self.parts(plan)
        if part not in parts:
            what = f"{self.wildcard or self.name} of {plan.study.name}"
            raise LawbookError(f"there is no {what} called {part!r}; {suggest(part, parts)}")
        return part


def _parquet(*tables: str) -> Files:
    return tuple(f"{table}.parquet" for table in tables)


def _twins(*tables: str) -> Files:
    return tuple(f"{table}.csv" for table in tables)


def _if_trained(plan: Plan) -> Files:
    return WHOLE if plan.source is None else ()


def _if_imported(plan: Plan) -> Files:
    return WHOLE if plan.source is not None else ()


def _if_scored(plan: Plan) -> Files:
    return WHOLE if plan.pools else ()


def _analyses(plan: Plan) -> Files:
    return tuple(f"{kind}/{name}" for kind, name, _ in plan.study.content.analyses.each())


def _tables_of(part: str) -> Files:
    kind, _ = analysis_of(part)
    return _parquet(*(f"{part}/{table}" for table in analyses[kind].tables))


def _left_by(part: str) -> Files:
    """Return the tables of an analysis, and the texts beside them."""
    return (*_tables_of(part), *(f"{part}/{text}" for text in analyses[analysis_of(part)[0]].texts))


def _figures(plan: Plan) -> Files:
    return tuple(block.name for block in plan.study.content.figures)


# What is read


def _scores_read(plan: Plan, shard: str) -> Files:
    return _parquet("scores") if reads_scores(plan.shards[shard][0].config) else ()


def _shards_read(plan: Plan, _: str) -> Files:
    return tuple(file for _, files in STAGES["train"].files(plan) for file in files)


def _points_read(plan: Plan, _: str) -> Files:
    along = any(law.at != "last" for law in plan.study.content.laws.values())
    return _parquet("runs", *(["curves"] if along else []))


def _analysed(plan: Plan, part: str) -> Files:
    needs = analyses[analysis_of(part)[0]].needs
    more = (
        *(["curves"] if "curves" in needs and plan.source is None else []),
        *(FITS if "fits" in needs else []),
    )
    return _parquet("runs", *more)


def _found(plan: Plan, _: str) -> Files:
    """Return the tables of what was measured and found."""
    measured = ("runs", *(["curves"] if plan.source is None else []))
    scored = STAGES["score"].leaves("") if plan.pools else ()
    analysed = (file for part in _analyses(plan) for file in _tables_of(part))
    return (*_parquet(*measured), *scored, *_parquet(*FITS), *analysed)


def _told(plan: Plan, _: str) -> Files:
    """Return all that the report tells of."""
    about = ("costs",) if plan.source is None else ("source",)
    drawn = (file for _, files in STAGES["draw"].files(plan) for file in files)
    shown = (file for file in drawn if file.endswith((".svg", ".csv", ".json")))
    return (*_found(plan, ""), *_parquet(*about, "claims"), *shown)


# Which registry entries are used


def _learned(plan: Plan, _: str = "") -> frozenset[str]:
    return plan.entries


def _scored(plan: Plan, _: str) -> frozenset[str]:
    metrics = {name for pool in plan.pools for name in pool.metrics}
    return _learned(plan) | {module_of("lawbook.pruning.metrics", name) for name in metrics}


def _looked_at(plan: Plan, part: str) -> set[str]:
    compute = modules_of("lawbook.analyses", "compute")[analysis_of(part)[0]]
    return {compute} | (_learned(plan) if "weights" in analyses[analysis_of(part)[0]].needs else set())


def _fitted(plan: Plan, _: str) -> set[str]:
    # The power law is every comparison's baseline, and the sensitivity panel takes floors off and on.
    laws = plan.study.content.laws.values()
    compared = {
        "power",
        *(form for law in laws for form in law.compare if law.formula is None or form != FORMULA),
    }
    partners = {f"{form}_floor" for form in compared} | {form.removesuffix("_floor") for form in compared}
    return {module_of("lawbook.laws.forms", form) for form in compared | (partners & set(forms))}


def _exact(plan: Plan, _: str = "") -> set[str]:
    content = plan.study.content
    known = [curve for law in content.laws.values() for curve in law.exact]
    known += [getattr(block, "exact", None) or "" for _, _, block in content.analyses.each()]
    known += [claim.exact or "" for claim in content.claims]
    return {module_of("lawbook.theory", name) for name in known if name}


def _drawn(plan: Plan, figure: str) -> set[str]:
    return _exact(plan) | {module_of("lawbook.report.figures", figure_block(plan, figure).kind)}


def _judged(plan: Plan, _: str) -> set[str]:
    asked = {claim.quantity for claim in plan.study.content.claims if claim.quantity}
    return _exact(plan) | {module_of("lawbook.claims.quantities", name) for name in asked}


def _kinds(plan: Plan) -> set[str]:
    return {kind for kind, _, _ in plan.study.content.analyses.each()}


def _reported(plan: Plan, _: str) -> set[str]:
    sections = modules_of("lawbook.analyses", "section")
    shown = {sections[kind] for kind in _kinds(plan) if kind in sections}
    told = (modules_of("lawbook.analyses", part).values() for part in ("notices", "answer"))
    return _exact(plan) | shown | {module for modules in told for module in modules}


def _templates(plan: Plan) -> Iterator[Path]:
    """Yield what the page is laid out by."""
    page, sections = file_of("lawbook.report"), modules_of("lawbook.analyses", "section")
    folders = [page.parent / "templates"] if page else []
    files = [file_of(sections[kind]) for kind in sorted(_kinds(plan)) if kind in sections]
    for folder in [*folders, *(file.parent for file in files if file)]:
        yield from sorted(path for path in folder.iterdir() if path.suffix in (".html", ".css", ".js"))


STAGES: Mapping[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage(
            "plan",
            parts=_if_trained,
            leaves=lambda _: _parquet("plan"),
            configuration=lambda plan, _: plan.digest,
        ),
        Stage(
            "import",
            parts=_if_imported,
            leaves=lambda _: (*_parquet("runs", "source"), *_twins("runs")),
            configuration=source_digest,
            modules=("lawbook.results.from_table",),
            without=DOWNSTREAM,
        ),
        Stage(
            "score",
            parts=_if_scored,
            leaves=lambda _: _parquet("scores", "scorings"),
            configuration=lambda plan, _: pools_digest(plan.pools),
            modules=("lawbook.scoring.score",),
            entries=_scored,
            without=DOWNSTREAM,
            trains=lambda _: True,
            checkpointed=True,
        ),
        Stage(
            "train",
            parts=lambda plan: plan.shards.keys(),
            wildcard="shard",
            reads=_scores_read,
            leaves=lambda shard: _parquet(f"shards/{shard}", f"shards/{shard}.runs"),
            configuration=lambda plan, shard: shard_digest(plan.shards[shard], plan.study.content.measure),
            beside=lambda plan: measuring_code(plan),
            modules=("lawbook.training.shard",),
            entries=_learned,
            without=DOWNSTREAM,
            trains=lambda _: True,
            refuses=True,
            checkpointed=True,
        ),
        Stage(
            "collect",
            parts=_if_trained,
            reads=_shards_read,
            leaves=lambda _: (*_parquet("runs", "curves", "costs"), *_twins("runs", "curves", "costs")),
            configuration=collect_digest,
            modules=("lawbook.results.collect",),
            entries=_learned,
            without=DOWNSTREAM,
            trains=lambda _: True,
            refuses=True,
        ),
        Stage(
            "fit",
            reads=_points_read,
            leaves=lambda _: (*_parquet(*FITS), *_twins("fits")),
            configuration=laws_digest,
            modules=("lawbook.fitting.study", "lawbook.fitting.sensitivity"),
            entries=_fitted,
            refuses=True,
        ),
        Stage(
            "analyse",
            parts=_analyses,
            wildcard="analysis",
            reads=_analysed,
            leaves=_left_by,
            configuration=analysis_digest,
            entries=_looked_at,
            without=(*MEASURING, "lawbook.report", "lawbook.claims"),
            trains=lambda part: "weights" in analyses[analysis_of(part)[0]].needs,
            refuses=True,
            checkpointed=True,
        ),
        Stage(
            "draw",
            parts=_figures,
            wildcard="figure",
            reads=_found,
            leaves=lambda figure: tuple(f"figures/{figure}.{kind}" for kind in DRAWN),
            configuration=figure_digest,
            modules=("lawbook.report.figures",),
            entries=_drawn,
        ),
        Stage(
            "judge",
            reads=_found,
            leaves=lambda _: (*_parquet("claims"), *_twins("claims")),
            configuration=claims_digest,
            modules=("lawbook.claims.judge",),
            entries=_judged,
        ),
        Stage(
            "report",
            reads=_told,
            leaves=lambda _: ("report.html", "card.json"),
            configuration=lambda plan, _: digest(plan.study.content.model_dump(mode="json")),
            modules=("lawbook.report.page",),
            entries=_reported,
            data=_templates,
        ),
    )
}
"""The stages by name, in the order in which a study goes through them."""


def training_code(plan: Plan) -> str:
    """Return the digest of the code that trains a study's runs; empty if it trains none."""
    train = STAGES["train"]
    return digest_of(frozenset({*train.modules, *plan.entries}), train.without) if plan.source is None else ""


def measuring_code(plan: Plan) -> dict[str, str]:
    """Return the digest of the code of each measurement of a study, by its name."""
    names = [block.name for block in plan.study.content.measure]
    entries = {name: module_of("lawbook.measurements", name) for name in names}
    return {
        name: digest_of(frozenset({"lawbook.training.measure", entry})) for name, entry in entries.items()
    }
