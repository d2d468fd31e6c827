"""What a crate says of a run: the workflow and its steps, each job with what it read and made, and the software."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

from lawbook.bundle.export import LEFT_OUT, label, study_file
from lawbook.exports import Finished
from lawbook.exports._lawbook import about, repository
from lawbook.storage.provenance import read_provenance
from lawbook.workflow.freshness import CARRIERS
from lawbook.workflow.job_records import Ran, when_made
from lawbook.workflow.stages import STAGES, Stage

Entity = dict[str, Any]

WORKFLOW = "workflow/Snakefile"
ENGINE = "https://snakemake.github.io"
LANGUAGE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
RUN, ENGINE_RUN, STUDY, TABLE = "#run", "#engine", "#parameter/study", "#table"
DONE = "http://schema.org/CompletedActionStatus"
SECOND, BYTE = "https://qudt.org/vocab/unit/SEC", "https://qudt.org/vocab/unit/BYTE"
SCRIPTS = {
    "plan": "plan_study", "import": "import_table", "score": "score_pools", "train": "train_shard",
    "collect": "collect_runs", "fit": "fit_laws", "analyse": "analyse_runs", "draw": "draw_figure",
    "judge": "judge_claims", "report": "write_report",
}  # fmt: skip
"""The script that the rule of each stage calls."""


def ref(identity: str) -> Entity:
    """Return a reference to an entity."""
    return {"@id": identity}


def address(name: str) -> str:
    """Return the URI, relative to the crate, of a file or a part; what a URI may not hold is encoded.

    >>> address("results/figures/{figure}.svg"), address("#job/train/width=8")
    ('results/figures/%7Bfigure%7D.svg', '#job/train/width=8')
    """
    return quote(name, safe="#/=+-_.~@")


def script(stage: Stage) -> str:
    """Return the file that makes the parts of a stage."""
    return f"scripts/{SCRIPTS[stage.name]}.py"


@dataclass(frozen=True)
class Job:
    """A job of a study: a part of a stage, the files of the results that it read and made, and when it ran."""

    stage: Stage
    part: str
    reads: tuple[str, ...]
    leaves: tuple[str, ...]
    ran: Ran | None

    @property
    def identity(self) -> str:
        """Return the URI of its action."""
        return address("#job/" + "/".join(filter(None, (self.stage.name, self.part))))

    @property
    def patterns(self) -> dict[str, str]:
        """Return for each file that it made how the files of all parts of its stage are called."""
        above, _, _ = self.part.rpartition("/")
        wildcard = (
            "/".join(filter(None, (above, f"{{{self.stage.wildcard}}}"))) if self.stage.wildcard else ""
        )
        return dict(zip(self.leaves, self.stage.leaves(wildcard), strict=True))


@dataclass(frozen=True)
class Record:
    """What there is to say of how a study was made."""

    study: Finished

    @cached_property
    def jobs(self) -> list[Job]:
        """Return the jobs, in the order of the stages."""
        plan, results = self.study.plan, self.study.results
        return [
            Job(
                stage, part, stage.reads(plan, part), leaves,
                when_made(results / leaves[0], (stage.configuration(plan, part), stage.code(plan, part))),
            )
            for stage in STAGES.values()
            for part, leaves in stage.files(plan)
        ]  # fmt: skip

    @cached_property
    def stages(self) -> dict[str, Stage]:
        """Return the stages that the study goes through, by name."""
        return {job.stage.name: job.stage for job in self.jobs}

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Return the pattern of each file of the results that the crate holds."""
        packed = (job for job in self.jobs if job.stage.name != LEFT_OUT)
        return {name: pattern for job in packed for name, pattern in job.patterns.items()}

    @cached_property
    def software(self) -> dict[str, set[tuple[str, str]]]:
        """Return by stage what its files say that they were made with: name and version of each package."""
        found: dict[str, set[tuple[str, str]]] = {name: set() for name in self.stages}
        for job in self.jobs:
            for name in job.leaves:
                file = self.study.results / name
                if not name.endswith(CARRIERS) or not file.is_file():
                    continue
                made = read_provenance(file)
                trained = made.runs.get("versions", []) if job.stage.name == LEFT_OUT else []
                for versions in (made.versions, *trained):
                    found[job.stage.name] |= set(versions.items())
        return found

    def entities(self) -> list[Entity]:
        """Return all entities."""
        stages = self.stages.values()
        return [
            self._workflow(),
            *(self._tool(stage) for stage in stages),
            *(self._step(position, stage) for position, stage in enumerate(stages, start=1)),
            *self._actions(),
            *self._data(),
            *self._context(),
        ]

    def _workflow(self) -> Entity:
        return {
            "@id": WORKFLOW,
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            "name": "Lawbook",
            "description": about(),
            "conformsTo": ref("https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"),
            "programmingLanguage": ref(LANGUAGE),
            **self._of_lawbook(),
            "input": [ref(STUDY)],
            "output": self._parameters_of(self.parameters),
            "hasPart": [ref(script(stage)) for stage in self.stages.values()],
            "step": [ref(f"#step/{name}") for name in self.stages],
        }

    def _tool(self, stage: Stage) -> Entity:
        jobs = [job for job in self.jobs if job.stage is stage]
        return {
            "@id": script(stage),
            "@type": ["File", "SoftwareSourceCode"],
            **self._of_lawbook(),
            "input": [ref(STUDY), *self._parameters_of(name for job in jobs for name in job.reads)],
            "output": self._parameters_of(name for job in jobs for name in job.leaves),
            "softwareRequirements": [ref(_package(*used)) for used in sorted(self.software[stage.name])],
        }

    def _of_lawbook(self) -> Entity:
        """Return what is known of a file of Lawbook's own: where it comes from, and the version that ran."""
        version, url = self.study.contents.manifest.versions.get("lawbook"), repository()
        return {**({"url": ref(url)} if url else {}), **({"version": version} if version else {})}

    def _step(self, position: int, stage: Stage) -> Entity:
        return {
            "@id": f"#step/{stage.name}",
            "@type": "HowToStep",
            "name": stage.name,
            "position": str(position),
            "workExample": ref(script(stage)),
        }

    def _actions(self) -> Iterator[Entity]:
        study, packed = self.study, list(self.parameters)
        yield {
            "@id": RUN,
            "@type": "CreateAction",
            "name": f"Run of the study {study.name}",
            "description": f"All jobs of the study {study.name}: {len(self.jobs)} of them, whenever each was last run.",
            "instrument": ref(WORKFLOW),
            "object": self._given(),
            "result": [ref(address(f"results/{name}")) for name in packed],
            "actionStatus": DONE,
            **_times([job.ran for job in self.jobs]),
        }
        for job in self.jobs:
            configuration, code = (
                of(study.plan, job.part) for of in (job.stage.configuration, job.stage.code)
            )
            usage = self._usage(job)
            told = {"what the study says to it": configuration, "its code": code}
            digests = ", ".join(f"of {what} {digest}" for what, digest in told.items() if digest)
            yield {
                "@id": job.identity,
                "@type": "CreateAction",
                "name": label(job.stage.name, job.part),
                "description": f"The job `{label(job.stage.name, job.part)}`; digest {digests}.",
                "instrument": ref(script(job.stage)),
                "object": [*self._given(job), *(ref(self._result(name)) for name in job.reads)],
                "result": [ref(self._result(name)) for name in job.leaves],
                "actionStatus": DONE,
                **_times([job.ran]),
                **({"resourceUsage": [ref(entity["@id"]) for entity in usage]} if usage else {}),
            }
            yield from usage
            yield {
                "@id": job.identity.replace("#job/", "#control/", 1),
                "@type": "ControlAction",
                "name": f"Orchestration of {label(job.stage.name, job.part)}",
                "instrument": ref(f"#step/{job.stage.name}"),
                "object": ref(job.identity),
                "actionStatus": DONE,
            }
        yield {
            "@id": ENGINE_RUN,
            "@type": "OrganizeAction",
            "name": "Run of Snakemake",
            "instrument": ref(ENGINE),
            "object": [ref(job.identity.replace("#job/", "#control/", 1)) for job in self.jobs],
            "result": ref(RUN),
            "actionStatus": DONE,
        }

    def _given(self, job: Job | None = None) -> list[Entity]:
        """Return what a job, or the run, was given from outside: the study, and the table if runs come from one."""
        imported = self.study.plan.source is not None and (job is None or job.stage.name == "import")
        return [ref(address(study_file(self.study.name))), *([ref(TABLE)] if imported else [])]

    def _result(self, name: str) -> str:
        """Return the URI of a file of the results; one that is not in the crate is named by its place there."""
        return address(f"results/{name}" if name in self.parameters else f"#left-out/{name}")

    def _usage(self, job: Job) -> list[Entity]:
        """Return what the runs that a job trained have cost; nothing of other jobs, and of runs from the cache."""
        if job.stage.name != LEFT_OUT:
            return []
        costs = self.study.tables.costs
        trained = costs[(costs["shard"] == job.part) & ~costs["cached"].astype(bool)]
        seconds, memory = trained["cpu_s"].sum(min_count=1), trained["peak_memory_bytes"].max()
        measured = (
            ("cpu_s", "CPU time of its runs", seconds, SECOND),
            ("peak_memory_bytes", "peak memory", memory, BYTE),
        )
        return [
            {
                "@id": job.identity.replace("#job/", f"#usage/{column}/", 1),
                "@type": "PropertyValue",
                "name": name,
                "propertyID": column,
                "value": f"{value:g}" if unit == SECOND else f"{value:.0f}",
                "unitCode": unit,
            }
            for column, name, value, unit in measured
            if value == value  # not missing
        ]

    def _data(self) -> Iterator[Entity]:
        """Yield the study, the files of the results with their parameters, and what is named without being packed."""
        given = address(study_file(self.study.name))
        yield {"@id": given, "@type": "File", "description": "The study.", "exampleOfWork": ref(STUDY)}
        yield _parameter(STUDY, "study", [given])
        examples: dict[str, list[str]] = {}
        for name, pattern in self.parameters.items():
            examples.setdefault(pattern, []).append(address(f"results/{name}"))
            identity = address(f"#parameter/{pattern}")
            yield {"@id": address(f"results/{name}"), "@type": "File", "exampleOfWork": ref(identity)}
        for pattern, files in examples.items():
            yield _parameter(address(f"#parameter/{pattern}"), pattern, files)
        for job in self.jobs:
            for name in job.leaves if job.stage.name == LEFT_OUT else ():
                where = "Not packed: what it holds stands in the tables of runs, curves and costs."
                yield {"@id": self._result(name), "@type": "CreativeWork", "name": name, "description": where}
        if self.study.plan.source is not None:
            row = self.study.tables.source.iloc[0]
            yield {
                "@id": TABLE,
                "@type": "CreativeWork",
                "name": row["file"],
                "description": "The table from which the runs were taken; it is not packed.",
                "sha256": row["sha256"],
            }

    def _context(self) -> Iterator[Entity]:
        yield {
            "@id": LANGUAGE,
            "@type": "ComputerLanguage",
            "name": "Snakemake",
            "identifier": ref("https://doi.org/10.1093/bioinformatics/bts480"),
            "url": ref("https://snakemake.readthedocs.io"),
        }
        yield {"@id": ENGINE, "@type": "SoftwareApplication", "name": "Snakemake", "url": ref(ENGINE)}
        for name, version in sorted(set().union(*self.software.values())):
            identity = _package(name, version)
            url = repository() if name == "lawbook" else identity
            yield {
                "@id": identity,
                "@type": "SoftwareApplication",
                "name": name,
                "softwareVersion": version,
                **({"url": ref(url)} if url else {}),
            }

    def _parameters_of(self, names: Iterable[str]) -> list[Entity]:
        patterns = dict.fromkeys(self.parameters[name] for name in names if name in self.parameters)
        return [ref(address(f"#parameter/{pattern}")) for pattern in patterns]


