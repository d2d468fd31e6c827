"""What each column of a study's table of runs is: known from the plan, or, of a table that was given, from its laws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lawbook.models import SolvedModel
from lawbook.storage.columns import SPLITS, Role, metric_column
from lawbook.studies.axes import HOW_TRAINED
from lawbook.studies.columns_block import bounded, bounds_of
from lawbook.studies.measure_block import measured_columns
from lawbook.studies.schema import StudyFile
from lawbook.studies.study import Study
from lawbook.tasks import PoolTask

REPEATS = ("fold", "seed")
"""Axes whose combinations are repeats of one another, not something that is studied."""

IDENTITY = ("run_id", "status", "reason", "diverged_step")
"""Columns of every table of runs that say which run it is and how it ended."""

FIXED: Mapping[str, Role] = {
    **dict.fromkeys((*IDENTITY, "sweeps", "flops_rule"), "identity"),
    **dict.fromkeys(("n_params", "n_params_non_embedding", "n_train", "n_unique", "n_eval"), "size"),
    **dict.fromkeys(("flops", "scoring_flops"), "size"),
    **dict.fromkeys(("shard", *HOW_TRAINED, "bytes", "predicted_s"), "cost"),
    "test_error_se": "metric",
}
"""Roles of the columns that the runs of every study have, whatever their task and model are."""


def curve_columns(study: Study) -> dict[str, Role]:
    """Return the roles of the columns that come of a run's curve: its metrics, and what is measured of it."""
    metrics = [metric_column(split, metric) for split in SPLITS for metric in ("loss", "error")]
    for variant in study.variants:
        splits = SPLITS if isinstance(variant.task, PoolTask) else ("test",)
        metrics += [metric_column(split, metric) for split in splits for metric in variant.task.metrics]
        if isinstance(variant.model, SolvedModel):
            metrics += [metric_column("train", metric) for metric in variant.model.metrics]
    numbers = [column.name for column in measured_columns(study.content.measure) if not column.vector]
    return {**dict.fromkeys(numbers, "measurement"), **dict.fromkeys(metrics, "metric")}


def curve_entries(study: Study) -> set[str]:
    """Return the measurements that are vectors: NAME[INDEX] is one of their entries along a curve."""
    return {column.name for column in measured_columns(study.content.measure) if column.vector}


def roles_of(study: Study, axes: Iterable[str]) -> dict[str, Role]:
    """Return the role of each column that the table of a study's runs, with these axes, may have."""
    blocks = study.content.columns
    bounds = [bound for name in bounded(blocks) for bound in bounds_of(name)]
    return {
        **dict.fromkeys((*blocks, *bounds), "derived"),
        **dict.fromkeys(axes, "axis"),
        **curve_columns(study),
        **FIXED,
    }


def roles_in_table(content: StudyFile, columns: Iterable[str]) -> dict[str, Role]:
    """Return the role of each column of a table that a study was given, by what its laws, analyses and claims read.

    What groups, selects, pairs or repeats rows is an axis, x a size and y a metric; of the others nothing is known.
    """
    laws, claims = content.laws.values(), content.claims
    metrics = {law.y for law in laws} | {claim.difference for claim in claims}
    sizes = {column for law in laws for column in law.measured}
    axes = {column for law in laws for column in (*law.by, *law.cluster, *law.where, law.choose)}
    axes |= {column for law in laws for column in law.inputs} - sizes
    axes |= {
        column for claim in claims for column in (*claim.of, *claim.minus, *claim.where, *claim.paired_by)
    }
    read = [block.columns_read() for _, _, block in content.analyses.each()]
    analysed: dict[str | None, Role] = {name: role for each in read for name, role in each.items()}
    known: dict[str | None, Role] = {
        **analysed,
        **dict.fromkeys(metrics, "metric"),
        **dict.fromkeys({*sizes, "n_eval"}, "size"),
        **dict.fromkeys({*axes, *REPEATS}, "axis"),
        **dict.fromkeys(IDENTITY, "identity"),
    }
    return {column: known.get(column, "attribute") for column in (*columns, *IDENTITY)}
