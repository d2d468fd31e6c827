"""The columns of the tables that pass between the stages. A missing number is null, never 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd

Text = TypeVar("Text", str, "pd.Series[str]")

Role = Literal["identity", "axis", "size", "metric", "measurement", "derived", "cost", "attribute"]
"""What a column of a table of runs is: which run and how it ended; an axis of its configuration; how large it is; how
well it does; what else was measured of it; what the study derives from these; what it cost; or, in a table that was
given, a column of which the study says nothing."""

SPLITS = ("train", "validation", "test")
"""Splits whose metrics a run is known by; others, such as single tasks, stand in its curve alone."""


def metric_column(split: Text, metric: Text) -> Text:
    """Return the column of a table of runs that holds a metric of a split; of two columns of names, each row's.

    >>> metric_column("test", "loss")
    'test_loss'
    """
    return split + "_" + metric


def split_and_metric(column: str) -> tuple[str, str]:
    """Return the split and the metric that a column holds; the split is '' where the name says none.

    >>> split_and_metric("test_loss"), split_and_metric("val_loss")
    (('test', 'loss'), ('', 'val_loss'))
    """
    split, _, metric = column.partition("_")
    return (split, metric) if split in SPLITS and metric else ("", column)


_text, _real, _whole, _flag = pa.string(), pa.float64(), pa.int64(), pa.bool_()

COLUMNS: dict[str, dict[str, pa.DataType]] = {
    # A run's metrics and measurements at log-spaced steps; `value` is null once the run has diverged. A measurement
    # has no `split`; `index` is null but where the measurement is a vector.
    "curves": {
        "run_id": _text,
        "step": _whole,
        "samples_seen": _whole,
        "split": _text,
        "metric": _text,
        "index": _whole,
        "value": _real,
    },
    # What was measured of a run; `index` is the place in a vector, null for a number. In the cache alone.
    "measured": {
        "step": _whole,
        "metric": _text,
        "index": _whole,
        "value": _real,
    },
    # The weights of a run at a step, as the bytes of its row in a stack. In the cache alone.
    "weights": {
        "step": _whole,
        "weights": pa.large_binary(),
    },
    # What training found out about each run of a shard; the final metrics are the last rows of its curve. `measured`
    # says how the run came to what was measured of it: with training, from saved weights, by training again or from
    # the cache; null where nothing is.
    "outcomes": {
        "run_id": _text,
        "n_train": _whole,
        "n_unique": _whole,
        "status": _text,
        "reason": _text,
        "diverged_step": _whole,
        "wall_s": _real,
        "cpu_s": _real,
        "peak_memory_bytes": _whole,
        "shard": _text,
        "engine": _text,
        "stack_size": _whole,
        "device": _text,
        "cached": _flag,
        "measured": _text,
        "versions": _text,
        "digest": _text,
        "data": _text,
    },
    # One score an example of a pool and a metric; high = hard. `example` is its position in the pool, `index`
    # what the task calls it.
    "scores": {
        "pool_id": _text,
        "metric": _text,
        "example": _whole,
        "index": _whole,
        "score": _real,
    },
    # How a pool was scored, a row per pool and metric. `axes` is a JSON object of the task's axes; `reliability`
    # the rank correlation of the scores by the even and by the odd probes; `planted_auc` how well the score tells
    # labels that were replaced by noise from the others.
    "scorings": {
        "pool_id": _text,
        "metric": _text,
        "seed": _whole,
        "axes": _text,
        "n": _whole,
        "probes": _whole,
        "probe_ids": _text,
        "probe_seeds": _text,
        "step": _whole,
        "probe_data": _text,
        "pool_digest": _text,
        "flops": _real,
        "wall_s": _real,
        "reliability": _real,
        "planted_auc": _real,
        "device": _text,
        "versions": _text,
    },
    # Where the runs of a study that trains none were taken from; one row. `rename` is a JSON object, `notes` a JSON
    # list (`lawbook.laws.note`) of how the file was read, and which rows of it were left out.
    "source": {
        "file": _text,
        "sha256": _text,
        "rows": _whole,
        "rename": _text,
        "notes": _text,
    },
    # One row per law block, form, group and parameter. With several inputs `x` names them all, `ranges` holds the
    # range of each as text, and x_low, x_high and decades are null. `notes` is a JSON list of what to know besides the
    # numbers (`lawbook.laws.note`), first why there is no law where there is none.
    "fits": {
        "law": _text,
        "form": _text,
        "group": _text,
        "parameter": _text,
        "estimate": _real,
        "low": _real,
        "high": _real,
        "level": _real,
        "method": _text,
        "y": _text,
        "x": _text,
        "x_low": _real,
        "x_high": _real,
        "decades": _real,
        "ranges": _text,
        "n_points": _whole,
        "n_runs": _whole,
        "n_seeds": _whole,
        "n_censored": _whole,
        "n_diverged": _whole,
        "n_unconverged": _whole,
        "loss": _text,
        "delta": _real,
        "objective": _real,
        "gradient": _real,
        "starts": _whole,
        "starts_at_best": _whole,
        "failed_draws": _whole,
        "lack_of_fit": _real,
        "status": _text,
        "notes": _text,
        "heldout_error": _real,
        "heldout_error_power": _real,
        "bic": _real,
        "preferred": _text,
        "preferred_reason": _text,
    },
    # The headline form's exponent under each defensible choice.
    "sensitivity": {
        "law": _text,
        "form": _text,
        "group": _text,
        "parameter": _text,
        "choice": _text,
        "estimate": _real,
        "low": _real,
        "high": _real,
        "status": _text,
    },
    # Bootstrap draws of every parameter.
    "draws": {
        "law": _text,
        "form": _text,
        "group": _text,
        "draw": _whole,
        "parameter": _text,
        "value": _real,
    },
    # The fitted curve with its band, on a grid over the fitted range; with several inputs, at the points.
    "predictions": {
        "law": _text,
        "form": _text,
        "group": _text,
        "x": _real,
        "x2": _real,
        "x3": _real,
        "estimate": _real,
        "low": _real,
        "high": _real,
    },
    # The points that a law was fitted to, one row per x (mean over seeds), and their log residuals.
    "points": {
        "law": _text,
        "form": _text,
        "group": _text,
        "x": _real,
        "x2": _real,
        "x3": _real,
        "y": _real,
        "low": _real,
        "high": _real,
        "n_seeds": _whole,
        "residual": _real,
        "censored": _flag,
    },
    # d log y / d log x between neighbouring x, with its interval over seeds.
    "slopes": {
        "law": _text,
        "group": _text,
        "x_low": _real,
        "x_high": _real,
        "slope": _real,
        "low": _real,
        "high": _real,
    },
    "claims": {
        "claim": _whole,
        "text": _text,
        "kind": _text,
        "origin": _text,
        "source": _text,
        "expected": _text,
        "estimate": _real,
        "low": _real,
        "high": _real,
        "n": _whole,
        "verdict": _text,
        "reason": _text,
    },
}
"""Columns of the tables whose columns are fixed. `plan` and `runs` have a column per axis besides."""
