"""The plan of a study: its runs, shards and pools, as a pure function of the YAML; or the table that it takes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from lawbook.errors import LawbookError, suggest
from lawbook.models import TrainedModel, models
from lawbook.registry import module_of
from lawbook.storage.checksum import digest
from lawbook.storage.columns import Role
from lawbook.studies.axes import HOW_TRAINED
from lawbook.studies.columns_block import bounded, bounds_of
from lawbook.studies.columns_check import check_columns, check_evaluated, check_operands
from lawbook.studies.cost import run_cost
from lawbook.studies.identity import Run, effective, reads_scores
from lawbook.studies.law_block import FORMULA
from lawbook.studies.measure_block import MeasureBlock, check_measurements
from lawbook.studies.presets import split_name
from lawbook.studies.probes import Pool, pool_id, pools_to_score
from lawbook.studies.roles import FIXED, roles_in_table, roles_of
from lawbook.studies.runs import checked_value, expand_study
from lawbook.studies.shards import make_shards
from lawbook.studies.source import Source, find_source
from lawbook.studies.study import Study, find_study, load_study
from lawbook.tasks import tasks


@dataclass(frozen=True)
class Plan:
    """A checked study with its runs, its shards by name, and the pools to score.

    A study that takes its runs from a table plans none: its plan is the table's `source`.
    """

    study: Study
    runs: tuple[Run, ...]
    shards: Mapping[str, list[Run]]
    pools: tuple[Pool, ...]
    source: Source | None = None

    @cached_property
    def shard_of(self) -> Mapping[str, str]:
        """Return the shard of each run."""
        return {run.run_id: shard for shard, runs in self.shards.items() for run in runs}

    @cached_property
    def run_steps(self) -> Mapping[str, int]:
        """Return the steps of the runs of each shard together."""
        return {shard: sum(run.config["steps"] for run in runs) for shard, runs in self.shards.items()}

    @cached_property
    def probe_steps(self) -> int:
        """Return the steps of the probes of all pools together."""
        return sum(probe.config["steps"] for pool in self.pools for probe in pool.every_probe)

    @cached_property
    def fitted_columns(self) -> tuple[str, ...]:
        """Return the columns that the study's laws fit, as x or y, and those that its analyses read."""
        content = self.study.content
        fitted = [column for law in content.laws.values() for column in (law.y, *law.inputs)]
        read = [column for _, _, block in content.analyses.each() for column in block.columns_read()]
        return tuple(dict.fromkeys((*fitted, *read)))

    @cached_property
    def roles(self) -> Mapping[str, Role]:
        """Return the role of each column of the table of runs."""
        if self.source is None:
            return roles_of(self.study, (axis for run in self.runs for axis in run.config))
        return roles_in_table(self.study.content, self.source.columns)

    @cached_property
    def kept(self) -> frozenset[str]:
        """Return the runs whose weights are kept, since an analysis looks into them."""
        blocks = (block for _, _, block in self.study.content.analyses.each())
        return frozenset(run.run_id for block in blocks for run in block.looked_into(self.runs))

    @cached_property
    def entries(self) -> frozenset[str]:
        """Return the modules of the registry entries that the runs are learned and trained by."""
        found: set[str] = set()
        for task, model, *how in {
            tuple(run.config[axis] for axis in ("task", "model", "optimizer", "parametrization", "loss"))
            for run in self.runs
        }:
            found |= {module_of("lawbook.tasks", task), module_of("lawbook.models", model)}
            if isinstance(models[model], TrainedModel):
                optimizer, parametrization, loss = how
                found |= {
                    module_of("lawbook.training.optimizers", optimizer),
                    module_of("lawbook.training.parametrizations", parametrization),
                    module_of("lawbook.training.losses", loss or tasks[task].loss),
                }
        return frozenset(found)

    @cached_property
    def _pools_by_id(self) -> Mapping[str, Pool]:
        return {pool.pool_id: pool for pool in self.pools}

    def _scoring_flops(self, run: Run) -> float | None:
        """Return the FLOPs of the probes that score a run's pool, each pool charged whole to each of its runs."""
        if not reads_scores(run.config):
            return None
        probes = self._pools_by_id[pool_id(run.config)].probes_of(run.config["metric"])
        return float(sum(run_cost(probe.config).flops for probe in probes))

    def table(self) -> pd.DataFrame:
        """Return a row per planned run: identity, sweeps, shard, every axis, N, FLOPs, bytes, predicted seconds.

        `scoring_flops` is what scoring the run's pool costs, null where no score is read.
        """
        return self._table.copy()

    @cached_property
    def digest(self) -> str:
        """Return the digest of the plan as it is published, every run with its shard and cost, and what is measured."""
        published = hashlib.sha256(self._table.to_csv(index=False).encode()).hexdigest()[:16]
        measured = [block.model_dump(mode="json") for block in self.study.content.measure]
        return digest([published, measured]) if measured else published

    @cached_property
    def _table(self) -> pd.DataFrame:
        rows = []
        for run in self.runs:
            cost = run_cost(run.config)
            rows.append(
                {
                    "run_id": run.run_id,
                    "sweeps": ",".join(run.sweeps),
                    "shard": self.shard_of[run.run_id],
                    **run.config,
                    "n_params": cost.n_params,
                    "n_params_non_embedding": cost.n_params_non_embedding,
                    "flops": cost.flops,
                    "flops_rule": cost.rule,
                    "scoring_flops": self._scoring_flops(run),
                    "bytes": cost.bytes,
                    "predicted_s": cost.seconds,
                }
            )
        table = pd.DataFrame(rows)
        bases = [variant.base for variant in self.study.variants]
        axes = dict.fromkeys(axis for base in bases for axis in base if axis in table)
        # Where some runs lack an axis, since their model has none, whole numbers stay whole beside nulls.
        partial = [axis for axis in axes if not all(axis in base for base in bases)]
        whole = [axis for axis in partial if all(isinstance(row.get(axis), int | None) for row in rows)]
        first = ["run_id", "sweeps", "shard", *axes]
        return table[[*first, *table.columns.difference(first, sort=False)]].astype(
            dict.fromkeys(whole, "Int64")
        )


