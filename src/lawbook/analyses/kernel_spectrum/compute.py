"""Foretell each case's learning curve from a sample of its kernel, beside what was measured and what is exact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lawbook.analyses import Inputs
from lawbook.analyses.kernel_spectrum.block import TABLES, KernelSpectrumBlock
from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.fitting.exact import exact_curves
from lawbook.laws.fit import best_parameters
from lawbook.laws.law import Array
from lawbook.laws.note import notes_to_json, refusal
from lawbook.laws.repeats import independent, mean_interval
from lawbook.laws.text_statistics import Jackknifed
from lawbook.models.kernel_ridge import kernel
from lawbook.pruning.pools import pool_of
from lawbook.results.cases import cases
from lawbook.results.selection import of_sweep, where
from lawbook.storage.status import FitStatus
from lawbook.studies.law_block import LawBlock
from lawbook.tasks import PoolTask, tasks
from lawbook.theory.kernel_spectrum import predicted_error, sample_spectrum

_LEVEL = 0.95
_MODES = 60


def compute(block: KernelSpectrumBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'spectrum', 'curve' and 'exponents'."""
    configs = {run.run_id: run.config for run in inputs.plan.runs}
    law = inputs.plan.study.content.laws[block.law]
    return kernel_tables(block, inputs.results.runs, configs, law, inputs.results.fits)


def kernel_tables(
    block: KernelSpectrumBlock,
    runs: pd.DataFrame,
    configs: Mapping[str, Config],
    law: LawBlock,
    fits: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """Return the tables of the runs' kernels. configs: of the runs, by run_id; law, fits: the law laid beside."""
    rows = where(of_sweep(runs, block.sweep), block.where)
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    for name, chosen in cases(rows, block.by):
        config = configs[chosen["run_id"].iloc[0]]
        for table, records in _case(block, name, config, chosen, law, fits).items():
            parts[table].append(pd.DataFrame(records).assign(case=name)[[*TABLES[table]]])
    return {name: pd.concat(each, ignore_index=True) for name, each in parts.items()}


def _case(
    block: KernelSpectrumBlock,
    name: str,
    config: Config,
    rows: pd.DataFrame,
    law: LawBlock,
    fits: pd.DataFrame,
) -> dict[str, list[dict[str, Any]]]:
    sizes = np.sort(rows["samples"].unique())
    matrix, targets = _sample(config, block.sample)
    values, power = sample_spectrum(matrix, targets)
    predicted = _jackknifed(matrix, targets, sizes, config["ridge"], block.parts)
    half = predicted.spread(_LEVEL)
    exact = (
        pd.Series(np.nan, index=rows.index)
        if block.exact is None
        else exact_curves[block.exact](rows, "samples", law.y)
    )
    curve = []
    for i, n in enumerate(sizes):
        part = rows[rows["samples"] == n]
        means = (
            part[law.y].groupby([part[key] for key in independent(part) or ["run_id"]], dropna=False).mean()
        )
        measured, low, high = mean_interval(means)
        curve.append({
            "samples": n, "predicted": predicted.value[i], "predicted_low": predicted.value[i] - half[i],
            "predicted_high": predicted.value[i] + half[i], "measured": measured, "low": low, "high": high,
            "exact": exact[part.index].mean(), "n_runs": len(part),
        })  # fmt: skip
    about = {
        "level": _LEVEL, "n_sample": len(matrix), "n_parts": block.parts, "n_runs": len(rows),
        "exact": _exponent(sizes, np.array([row["exact"] for row in curve]), law),
    }  # fmt: skip
    exponents = Jackknifed(
        np.array([_exponent(sizes, predicted.value, law)]),
        np.array([[_exponent(sizes, each, law)] for each in predicted.without]),
    )
    value, reach = float(exponents.value[0]), float(exponents.spread(_LEVEL)[0])
    modes = np.unique(np.geomspace(1, len(values), _MODES).round().astype(int))
    unexplained = np.cumsum(power[::-1])[::-1]
    return {
        "spectrum": [
            {"mode": k, "eigenvalue": values[k - 1], "power": power[k - 1], "unexplained": unexplained[k - 1]}
            for k in modes
        ],
        "curve": curve,
        "exponents": [
            about
            | {
                "quantity": "predicted", "estimate": value, "low": value - reach, "high": value + reach,
                "first": sizes[0], "last": sizes[-1], **_status(value),
            },
            about | _measured(block, name, fits),
        ],
    }  # fmt: skip


def _status(value: float) -> dict[str, Any]:
    if np.isfinite(value):
        return {"status": FitStatus.OK, "notes": notes_to_json([])}
    text = "the law cannot be fitted to the losses foretold; give the sweep five numbers of samples"
    return {"status": FitStatus.REFUSED, "notes": notes_to_json([refusal("few_points", text)])}


def _sample(config: Config, size: int) -> tuple[Array, Array]:
    """Return the kernel matrix (P, P) and the targets (P, k) of P examples of a run's pool; nested in P."""
    task = cast(PoolTask, tasks[config["task"]])
    larger = {**config, "samples": size}
    available = task.n_pool(config)
    if available is not None and size > available:
        raise LawbookError(
            f"the task {config['task']} has {available} examples in a pool; write a smaller sample"
        )
    members, targets = pool_of(task, larger)
    inputs = task.examples(larger).inputs[members].reshape(size, -1).astype(np.float64)
    return kernel(config, inputs, inputs), targets[members].astype(np.float64)


def _jackknifed(matrix: Array, targets: Array, sizes: Array, ridge: float, parts: int) -> Jackknifed:
    """Return the errors foretold at each size, of the whole sample and without each of its parts."""

    def curve(kept: NDArray[np.int64]) -> Array:
        values, power = sample_spectrum(matrix[np.ix_(kept, kept)], targets[kept])
        return np.array([predicted_error(values, power, float(n), ridge) for n in sizes])

    every = np.arange(len(matrix), dtype=np.int64)
    without = [curve(every[every % parts != part]) for part in range(parts)]
    return Jackknifed(curve(every), np.stack(without))


def _exponent(sizes: Array, losses: Array, law: LawBlock) -> float:
    """Return alpha of the law's first form fitted to these losses, NaN where it has none."""
    if not (np.isfinite(losses) & (losses > 0)).all():
        return np.nan
    points = pd.DataFrame({"x": sizes.astype(float), "y": losses})
    how: dict[str, Any] = {"y": "y", "x": "x", "loss": law.loss, "delta": law.delta}
    try:
        return best_parameters(points, law.compare[0], **how)["alpha"]
    except LawbookError:
        return np.nan


def _measured(block: KernelSpectrumBlock, case: str, fits: pd.DataFrame) -> dict[str, Any]:
    """Return the exponent of the law in the group of a case."""
    rows = fits[(fits["law"] == block.law) & (fits["parameter"] == "alpha")]
    rows = rows[rows["group"].fillna("") == case]
    if rows.empty:
        problem = f"the law {block.law} has no exponent alpha in the group {case!r}"
        raise LawbookError(f"{problem}; give both the same by")
    row: dict[Any, Any] = rows.iloc[0].to_dict()
    if row["status"] != FitStatus.OK:
        row |= {"estimate": np.nan, "low": np.nan, "high": np.nan}
    told = {name: row[name] for name in ("estimate", "low", "high", "status", "notes", "n_runs")}
    return told | {"quantity": "measured", "first": row["x_low"], "last": row["x_high"]}
