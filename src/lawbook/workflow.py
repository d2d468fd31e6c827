"""The workflow's side of a study: settings, the files of each stage, and the digests that decide what reruns.

`House` holds what the rules ask for. It imports no Snakemake: a rule hands it wildcards and gets file names,
digests or resources back.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lawbook.digest import stage_digest
from lawbook.errors import LawbookError, one_message, suggest
from lawbook.laws.forms import laws as all_forms
from lawbook.studies import Plan, Run, plan_study, pools_digest, shard_digest, study_names
from lawbook.studies.cost import run_cost, stack_size
from lawbook.studies.runs import digest, reads_scores
from lawbook.studies.schema import FigureBlock
from lawbook.studies.study import RESERVED
from lawbook.studies.yaml_file import read_yaml
from lawbook.writer import inherit_lock

CONFIG = Path("config/config.yaml")
FIT_TABLES = (
    "fits", "draws", "predictions", "points", "slopes", "sensitivity", "frontiers", "frontier_slopes", "verdicts",
)  # fmt: skip
NEVER_TRAINED = "(the target `figures` trains nothing)"
FROM_A_TABLE = "(this study takes its runs from a table)"
NO_TABLE = "(this study trains its runs)"
SCORE_TABLES = ("scores", "scorings")
TWINS = ("runs", "curves", "costs", "fits", "claims")
"""Tables that have a CSV beside them."""

FOLDER = r"^[^{}*?\x00-\x1f\x7f]+$"
"""What a folder may be called: no brace, which Snakemake would take for a wildcard, and nothing unseen."""
FIGURE_FORMATS = ("svg", "pdf", "png", "csv")

Value = TypeVar("Value")


class Wildcards(Protocol):
    """The part of a path that a rule has matched."""

    study: str
    shard: str
    figure: str


class Settings(BaseModel):
    """What config/config.yaml says: where things lie. Nothing here changes a result."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    studies: str = Field("config/studies", pattern=FOLDER)
    results: str = Field("results", pattern=FOLDER)
    cache: str = Field("results/.cache", pattern=FOLDER)
    default: str = Field("digits", min_length=1)

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables by which jobs learn where things lie; as parameters these would be triggers."""
        return {"LAWBOOK_STUDIES": self.studies, "LAWBOOK_CACHE": self.cache}


def check_settings(config: Mapping[str, Any]) -> Settings:
    """Return the checked settings. Raises LawbookError for an unknown key or a value of the wrong kind."""
    try:
        return Settings.model_validate(dict(config))
    except ValidationError as invalid:
        error = invalid.errors()[0]
        key = str(error["loc"][0])
        known = key in Settings.model_fields
        problem = error["msg"] if known else f"there is no such key; {suggest(key, Settings.model_fields)}"
        raise LawbookError(f"{CONFIG}: {key} = {error['input']!r}: {problem}") from None


def read_settings(folder: Path = Path()) -> Settings:
    """Read config/config.yaml of a folder. Raises LawbookError if there is none or it is mistaken."""
    path = folder / CONFIG
    if not path.exists():
        raise LawbookError(f"{path} cannot be read; run this in the folder that holds the Snakefile")
    content = read_yaml(path)
    return check_settings(content)


class House:
    """What the rules of the workflow ask for; each study is planned once, when something of it is asked for."""

    def __init__(self, config: Mapping[str, Any], targets: Callable[[], Collection[str]] = list) -> None:
        with one_message():
            self.settings = check_settings(config)
        self._targets = targets
        self._plans: dict[str, Plan] = {}

    @cached_property
    def studies(self) -> list[str]:
        """Return the names of the studies, from their file names alone; one named like a rule is left out, aloud."""
        names = study_names(self.settings.studies)
        for name in RESERVED.intersection(names):
            file = Path(self.settings.studies) / f"{name}.yaml"
            print(f"Left out: {file}: {name!r} is the name of a rule; rename the file", file=sys.stderr)
        return [name for name in names if name not in RESERVED]

    def plan(self, study: str) -> Plan:
        """Return a study's plan; a mistake in it ends the process with one message and exit code 2."""
        if study not in self._plans:
            with one_message():
                check_place(self.settings.results)
                self._plans[study] = checked_plan(study, self.settings.studies)
        return self._plans[study]

    def claim_results(self) -> None:
        """Become the one writer of the results folder, until this process ends; or one message and exit code 2."""
        with one_message():
            inherit_lock(self.settings.results)

    def folder(self, study: str) -> Path:
        """Return the folder of a study's results."""
        return Path(self.settings.results) / study

    # Files, as a rule's input

    def target_of(self, study: str) -> Callable[[Wildcards], list[str]]:
        """Return the function that gives what a finished study consists of; it plans the study when called.

        The shards and scores are part of it, since Snakemake lets a file that only other files need be missing; and
        the CSV files, which nothing needs.
        """

        def target(_: Wildcards) -> list[str]:
            plan = self.plan(study)
            parts = [f"shards/{shard}{part}.parquet" for shard in plan.shards for part in ("", ".runs")]
            scores = [f"{table}.parquet" for table in SCORE_TABLES] if plan.pools else []
            tables = [
                f"{table}.parquet"
                for table in (
                    *(["plan"] if plan.source is None else []),
                    *tables_of(plan),
                    *FIT_TABLES,
                    "claims",
                )
            ]
            twins = [f"{name}.csv" for name in TWINS if f"{name}.parquet" in tables]
            whole = [*scores, *parts, *tables, *twins, "report.html"]
            return [str(self.folder(study) / name) for name in whole] + self.figures(study)

        return target

    def figures(self, study: str) -> list[str]:
        """Return the files of a study's figures."""
        names = [block.name for block in self.plan(study).study.content.figures]
        return [
            str(self.folder(study) / f"figures/{name}.{kind}") for name in names for kind in FIGURE_FORMATS
        ]

    def figures_of_finished(self, _: Wildcards) -> list[str]:
        """Return the figures of every study whose runs have been collected; asked for by itself, it never trains."""
        if len(self._targets()) > 1:
            with one_message():
                raise LawbookError(
                    f"targets = {sorted(self._targets())}: ask for `figures` by itself; it never trains"
                )
        finished = [name for name in self.studies if (self.folder(name) / "runs.parquet").exists()]
        return [file for name in finished for file in self.figures(name)]

    def shards(self, wildcards: Wildcards) -> list[str]:
        """Return the curves of each shard of a study.

        For the target `figures`, a file that nothing makes: Snakemake then takes the tables of runs as they are.
        So for a study that takes its runs from a table: Snakemake then turns to the rule that does.
        """
        if "figures" in self._targets():
            return [NEVER_TRAINED]
        plan, folder = self.plan(wildcards.study), self.folder(wildcards.study)
        if plan.source is not None:
            return [FROM_A_TABLE]
        return [str(folder / f"shards/{shard}.parquet") for shard in plan.shards]

    def pools(self, _: Wildcards) -> list[str]:
        """Return nothing to wait for; for the target `figures`, a file that nothing makes: no probe is trained."""
        return [NEVER_TRAINED] if "figures" in self._targets() else []

    def source(self, wildcards: Wildcards) -> list[str]:
        """Return nothing to wait for if a study takes its runs from a table, else a file that nothing makes.

        The table itself is no input: its digest stands in the parameters, so that a mere copy reruns nothing.
        """
        return [] if self.plan(wildcards.study).source is not None else [NO_TABLE]

    def tables(self, *more: str) -> Callable[[Wildcards], list[str]]:
        """Return the function that gives a study's runs and fits, and of `more` what such a study has."""

        def files(wildcards: Wildcards) -> list[str]:
            has = tables_of(self.plan(wildcards.study))
            names = ["runs", *(table for table in more if table in has), *FIT_TABLES]
            return [str(self.folder(wildcards.study) / f"{table}.parquet") for table in names]

        return files

    def outcomes(self, wildcards: Wildcards) -> list[str]:
        """Return the outcomes of each shard of a study."""
        return [str(Path(file).with_suffix(".runs.parquet")) for file in self.shards(wildcards)]

    def scores(self, wildcards: Wildcards) -> list[str]:
        """Return the scores if a shard's runs are pruned by them, else nothing to wait for."""
        pruned = reads_scores(self.shard(wildcards)[0].config)
        return [str(self.folder(wildcards.study) / "scores.parquet")] if pruned else []

    def drawn(self, wildcards: Wildcards) -> list[str]:
        """Return the data of each figure of a study."""
        return [file for file in self.figures(wildcards.study) if file.endswith((".svg", ".csv"))]

    def shard(self, wildcards: Wildcards) -> list[Run]:
        """Return the runs of a shard; one message and exit code 2 if there is no such shard."""
        shards = self.plan(wildcards.study).shards
        with one_message():
            return found(shards, wildcards.shard, f"shard of {wildcards.study}")

    # Digests, as a rule's parameters

    def plan_digest(self, wildcards: Wildcards) -> str:
        """Return the digest of a study's plan."""
        return plan_digest(self.plan(wildcards.study))

    def source_digest(self, wildcards: Wildcards) -> str:
        """Return the digest of the table that a study takes its runs from."""
        return source_digest(self.plan(wildcards.study))

    def shard_digest(self, wildcards: Wildcards) -> str:
        """Return the digest of a shard's runs."""
        return shard_digest(self.shard(wildcards))

    def pools_digest(self, wildcards: Wildcards) -> str:
        """Return the digest of the pools to score."""
        return pools_digest(self.plan(wildcards.study).pools)

    def laws_digest(self, wildcards: Wildcards) -> str:
        """Return the digest of a study's laws."""
        return laws_digest(self.plan(wildcards.study))

    def figure_digest(self, wildcards: Wildcards) -> str:
        """Return the digest of one figure's block; one message and exit code 2 if there is none."""
        with one_message():
            return figure_digest(self.plan(wildcards.study), wildcards.figure)

    def claims_digest(self, wildcards: Wildcards) -> str:
        """Return the digest of a study's claims."""
        return claims_digest(self.plan(wildcards.study))

    def study_digest(self, wildcards: Wildcards) -> str:
        """Return the digest of all that a study says."""
        return study_digest(self.plan(wildcards.study))

    def code(self, stage: str) -> Callable[[Wildcards], str]:
        """Return the function that gives the digest of a stage's code for a study."""
        return lambda wildcards: code_digest(
            self.plan(wildcards.study), stage, getattr(wildcards, "figure", "")
        )

    # Resources of a training job, from the plan

    def memory_mb(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the memory of a training job: libraries and its largest stack; twice as much on a retry."""
        shard = self.shard(wildcards)
        largest = max(run_cost(run.config).bytes for run in shard) * stack_size(shard[0].config)
        return (1000 + largest // 1_000_000) * attempt

    def minutes(self, wildcards: Wildcards, attempt: int) -> int:
        """Return a generous time limit of a training job: five times the predicted seconds, and ten minutes."""
        predicted = sum(run_cost(run.config).seconds for run in self.shard(wildcards))
        return (10 + int(5 * predicted / 60)) * attempt


def check_place(results: str | Path) -> None:
    """Raise LawbookError if the results can lie nowhere, since a file stands in the way."""
    place = Path(results).absolute()
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        fix = "set `results:` in config/config.yaml to a folder that can"
        raise LawbookError(f"results = '{results}' cannot be written ('{place}' is a file); {fix}")


def checked_plan(study: str, folder: str | Path) -> Plan:
    """Plan a study and check the names that its report needs: figures, quantities, exact curves.

    Raises StudyError for the first that cannot be. Apart from planning, since it imports what draws them.
    """
    plan = plan_study(study, folder)
    content = plan.study.content
    from lawbook.report.exact import exact_curves
    from lawbook.report.figures import check_figure
    from lawbook.report.quantities import quantities
    from lawbook.report.results import where

    for name, law in content.laws.items():
        if law.exact is not None and law.exact not in exact_curves:
            fix = suggest(law.exact, exact_curves)
            raise plan.study.error(f"laws.{name}.exact", law.exact, "there is no such exact curve", fix)
        if law.exact is not None and plan.source is not None:
            problem, fix = "a table has no task whose theory would be known", "write its value as a claim"
            raise plan.study.error(f"laws.{name}.exact", law.exact, problem, fix)
    for name, frontier in content.frontiers.items():
        if frontier.exact is not None and frontier.exact not in exact_curves:
            fix = suggest(frontier.exact, exact_curves)
            field = f"frontiers.{name}.exact"
            raise plan.study.error(field, frontier.exact, "there is no such exact curve", fix)
    for i, block in enumerate(content.figures):
        try:
            check_figure(block, content, plan.runs)
        except LawbookError as error:
            problem, _, fix = str(error).rpartition("; ")
            raise plan.study.error(
                f"figures.{i}", block.of or block.kind, problem or "unclear", fix
            ) from None
    for i, claim in enumerate(content.claims):
        if claim.quantity is not None and claim.quantity not in quantities:
            fix = suggest(claim.quantity, quantities)
            raise plan.study.error(f"claims.{i}.quantity", claim.quantity, "there is no such quantity", fix)
        check = None if claim.quantity is None else quantities[claim.quantity].check
        if check is not None and plan.source is None:
            try:
                check(where(plan.table(), claim.where))
            except LawbookError as error:
                problem, _, fix = str(error).rpartition("; ")
                raise plan.study.error(f"claims.{i}.where", dict(claim.where), problem, fix) from None
    return plan


def tables_of(plan: Plan) -> tuple[str, ...]:
    """Return the tables of a study's runs: what training leaves, or what was taken and from where."""
    if plan.source is not None:
        return ("runs", "source")
    return ("runs", "curves", "costs", *(SCORE_TABLES if plan.pools else ()))


def found(entries: Mapping[str, Value], name: str, kind: str) -> Value:
    """Return an entry by name. Raises LawbookError with the nearest name if there is none."""
    if name not in entries:
        raise LawbookError(f"there is no {kind} called {name!r}; {suggest(name, entries)}")
    return entries[name]


def figure_block(plan: Plan, figure: str) -> FigureBlock:
    """Return the block of a figure by its name."""
    blocks = {block.name: block for block in plan.study.content.figures}
    return found(blocks, figure, f"figure of {plan.study.name}")


def plan_digest(plan: Plan) -> str:
    """Return the digest of a plan as it is published: every run with its shard and cost."""
    return plan.digest


def source_digest(plan: Plan) -> str:
    """Return the digest of a study's table: its content, its columns' names, and which of them laws fit."""
    source = plan.source
    content = [source.sha256, source.file.suffix, list(source.columns.items())] if source else []
    return digest([*content, *plan.fitted_columns])


def laws_digest(plan: Plan) -> str:
    """Return the digest of a study's laws and frontiers."""
    content = plan.study.content
    blocks = {**content.laws, **{f"frontiers.{name}": block for name, block in content.frontiers.items()}}
    return digest({name: block.model_dump(mode="json") for name, block in blocks.items()})


def figure_digest(plan: Plan, figure: str) -> str:
    """Return the digest of a figure's block and of the law, frontier and sweep that it shows, by default the first."""
    block, content = figure_block(plan, figure), plan.study.content
    law = content.laws.get(block.of or next(iter(content.laws), ""))
    frontier = content.frontiers.get(block.of or next(iter(content.frontiers), ""))
    first = next(iter(content.sweeps), "")
    sweep = content.sweeps.get((law.sweep or "") if law else block.of or first)
    parts = (block, law, sweep, *([frontier, content.sweeps[frontier.sweep]] if frontier else []))
    return digest([part.model_dump(mode="json") if part else None for part in parts])


def claims_digest(plan: Plan) -> str:
    """Return the digest of a study's claims."""
    return digest([claim.model_dump(mode="json") for claim in plan.study.content.claims])


def study_digest(plan: Plan) -> str:
    """Return the digest of all that a study says."""
    return digest(plan.study.content.model_dump(mode="json"))


def code_digest(plan: Plan, stage: str, figure: str = "") -> str:
    """Return the digest of a stage's code with the registry entries that a study uses there."""
    content = plan.study.content
    laws, claims = content.laws.values(), content.claims
    learned = {
        f"lawbook.{kind}.{named.name}"
        for kind, named in (("tasks", content.task), ("models", content.model))
        if named is not None
    }
    # The power law is every comparison's baseline, and the sensitivity panel takes floors off and on.
    compared = {"power", *(form for law in laws for form in law.compare)}
    partners = {f"{form}_floor" for form in compared} | {form.removesuffix("_floor") for form in compared}
    forms = {f"lawbook.laws.forms.{form}" for form in compared | (partners & set(all_forms))}
    known = [law.exact for law in laws] + [frontier.exact for frontier in content.frontiers.values()]
    exact = {f"lawbook.theory.{name}" for name in known if name}
    entries = {
        "train": learned,
        "score": learned
        | {f"lawbook.pruning.metrics.{name}" for pool in plan.pools for name in pool.metrics},
        "collect": learned,
        "take": frozenset(),
        "fit": forms,
        "draw": exact | ({f"lawbook.report.figures.{figure_block(plan, figure).kind}"} if figure else set()),
        "judge": exact
        | {f"lawbook.report.quantities.{claim.quantity}" for claim in claims if claim.quantity},
        "report": exact,
    }
    return _stage_digest(stage, frozenset(entries[stage]))


_stage_digest = cache(stage_digest)