def shard_digest(runs: list[Run], measure: Sequence[MeasureBlock] = ()) -> str:
    """Return the digest of a shard's resolved runs, and of what is measured of them.

    It changes exactly when what is to be trained or measured changes.
    """
    on = [{axis: run.config[axis] for axis in HOW_TRAINED} for run in runs]
    outside = sorted({tasks[run.config["task"]].outside(run.config) for run in runs} - {""})
    measured = [block.model_dump(mode="json") for block in measure]
    trained = [effective(run.config) | where for run, where in zip(runs, on, strict=True)]
    return digest([*trained, *outside, *([measured] if measured else [])])


def pools_digest(pools: tuple[Pool, ...]) -> str:
    """Return the digest of the pools to score, their probes and metrics."""
    return digest(
        [
            [pool.pool_id, pool.metrics, [[run.run_id for run in probes] for probes in pool.probes.values()]]
            for pool in pools
        ]
    )


def plan_study(name: str, folder: str | Path) -> Plan:
    """Load, check and plan the study NAME of a folder, or NAME@PRESET. Raises StudyError for the first mistake."""
    study, preset = split_name(name)
    return make_plan(load_study(find_study(study, folder), preset))


def make_plan(study: Study) -> Plan:
    """Plan a study. Raises StudyError for a field, value, table, law, figure or claim that cannot be."""
    source = find_source(study)
    if source is not None:
        columns = Columns("column in the table", frozenset(source.columns))
        _check_references(study, columns)
        _check_analyses(study, (), columns)
        return Plan(study, (), {}, (), source)
    check_columns(study)
    bounds = {bound for name in bounded(study.content.columns) for bound in bounds_of(name)}
    measured = {column for column, role in roles_of(study, ()).items() if role in FITTABLE} - bounds
    columns = Columns("axis", frozenset(study.fields) - {*HOW_TRAINED}, frozenset(measured))
    _check_references(study, columns)
    runs = tuple(expand_study(study))
    check_operands(study, runs)
    check_evaluated(study, runs)
    _check_selections(study, runs)
    _check_analyses(study, runs, columns)
    shards = make_shards(runs, study.content.shard_flops)
    check_measurements(study, [members[0] for members in shards.values()], {*study.fields, *FIXED})
    return Plan(study, runs, shards, tuple(pools_to_score(study, runs)))


