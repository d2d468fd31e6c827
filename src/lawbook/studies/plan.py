"""The plan of a study: its runs, shards and pools, as a pure function of the YAML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from lawbook.errors import suggest
from lawbook.studies.cost import FLOPS_RULE, run_cost
from lawbook.studies.probes import Pool, pools_to_score
from lawbook.studies.runs import Run, checked_value, digest, effective, expand_study
from lawbook.studies.shards import make_shards
from lawbook.studies.study import Study, find_study, load_study


@dataclass(frozen=True)
class Plan:
    """A checked study with its runs, its shards by name, and the pools to score."""

    study: Study
    runs: tuple[Run, ...]
    shards: Mapping[str, list[Run]]
    pools: tuple[Pool, ...]

    @cached_property
    def shard_of(self) -> Mapping[str, str]:
        """Return the shard of each run."""
        return {run.run_id: shard for shard, runs in self.shards.items() for run in runs}

    def table(self) -> pd.DataFrame:
        """Return a row per run: identity, sweeps, shard, every axis, N, FLOPs, bytes, predicted seconds."""
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
                    "flops_rule": FLOPS_RULE,
                    "bytes": cost.bytes,
                    "predicted_s": cost.seconds,
                }
            )
        return pd.DataFrame(rows)


def shard_digest(runs: list[Run]) -> str:
    """Return the digest of a shard's resolved runs; it changes exactly when what is to be trained changes."""
    return digest([{**effective(run.config), "device": run.config["device"]} for run in runs])


def pools_digest(pools: tuple[Pool, ...]) -> str:
    """Return the digest of the pools to score, their probes and metrics."""
    return digest([[pool.pool_id, pool.metrics, [run.run_id for run in pool.probes]] for pool in pools])


def plan_study(name: str, folder: str | Path) -> Plan:
    """Load, check and plan the study NAME of a folder. Raises StudyError for the first mistake."""
    return make_plan(load_study(find_study(name, folder)))


def make_plan(study: Study) -> Plan:
    """Plan a study. Raises StudyError for a field, value, law, figure or claim that cannot be."""
    _check_references(study)
    runs = tuple(expand_study(study))
    _check_selections(study, runs)
    return Plan(
        study,
        runs,
        make_shards(runs, study.content.shard_flops),
        tuple(pools_to_score(study, runs)),
    )


def _check_references(study: Study) -> None:
    """Raise StudyError where one block names another, a form or an axis that is not there."""
    from lawbook.laws.forms import laws as forms

    content = study.content
    for name, law in content.laws.items():
        field = f"laws.{name}"
        if law.sweep not in content.sweeps:
            raise study.error(
                f"{field}.sweep", law.sweep, "there is no such sweep", suggest(law.sweep, content.sweeps)
            )
        for form in law.compare:
            if form not in forms:
                raise study.error(f"{field}.compare", form, "there is no such law", suggest(form, forms))
        for key, axes in (
            ("by", law.by),
            ("where", list(law.where)),
            ("choose", [law.choose] if law.choose else []),
        ):
            for axis in axes:
                if axis not in study.fields:
                    raise study.error(
                        f"{field}.{key}", axis, "there is no such axis", suggest(axis, study.fields)
                    )
        for key, column in (("x", law.x), ("y", law.y)):
            if column not in (valid := set(study.fields) | COLUMNS_TO_FIT):
                raise study.error(
                    f"{field}.{key}", column, "the runs have no such column", suggest(column, valid)
                )
    names = [figure.name for figure in content.figures]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise study.error(f"figures.{i}", name, "there is such a figure already", "delete one of the two")
    _check_claims(study)


def _check_selections(study: Study, runs: tuple[Run, ...]) -> None:
    """Raise StudyError for a law or claim that asks for values in another form, or for runs that are not planned."""
    content = study.content
    for name, law in content.laws.items():
        members = [run for run in runs if law.sweep in run.sweeps]
        _check_selection(study, f"laws.{name}.where", law.where, members)
    for i, claim in enumerate(content.claims):
        members = list(runs)
        if claim.value is not None:
            sweep = content.laws[claim.value.split(".")[0]].sweep
            members = [run for run in runs if sweep in run.sweeps]
        for side in ("of", "minus") if claim.difference is not None else ("where",):
            _check_selection(study, f"claims.{i}.{side}", {**claim.where, **getattr(claim, side)}, members)


def _check_selection(study: Study, field: str, wanted: Mapping[str, Any], runs: Sequence[Run]) -> None:
    allowed = {axis: value if isinstance(value, list) else [value] for axis, value in wanted.items()}
    for axis, values in allowed.items():
        for value in values:
            typed = checked_value(study, f"{field}.{axis}", axis, value)
            if typed != value:
                raise study.error(f"{field}.{axis}", value, "this is read as text", f"write {typed!r}")
    if not any(all(run.config[axis] in values for axis, values in allowed.items()) for run in runs):
        raise study.error(field, dict(wanted), "no planned run has these values", "see `lawbook plan --csv`")


COLUMNS_TO_FIT = frozenset(
    {"n_params", "n_params_non_embedding", "n_train", "n_unique", "flops"}
    | {f"{split}_{metric}" for split in ("train", "validation", "test") for metric in ("loss", "error")}
)
"""Columns of runs.parquet that a law may take as x or y, besides the axes."""


def _check_claims(study: Study) -> None:
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
            from lawbook.laws.forms import laws as forms

            if parameter not in (names := forms[form].parameters):
                raise study.error(
                    f"{field}.value", claim.value, f"{form} has no such parameter", suggest(parameter, names)
                )
        for key, axes in (("of", claim.of), ("minus", claim.minus), ("where", claim.where)):
            for axis in axes:
                if axis not in study.fields:
                    raise study.error(
                        f"{field}.{key}", axis, "there is no such axis", suggest(axis, study.fields)
                    )
        for axis in claim.paired_by:
            if axis not in study.fields:
                raise study.error(
                    f"{field}.paired_by", axis, "there is no such axis", suggest(axis, study.fields)
                )
        if claim.difference is not None and claim.difference not in COLUMNS_TO_FIT:
            raise study.error(
                f"{field}.difference",
                claim.difference,
                "the runs have no such column",
                suggest(claim.difference, COLUMNS_TO_FIT),
            )
