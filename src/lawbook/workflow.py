"""The workflow's side of a study: settings, and the files, parameters and resources that the rules ask for.

`House` holds what the rules ask for. It imports no Snakemake: a rule hands it wildcards and gets file names,
digests or resources back.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lawbook import resources
from lawbook.errors import LawbookError, one_message, suggest
from lawbook.places import caches
from lawbook.stages import (
    FIGURE_FORMATS,
    FIT_TABLES,
    SCORE_TABLES,
    TWINS,
    claims_digest,
    code_digest,
    figure_digest,
    found,
    laws_digest,
    plan_digest,
    quanta_digest,
    reads_curves,
    source_digest,
    study_digest,
    tables_of,
)
from lawbook.studies import Plan, Run, plan_study, pools_digest, shard_digest, study_names
from lawbook.studies.runs import reads_scores
from lawbook.studies.study import RESERVED
from lawbook.studies.yaml_file import read_yaml
from lawbook.writer import inherit_lock

CONFIG = Path("config/config.yaml")
NEVER_TRAINED = "(the target `figures` trains nothing)"
FROM_A_TABLE = "(this study takes its runs from a table)"
NO_TABLE = "(this study trains its runs)"
FOLDER = r"^[^{}*?\x00-\x1f\x7f]+$"
"""What a folder may be called: no brace, which Snakemake would take for a wildcard, and nothing unseen."""


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
        raise LawbookError(f"{path} cannot be read; run this in the folder that holds config")
    content = read_yaml(path)
    return check_settings(content)


class House:
    """What the rules of the workflow ask for; each study is planned once, when something of it is asked for."""

    def __init__(
        self,
        config: Mapping[str, Any],
        targets: Callable[[], Collection[str]] = list,
        figures: str = "figures",
    ) -> None:
        """Check the settings. figures: the target that never trains, as a workflow that imports this one names it."""
        with one_message():
            self.settings = check_settings(config)
        self._targets, self._figures = targets, figures
        self._plans: dict[str, Plan] = {}

    def place_results(self, folder: str) -> None:
        """Let the results lie in a folder, whatever the settings say."""
        self.settings = self.settings.model_copy(update={"results": folder})

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables by which jobs learn where things lie, and other libraries where their caches do."""
        places = {"LAWBOOK_STUDIES": self.settings.studies, "LAWBOOK_CACHE": self.settings.cache}
        return places | caches()

    @cached_property
    def studies(self) -> list[str]:
        """Return the names of the studies, from their file names alone; one named like a rule is left out, aloud."""
        with one_message():
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
                    f"targets = {sorted(self._targets())}: ask for `{self._figures}` by itself; it never trains"
                )
        finished = [name for name in self.studies if (self.folder(name) / "runs.parquet").exists()]
        return [file for name in finished for file in self.figures(name)]

    def shards(self, wildcards: Wildcards) -> list[str]:
        """Return the curves of each shard of a study.

        For the target `figures`, a file that nothing makes: Snakemake then takes the tables of runs as they are.
        So for a study that takes its runs from a table: Snakemake then turns to the rule that does.
        """
        if self._figures in self._targets():
            return [NEVER_TRAINED]
        plan, folder = self.plan(wildcards.study), self.folder(wildcards.study)
        if plan.source is not None:
            return [FROM_A_TABLE]
        return [str(folder / f"shards/{shard}.parquet") for shard in plan.shards]

    def pools(self, _: Wildcards) -> list[str]:
        """Return nothing to wait for; for the target `figures`, a file that nothing makes: no probe is trained."""
        return [NEVER_TRAINED] if self._figures in self._targets() else []

    def kept(self, wildcards: Wildcards) -> list[str]:
        """Return the runs, whose weights then lie in the cache; for the target `figures`, a file that nothing makes."""
        if self._figures in self._targets():
            return [NEVER_TRAINED]
        return [str(self.folder(wildcards.study) / "runs.parquet")]

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

    def fitted(self, wildcards: Wildcards) -> list[str]:
        """Return the tables that a study's laws are fitted to: its runs, and their curves if a law asks for them."""
        content = self.plan(wildcards.study).study.content
        names = ["runs", *(["curves"] if reads_curves(content) else [])]
        return [str(self.folder(wildcards.study) / f"{table}.parquet") for table in names]

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

    def quanta_digest(self, wildcards: Wildcards) -> str:
        """Return the digest of a study's block on quanta and of the runs that it looks into."""
        return quanta_digest(self.plan(wildcards.study))

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

    # Resources of a job that trains, from the plan

    def cores(self, wildcards: Wildcards) -> int:
        """Return the cores of a training job."""
        return resources.processes(self._trained(wildcards))

    def gpus(self, wildcards: Wildcards) -> int:
        """Return the GPUs of a training job."""
        return resources.gpus(self._trained(wildcards))

    def memory_mb(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the memory of a training job; twice as much on a retry."""
        return resources.memory_mb(self._trained(wildcards)) * attempt

    def minutes(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the time limit of a training job; twice as much on a retry."""
        return resources.minutes(self._trained(wildcards)) * attempt

    def _trained(self, wildcards: Wildcards) -> list[Run]:
        """Return the runs that a job trains: those of its shard, or the probes of all pools."""
        if getattr(wildcards, "shard", None) is not None:
            return self.shard(wildcards)
        return [probe for pool in self.plan(wildcards.study).pools for probe in pool.every_probe]


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
        for curve in law.exact:
            if curve not in exact_curves:
                fix = suggest(curve, exact_curves)
                raise plan.study.error(f"laws.{name}.exact", curve, "there is no such exact curve", fix)
        if law.exact and plan.source is not None:
            problem, fix = "a table has no task whose theory would be known", "write its value as a claim"
            raise plan.study.error(f"laws.{name}.exact", law.exact[0], problem, fix)
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
        if claim.exact is not None and claim.exact not in exact_curves:
            fix = suggest(claim.exact, exact_curves)
            raise plan.study.error(f"claims.{i}.exact", claim.exact, "there is no such exact curve", fix)
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