@dataclass(frozen=True)
class Columns:
    """What a law or a claim may name: `axes` that group and select, and what else may be fitted."""

    kind: str
    axes: frozenset[str]
    measured: frozenset[str] = frozenset()

    def with_measured(self, more: Iterable[str]) -> Columns:
        """Return these columns with more that may be fitted."""
        return replace(self, measured=self.measured | frozenset(more))

    def check_axes(self, study: Study, field: str, names: Iterable[str]) -> None:
        """Raise StudyError for a name that is no axis."""
        for name in names:
            if name not in self.axes:
                raise study.error(field, name, f"there is no such {self.kind}", suggest(name, self.axes))

    def check_fittable(self, study: Study, field: str, names: Iterable[str]) -> None:
        """Raise StudyError for a name that is no column of the runs."""
        valid = self.axes | self.measured
        for name in names:
            if name not in valid:
                raise study.error(field, name, "the runs have no such column", suggest(name, valid))


def _check_references(study: Study, columns: Columns) -> None:
    """Raise StudyError where one block names another, a form or a column that is not there."""
    from lawbook.laws.forms import laws as forms
    from lawbook.laws.formulas import FormulaError

    content = study.content
    for name, law in content.laws.items():
        field = f"laws.{name}"
        check_sweep(study, field, law.sweep)
        if law.formula is not None:
            try:
                law.form(FORMULA)
            except FormulaError as error:
                raise LawbookError(f"{study.file}: {field}.formula: {error}") from None
        for form in law.compare:
            if form == FORMULA and law.formula is not None:
                continue
            if form == "auto":
                fix = "write analyses: {prediction: {NAME: {y: …, x: …, target: …}}}, which tries all candidates"
                raise study.error(f"{field}.compare", form, "this is no form, but a choice of many", fix)
            if form not in forms:
                raise study.error(f"{field}.compare", form, "there is no such law", suggest(form, forms))
            if len(forms[form].inputs) != len(law.inputs):
                problem = f"this law has {len(forms[form].inputs)} inputs, and x names {len(law.inputs)}"
                fix = f"write x: [{', '.join(forms[form].inputs)}], each by its column"
                raise study.error(f"{field}.compare", form, problem, fix)
        columns.check_axes(study, f"{field}.by", law.by)
        columns.check_axes(study, f"{field}.where", law.where)
        columns.check_axes(study, f"{field}.cluster", law.cluster)
        columns.check_axes(study, f"{field}.choose", [law.choose] if law.choose else [])
        if law.at != "last" and content.table is not None:
            raise study.error(f"{field}.at", law.at, "a table has no curves", "delete it")
        along = columns.with_measured(ALONG_CURVES if law.at != "last" else ())
        along.check_fittable(study, f"{field}.x", law.inputs)
        columns.check_fittable(study, f"{field}.y", [law.y])
    names = [figure.name for figure in content.figures]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise study.error(
                f"figures.{i}", name, "there is such a figure already", "give one of the two a name"
            )
    _check_claims(study, columns)


def _check_analyses(study: Study, runs: Sequence[Run], columns: Columns) -> None:
    """Raise StudyError for an analysis that cannot be made of the runs."""
    for kind, name, block in study.content.analyses.each():
        block.check(study, f"analyses.{kind}.{name}", runs, columns)


