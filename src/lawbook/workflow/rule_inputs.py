"""The workflow's side of a study: settings, and the files, parameters and resources that the rules ask for.

`RuleInputs` holds what the rules ask for. It imports no Snakemake: a rule hands it wildcards and gets file names,
digests or resources back.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from lawbook.errors import LawbookError, one_message
from lawbook.registry import use_extensions
from lawbook.storage.lock import inherit_lock
from lawbook.studies import Plan, Run, study_names
from lawbook.studies.analysis import analyses
from lawbook.studies.published import publish, shard_alone
from lawbook.studies.study import is_reserved
from lawbook.workflow import resources
from lawbook.workflow.apart import APART, gallery_code, stage_named
from lawbook.workflow.check import check_place, checked_plan, collect_garbage_rarely, said_name_at
from lawbook.workflow.places import caches
from lawbook.workflow.quick import QuickStudies, quick_studies
from lawbook.workflow.settings import check_settings
from lawbook.workflow.shown import REPORT, absent, having, shown
from lawbook.workflow.stages import STAGES

DECIDING = ("figures", "gallery", "gallery_quick")
"""Targets that decide what is trained, and so are asked for by themselves."""

NEVER_TRAINED = "(the targets `figures` and `gallery` train nothing)"


class Wildcards(Protocol):
    """The part of a path that a rule has matched."""

    study: str
    shard: str
    figure: str
    analysis: str


class RuleInputs:
    """What the rules of the workflow ask for; each study is planned once, when something of it is asked for."""

    def __init__(
        self,
        config: Mapping[str, Any],
        targets: Callable[[], Collection[str]] = list,
        called: Callable[[str], str] = str,
        remote: bool = False,
    ) -> None:
        """Check the settings.

        called: how a workflow that imports this one calls a target; remote: whether this process runs one job that
        another has submitted.
        """
        with one_message():
            self.settings = check_settings(config)
            use_extensions(self.settings.extensions)
        collect_garbage_rarely()
        self._targets, self._called, self._remote = targets, called, remote
        self._plans: dict[str, Plan] = {}
        self._alone: dict[tuple[str, str], Plan | None] = {}

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
        for name in filter(is_reserved, names):
            file = Path(self.settings.studies) / f"{name}.yaml"
            print(f"Left out: {file}: {name!r} is the name of a rule; rename the file", file=sys.stderr)
        return [name for name in names if not is_reserved(name)]

    def plan(self, study: str) -> Plan:
        """Return a study's plan; a mistake in it ends the process with one message and exit code 2."""
        if study not in self._plans:
            with one_message():
                check_place(self.settings.results)
                self._plans[study] = checked_plan(study, self.settings.studies)
        return self._plans[study]

    def _plan_of(self, wildcards: Wildcards) -> Plan:
        """Return the plan of a job: of a shard that was submitted, as it was published, else of the whole study."""
        shard = getattr(wildcards, "shard", None)
        if self._remote and shard is not None:
            key = (wildcards.study, shard)
            if key not in self._alone:
                with one_message():
                    folders = {"folder": self.settings.studies, "results": self.settings.results}
                    self._alone[key] = shard_alone(wildcards.study, shard=shard, **folders)
            if (alone := self._alone[key]) is not None:
                return alone
        return self.plan(wildcards.study)

    def claim_results(self) -> None:
        """Become the one writer of the results folder until this process ends, and publish the plans for its jobs.

        Or one message and exit code 2.
        """
        with one_message():
            inherit_lock(self.settings.results)
            for plan in self._plans.values():
                publish(plan, self.settings.results)

    def folder(self, study: str) -> Path:
        """Return the folder of a study's results."""
        return Path(self.settings.results) / study

    def at_preset(self, study: str) -> str:
        """Return the name of a study with the preset that is set, if the study has it; else say that it has none."""
        with one_message():
            return said_name_at(study, self.settings.preset, self.settings.studies)

    # What a stage makes, reads and depends on, as a rule's outputs, inputs and parameters

    @property
    def analyses(self) -> Sequence[str]:
        """Return the kinds of analysis."""
        with one_message():
            return list(analyses)

    def analysis_memory_mb(self, kind: str) -> int:
        """Return the memory of a job that makes an analysis of a kind."""
        with one_message():
            return analyses[kind].memory_mb

    def leaves(self, stage: str, *endings: str, kind: str = "") -> list[str]:
        """Return what a stage leaves of a part, as patterns: the files with these endings, by default all.

        kind: that of an analysis.
        """
        with one_message():
            files = stage_named(stage).leaves(_part(stage, kind, f"{{{stage_named(stage).wildcard}}}"))
        return [f"<results>/{{study}}/{file}" for file in files if file.endswith(endings or "")]

    def reads(self, stage: str, *endings: str, kind: str = "") -> Callable[[Wildcards], list[str]]:
        """Return the function that gives what a stage reads of a study: the files with these endings, by default all.

        A file that nothing makes, if the study has no such part: Snakemake then turns to another rule. So for a target
        that never trains, if something might have to be trained: Snakemake then takes what is there as it is.
        """

        def files(wildcards: Wildcards) -> list[str]:
            of, plan = stage_named(stage), self._plan_of(wildcards)
            part = _part(stage, kind, getattr(wildcards, of.wildcard or "study"))
            if of.trains(part) and self._never_trains(wildcards.study):
                return [NEVER_TRAINED]
            if not of.parts(plan):
                return [f"(this study has nothing to {stage})"]
            with one_message():
                names = of.reads(plan, of.checked(plan, part))
            return [
                str(self.folder(wildcards.study) / name) for name in names if name.endswith(endings or "")
            ]

        return files

    def configuration(self, stage: str, kind: str = "") -> Callable[[Wildcards], str]:
        """Return the function that gives the digest of what a study says to a part of a stage."""
        return self._digest(stage_named(stage).configuration, stage, kind)

    def code(self, stage: str, kind: str = "") -> Callable[[Wildcards], str]:
        """Return the function that gives the digest of the code that makes a part of a stage."""
        return self._digest(stage_named(stage).code, stage, kind)

    def _digest(
        self, digest: Callable[[Plan, str], str], stage: str, kind: str
    ) -> Callable[[Wildcards], str]:
        def of_part(wildcards: Wildcards) -> str:
            plan = self._plan_of(wildcards)
            part = _part(stage, kind, getattr(wildcards, stage_named(stage).wildcard or "study"))
            with one_message():
                return digest(plan, stage_named(stage).checked(plan, part))

        return of_part

    def target_of(self, name: str) -> Callable[[Wildcards], list[str]]:
        """Return the function that gives what a finished study consists of; it plans the study when called.

        At the preset that is set, where the study has it. It is all that its stages leave: Snakemake would let a file
        that only other files need be missing.
        """

        def target(_: Wildcards) -> list[str]:
            study = self.at_preset(name)
            plan = self.plan(study)
            parts = (files for stage in STAGES.values() for _, files in stage.files(plan))
            return [str(self.folder(study) / name) for files in parts for name in files]

        return target

    def figures_of_finished(self, _: Wildcards) -> list[str]:
        """Return the figures of every study whose runs have been collected; they are drawn without training.

        Those of the presets that have been run, too; with a preset set, of that one alone.
        """
        self._check_targets()
        return [
            str(self.folder(study) / file)
            for study in self._having("runs.parquet")
            for _, files in STAGES["draw"].files(self.plan(study))
            for file in files
        ]

    # What the gallery shows

    @cached_property
    def quick(self) -> QuickStudies:
        """Return the studies that the target `gallery_quick` runs; those that are left out are named on stderr."""
        with one_message():
            found = quick_studies(self.studies, self.settings.studies, self.plan)
        for study, reason in found.left_out.items():
            print(f"Left out: {study}: {reason}", file=sys.stderr, flush=True)
        return found

    @property
    def in_gallery(self) -> list[str]:
        """Return the studies and presets that the gallery shows; for `gallery_quick`, what that runs, too."""
        quick = self.quick.plans if self._asked_for("gallery_quick") else ()
        return shown({*self._having(REPORT), *quick})

    @property
    def not_in_gallery(self) -> list[str]:
        """Return the studies that it lacks."""
        return absent(self.studies, self.in_gallery)

    def pages_in_gallery(self, _: Wildcards) -> list[str]:
        """Return reports, cards and thumbnails of what the gallery shows."""
        self._check_targets()
        names = self.in_gallery
        if not names:
            with one_message():
                fix = "`lawbook run STUDY` finishes one, `lawbook gallery --quick` all that are quick"
                raise LawbookError(f"{self.settings.results} holds no finished study to show; {fix}")
        return [
            str(self.folder(study) / file)
            for study in names
            for stage in (STAGES["report"], *APART.values())
            for _, files in stage.files(self.plan(study))
            for file in files
        ]

    def files_of_quick(self, wildcards: Wildcards) -> list[str]:
        """Return what the quick studies consist of."""
        return [
            str(self.folder(study) / name)
            for study, plan in self.quick.plans.items()
            for stage in STAGES.values()
            for _, files in stage.files(plan)
            for name in files
        ]

    def code_of_gallery(self, _: Wildcards) -> str:
        """Return the digest of the code that writes the gallery."""
        with one_message():
            return gallery_code()

    def _having(self, file: str) -> list[str]:
        return having(file, self.studies, self.settings.results, self.settings.preset)

    def _asked_for(self, target: str) -> bool:
        return self._called(target) in self._targets()

    def _check_targets(self) -> None:
        """End the process with one message if a target that decides what is trained is asked for with others."""
        asked = self._targets()
        if mixed := next((t for t in DECIDING if self._asked_for(t) and len(asked) > 1), None):
            with one_message():
                fix = f"ask for `{self._called(mixed)}` by itself; it decides what is trained"
                raise LawbookError(f"targets = {sorted(asked)}: {fix}")

    def _never_trains(self, study: str) -> bool:
        """Tell whether nothing of a study may be trained for the target that is asked for."""
        self._check_targets()
        if self._asked_for("gallery_quick"):
            return study not in self.quick.plans
        return self._asked_for("figures") or self._asked_for("gallery")

    def shard(self, wildcards: Wildcards) -> list[Run]:
        """Return the runs of a shard; one message and exit code 2 if there is no such shard."""
        plan = self._plan_of(wildcards)
        with one_message():
            return plan.shards[STAGES["train"].checked(plan, wildcards.shard)]

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


def _part(stage: str, kind: str, value: str) -> str:
    """Return the part of a stage that a wildcard's value names; the whole has no name."""
    if not stage_named(stage).wildcard:
        return ""
    return f"{kind}/{value}" if kind else value
