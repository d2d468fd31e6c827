"""The workflow's side of a study: settings, and the files, parameters and resources that the rules ask for.

`RuleInputs` holds what the rules ask for. It imports no Snakemake: a rule hands it wildcards and gets file names,
digests or resources back.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from lawbook.errors import LawbookError, one_message
from lawbook.storage.lock import inherit_lock
from lawbook.studies import Plan, Run, pools_digest, shard_digest, study_names
from lawbook.studies.presets import MARK, split_name
from lawbook.studies.runs import reads_scores
from lawbook.studies.study import RESERVED
from lawbook.workflow import resources
from lawbook.workflow.check import check_place, checked_plan, said_name_at
from lawbook.workflow.places import caches
from lawbook.workflow.settings import check_settings
from lawbook.workflow.stages import (
    FIGURE_FORMATS,
    FIT_TABLES,
    SCORE_TABLES,
    TWINS,
    claims_digest,
    code_digest,
    collect_digest,
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

NEVER_TRAINED = "(the target `figures` trains nothing)"
FROM_A_TABLE = "(this study takes its runs from a table)"
NO_TABLE = "(this study trains its runs)"


class Wildcards(Protocol):
    """The part of a path that a rule has matched."""

    study: str
    shard: str
    figure: str


class RuleInputs:
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

    def at_preset(self, study: str) -> str:
        """Return the name of a study with the preset that is set, if the study has it; else say that it has none."""
        with one_message():
            return said_name_at(study, self.settings.preset, self.settings.studies)

    # Files, as a rule's input

    def target_of(self, name: str) -> Callable[[Wildcards], list[str]]:
        """Return the function that gives what a finished study consists of; it plans the study when called.

        At the preset that is set, where the study has it.

        The shards and scores are part of it, since Snakemake lets a file that only other files need be missing; and
        the CSV files, which nothing needs.
        """

        def target(_: Wildcards) -> list[str]:
            study = self.at_preset(name)
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
        """Return the figures of every study whose runs have been collected; asked for by itself, it never trains.

        Those of the presets that have been run, too; with a preset set, of that one alone.
        """
        if len(self._targets()) > 1:
            with one_message():
                raise LawbookError(
                    f"targets = {sorted(self._targets())}: ask for `{self._figures}` by itself; it never trains"
                )
        place = Path(self.settings.results)
        finished = [
            name
            for study in self.studies
            for name in (study, *sorted(folder.name for folder in place.glob(f"{study}{MARK}*")))
            if (place / name / "runs.parquet").exists()
            and self.settings.preset in (None, split_name(name)[1])
        ]
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

    def collect_digest(self, wildcards: Wildcards) -> str:
        """Return the digest of a study's plan and derived columns."""
        return collect_digest(self.plan(wildcards.study))

    def source_digest(self, wildcards: Wildcards) -> str:
        """Return the digest of the table that a study takes its runs from."""
        return source_digest(self.plan(wildcards.study))

    def shard_digest(self, wildcards: Wildcards) -> str:
        """Return the digest of a shard's runs, and of what is measured of them."""
        return shard_digest(self.shard(wildcards), self.plan(wildcards.study).study.content.measure)

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