def check_sweep(study: Study, field: str, sweep: str | None) -> None:
    """Raise StudyError unless a law or an analysis names a sweep of the study, or none where there is a table."""
    sweeps = study.content.sweeps
    if study.content.table is not None:
        if sweep is not None:
            raise study.error(
                f"{field}.sweep", sweep, "a table has no sweeps", "delete it, or select with where"
            )
    elif sweep is None:
        raise study.error(f"{field}.sweep", None, "this key is missing", f"name one of {', '.join(sweeps)}")
    elif sweep not in sweeps:
        raise study.error(f"{field}.sweep", sweep, "there is no such sweep", suggest(sweep, sweeps))


def _check_selections(study: Study, runs: tuple[Run, ...]) -> None:
    """Raise StudyError for a law or claim that asks for values in another form, or for runs that are not planned."""
    content = study.content
    for name, law in content.laws.items():
        members = [run for run in runs if law.sweep in run.sweeps]
        check_selection(study, f"laws.{name}.where", law.where, members)
    for i, claim in enumerate(content.claims):
        members = list(runs)
        if claim.value is not None:
            sweep = content.laws[claim.value.split(".")[0]].sweep
            members = [run for run in runs if sweep in run.sweeps]
        for side in ("of", "minus") if claim.difference is not None else ("where",):
            check_selection(study, f"claims.{i}.{side}", {**claim.where, **getattr(claim, side)}, members)


def check_selection(study: Study, field: str, wanted: Mapping[str, Any], runs: Sequence[Run]) -> None:
    """Raise StudyError for values in another form than the axes have, or that no run has."""
    allowed = {axis: value if isinstance(value, list) else [value] for axis, value in wanted.items()}
    for axis, values in allowed.items():
        for value in values:
            typed = checked_value(study, f"{field}.{axis}", axis, value)
            if typed != value:
                raise study.error(f"{field}.{axis}", value, "this is read as text", f"write {typed!r}")
    if not any(all(run.config.get(axis) in values for axis, values in allowed.items()) for run in runs):
        fix = f"see `lawbook plan {study.name} --csv`"
        raise study.error(field, dict(wanted), "no planned run has these values", fix)


ALONG_CURVES = ("step", "samples_seen")
"""Columns that rows at other evaluations than the last have besides."""

FITTABLE: tuple[Role, ...] = ("size", "metric", "measurement", "derived")
"""Roles of the columns of runs.parquet that a law may take as x or y, besides the axes."""


def _check_claims(study: Study, columns: Columns) -> None:
    called = [claim.name for claim in study.content.claims]
    for i, name in enumerate(called):
        if name is not None and name in called[:i]:
            raise study.error(f"claims.{i}.name", name, "there is such a claim already", "give it another")
    for i, claim in enumerate(study.content.claims):
        field = f"claims.{i}"
        if claim.value is not None:
            law, form, parameter = claim.value.split(".") if claim.value.count(".") == 2 else ("", "", "")
            laws = study.content.laws
            if not law:
                fix = "write law.form.parameter, such as error_by_data.power.alpha"
                raise study.error(f"{field}.value", claim.value, "this names no fitted parameter", fix)
            if law not in laws:
                raise study.error(
                    f"{field}.value", claim.value, "the study fits no such law", suggest(law, laws)
                )
            if form not in laws[law].compare:
                fix = suggest(form, laws[law].compare)
                raise study.error(f"{field}.value", claim.value, f"{law} is not fitted with that form", fix)
            if parameter not in (names := (*laws[law].form(form).parameters, *laws[law].form(form).derived)):
                raise study.error(
                    f"{field}.value", claim.value, f"{form} has no such parameter", suggest(parameter, names)
                )
        columns.check_axes(study, f"{field}.of", claim.of)
        columns.check_axes(study, f"{field}.minus", claim.minus)
        columns.check_axes(study, f"{field}.where", claim.where)
        columns.check_axes(study, f"{field}.paired_by", claim.paired_by)
        measured = claim.difference
        if measured is not None and measured not in (valid := columns.measured or columns.axes):
            raise study.error(
                f"{field}.difference", measured, "the runs have no such column", suggest(measured, valid)
            )
