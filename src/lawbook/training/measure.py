"""Measuring a stack: the runs that can be measured together are shown to each measurement that is due."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lawbook.axes import Config
from lawbook.measurements import Column, Measurement, OfExamples, Split
from lawbook.measurements.view import View
from lawbook.models import TrainedModel, models
from lawbook.storage.checksum import digest
from lawbook.storage.columns import COLUMNS
from lawbook.storage.tables import empty
from lawbook.studies.study import Study
from lawbook.tasks import tasks
from lawbook.training.cache import Cache, Cached
from lawbook.training.losses import loss_name, losses
from lawbook.training.outcome import Trained
from lawbook.training.sources import Source

BYTES_AT_ONCE = 1 << 27
"""Activations and vectors of so many bytes are shown at a time; second derivatives hold them several times over."""

VECTORS = 32
"""Vectors as long as a run's weights that a measurement is counted to hold."""

Values = dict[str, list[Any]]
"""What is measured at a step, by column: for each run a number, or a list of numbers."""


@dataclass(frozen=True)
class Request:
    """A measurement that a study asks for by its name, and the digest of the code that computes it."""

    name: str
    measurement: Measurement
    code: str

    @property
    def key(self) -> str:
        """Return what determines the values, given the run."""
        return digest([self.name, self.measurement.model_dump(mode="json"), self.code])

    def steps(self, config: Config, evaluations: Collection[int]) -> frozenset[int]:
        """Return the steps at which it is taken of a run, which is evaluated at some steps."""
        return self.measurement.steps(config["steps"], evaluations)

    def table(self, measured: Mapping[int, Values], place: int, diverged_step: int) -> pd.DataFrame:
        """Return the values of the run at a place of its stack, null from the step on at which it diverged."""
        rows = [
            (
                step,
                column.name,
                index,
                None if 0 <= diverged_step <= step or not np.isfinite(value) else value,
            )
            for step, values in sorted(measured.items())
            for column in self.measurement.columns
            if column.name in values
            for index, value in _entries(values[column.name][place])
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS["measured"])).astype({"index": float, "value": float})


def _entries(value: float | list[float]) -> list[tuple[int | None, float]]:
    return list(enumerate(value)) if isinstance(value, list) else [(None, value)]


def requests_of(study: Study, code: Mapping[str, str]) -> list[Request]:
    """Return what a study asks to be measured. code: the digest of the code of each measurement, by name."""
    return [Request(block.name, block.measurement, code[block.name]) for block in study.content.measure]


def how_measured(outcomes: pd.DataFrame) -> str:
    """Say how many runs of the table 'outcomes' were measured by which means; nothing where none are asked."""
    counts = outcomes["measured"].dropna().value_counts().sort_index()
    return f"Measured: {', '.join(f'{n} {how}' for how, n in counts.items())}" if len(counts) else ""


class Measured:
    """What is measured of the runs of a shard: what the cache holds of it, and what is added."""

    def __init__(self, cache: Cache, keys: Mapping[str, str], requests: Sequence[Request]) -> None:
        """Look up what is known. keys: what determines each run, by run_id."""
        self._cache, self._requests = cache, requests
        self._keys = {
            (run_id, request.key): digest([key, request.key])
            for run_id, key in keys.items()
            for request in requests
        }
        self._found = cache.load(list(self._keys.values())) if requests else {}
        self._how: dict[str, str] = {}

    def lacking(self, run_ids: Iterable[str]) -> list[Request]:
        """Return what one of the runs lacks, or several do."""
        ids = list(run_ids)
        return [one for one in self._requests if any(self._lacks(run_id, one) for run_id in ids)]

    def _lacks(self, run_id: str, request: Request) -> bool:
        return self._keys[run_id, request.key] not in self._found

    def add(
        self, run_ids: Sequence[str], requests: Sequence[Request], trained: Trained, how: Sequence[str]
    ) -> None:
        """Add what was measured of a stack, of each run what it lacks. how: by what means, for each run."""
        new = {
            self._keys[run_id, request.key]: Cached(
                request.table(trained.measured, place, trained.diverged_step[place]), {"run_id": run_id}
            )
            for place, run_id in enumerate(run_ids)
            for request in requests
            if self._lacks(run_id, request)
        }
        if new:
            self._how |= zip(run_ids, how, strict=True)
            self._cache.store(new)
            self._found |= new

    def table(self, run_id: str) -> pd.DataFrame:
        """Return what was measured of a run: step, metric, index, value."""
        tables = [self._found[self._keys[run_id, one.key]].table for one in self._requests]
        full = [table for table in tables if len(table)]
        table = pd.concat(full, ignore_index=True) if full else empty("measured")
        return table.astype({"index": float})

    def how(self, run_id: str) -> str | None:
        """Return by what means a run was measured this time, None if nothing is asked."""
        return self._how.get(run_id, "from the cache") if self._requests else None