def _parameter(identity: str, name: str, files: list[str]) -> Entity:
    return {
        "@id": identity,
        "@type": "FormalParameter",
        "additionalType": "File",
        "conformsTo": ref("https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"),
        "name": name,
        "workExample": [ref(file) for file in files],
    }


def _times(ran: list[Ran | None]) -> dict[str, str]:
    """Return when jobs began and ended; nothing unless the times of all are known."""
    known = [job for job in ran if job is not None]
    if not known or len(known) < len(ran):
        return {}
    start, end = min(job.start for job in known), max(job.end for job in known)
    return {
        "startTime": start.isoformat(timespec="milliseconds"),
        "endTime": end.isoformat(timespec="milliseconds"),
    }


def _package(name: str, version: str) -> str:
    """Return the URI of a version of Python, of a package or of Lawbook itself.

    >>> _package("python", "3.11.7"), _package("numpy", "2.4.6"), _package("lawbook", "0.1.0")
    ('https://www.python.org/downloads/release/python-3117/', 'https://pypi.org/project/numpy/2.4.6/', '#lawbook-0.1.0')
    """
    public, _, local = map(quote, version.partition("+"))
    if name == "lawbook":
        return f"#lawbook-{quote(version)}"
    if name == "python":
        return f"https://www.python.org/downloads/release/python-{public.replace('.', '')}/"
    return f"https://pypi.org/project/{quote(name)}/{public}/{local and f'#{local}'}"