def measure(
    measurements: Sequence[Measurement],
    configs: Sequence[Config],
    source: Source,
    weights: Mapping[str, Tensor],
    initial: Mapping[str, Tensor],
) -> Values:
    """Return the columns of some measurements, for each run of a stack.

    weights, initial: each tensor (R, ...), now and before the first step. Runs are shown together that have as many
    examples, and no more of them than fit into memory; neither changes a bit. Where curvature is asked for a run is
    shown alone, since some kernels of second derivatives have other last bits in a stack. There is no value for a run
    whose weights are not all finite, or that has fewer than two of the examples.
    """
    weights, initial = (
        {name: one.detach() for name, one in all_runs.items()} for all_runs in (weights, initial)
    )
    finite = torch.stack([one.isfinite().flatten(1).all(1) for one in weights.values()]).all(0)
    # Linear algebra refuses a whole stack for one matrix that is not finite.
    weights = {name: torch.where(_along(finite, one), one, initial[name]) for name, one in weights.items()}
    columns = [column for measurement in measurements for column in measurement.columns]
    found: Values = {column.name: [_none(column) for _ in configs] for column in columns}
    for of, group in _by_what_is_shown(measurements).items():
        for view, rows in _views(of, configs, source, weights, initial):
            for measurement in group:
                for name, values in measurement.compute(view).items():
                    known = torch.where(
                        _along(finite[rows], values), values.to(finite.device, torch.double), torch.nan
                    )
                    for row, value in zip(rows, known.tolist(), strict=True):
                        found[name][row] = value
    return found


def _none(column: Column) -> Any:
    return [] if column.vector else np.nan


def _along(flags: Tensor, values: Tensor) -> Tensor:
    """Return flags (R,) in a shape that broadcasts to values (R, ...)."""
    return flags.view(-1, *[1] * (values.dim() - 1))


@dataclass(frozen=True)
class _Shown:
    """What measurements are shown: so many examples of a split, or none, of several runs or of one at a time."""

    split: Split = "train"
    examples: int = 0
    alone: bool = False


def _by_what_is_shown(measurements: Sequence[Measurement]) -> Mapping[_Shown, list[Measurement]]:
    """Group measurements by what they look at, so that the same is shown once."""
    groups: dict[_Shown, list[Measurement]] = {}
    for one in measurements:
        alone = "curvature" in one.needs
        of = _Shown(one.split, one.examples, alone) if isinstance(one, OfExamples) else _Shown(alone=alone)
        groups.setdefault(of, []).append(one)
    return groups


def _views(
    of: _Shown,
    configs: Sequence[Config],
    source: Source,
    weights: Mapping[str, Tensor],
    initial: Mapping[str, Tensor],
) -> Iterator[tuple[View, list[int]]]:
    """Yield views of runs that are shown together, and the runs' places in the stack."""
    config = configs[0]
    task, model = tasks[config["task"]], cast(TrainedModel, models[config["model"]])
    of_example = model.activation_bytes(config, task.n_inputs(config), task.n_outputs(config))
    of_weights = VECTORS * 4 * model.n_params(config, task.n_inputs(config), task.n_outputs(config))
    counts = source.n_examples(of.split, of.examples)
    for n in sorted(set(counts)):
        if n < min(2, of.examples):
            continue
        rows = [row for row, count in enumerate(counts) if count == n]
        at_once = max(1, n if source.whole else min(n, BYTES_AT_ONCE // of_example))
        size = 1 if of.alone else max(1, BYTES_AT_ONCE // (at_once * of_example + of_weights))
        for part in (rows[start : start + size] for start in range(0, len(rows), size)):
            inputs = targets = torch.empty(len(part), 0)
            if of.examples:
                inputs, targets = source.examples(of.split, n, part)
            yield (
                View(
                    model=model,
                    config=config,
                    n_inputs=task.n_inputs(config),
                    weights={name: one[part] for name, one in weights.items()},
                    initial={name: one[part] for name, one in initial.items()},
                    inputs=inputs,
                    targets=targets,
                    losses=losses[loss_name(config)].descended,
                    at_once=inputs.shape[1] if source.whole else at_once,
                ),
                part,
            )
