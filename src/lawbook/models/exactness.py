"""Exactness on this processor: each model's float32 gradients, alone and in a stack, against float64.

Linear algebra libraries choose their kernels by the processor, and a kernel may be wrong on one and right on all
others. So a model is checked in a process of its own, which may crash, when it is first trained on a processor.
"""

from __future__ import annotations

import json
import math
import os
import platform
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache as memoised
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.models import ALIGNMENT, TrainedModel, Trial, models
from lawbook.seeds import generator

TOLERANCE = 1e-4
"""Largest ‖g − g₆₄‖ / ‖g₆₄‖ of a tensor's float32 gradient; round-off alone leaves about 1e-6."""

INSTRUCTION_SETS = (
    "MKL_CBWR",
    "ONEDNN_MAX_CPU_ISA",
    "ATEN_CPU_CAPABILITY",
    "MKL_ENABLE_INSTRUCTIONS",
    "NPY_DISABLE_CPU_FEATURES",
)
"""Environment variables that choose among the kernels of a processor."""

_CRASHES = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE})
_DRAWS, _TIMEOUT_S = 3, 600.0


@dataclass(frozen=True)
class Outcome:
    """What a check of one model found: the largest error of a gradient and where, and what is wrong, or nothing.

    same_bits: whether each run's gradients are to the last bit those that it has alone.
    """

    model: str
    error: float
    where: str
    problem: str
    same_bits: bool


def check_models(names: Sequence[str]) -> list[Outcome]:
    """Return the outcome of each trained model, computed in one process of its own, which may crash or hang.

    Raises LawbookError if the process ends for a reason that is not the processor's, such as no memory.
    """
    printed, problem = _run_check(names)
    outcomes = [Outcome(**json.loads(line)) for line in printed.splitlines() if line.startswith("{")]
    if not problem:
        return outcomes
    failed = min(
        len(outcomes), len(names) - 1
    )  # of a heap that is damaged the process may die at its very end
    outcome = Outcome(names[failed], math.inf, "", problem, same_bits=False)
    rest = names[failed + 1 :]
    return [*outcomes[:failed], outcome, *(check_models(rest) if rest else [])]


def _run_check(names: Sequence[str]) -> tuple[str, str]:
    """Run `main` in a process of its own; return what it printed, and how it crashed or that it hung, if so."""
    source = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": path}
    command = [sys.executable, "-m", "lawbook.models.exactness", *names]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        try:
            printed, complaint = process.communicate(timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            printed, _ = process.communicate()
            return printed, f"the process that computed its gradients hung for {_TIMEOUT_S:.0f} s"
    if -process.returncode in _CRASHES:
        name = signal.Signals(-process.returncode).name
        return printed, f"the process that computed its gradients crashed ({name})"
    if process.returncode:
        last = complaint.strip().rpartition("\n")[2] or f"exit code {process.returncode}"
        raise LawbookError(f"the check of {', '.join(names)} did not end ({last}); run it again")
    return printed, ""


def trained_models() -> list[str]:
    """Return the names of the models that have gradients."""
    return [name for name in models if isinstance(models[name], TrainedModel)]


@memoised
def processor() -> list[str]:
    """Return what decides about the kernels: the processor, its instructions, libraries, the environment's word."""
    capability = torch.backends.cpu.get_cpu_capability()
    libraries = [f"torch {torch.__version__}", f"numpy {np.__version__}"]
    return [_processor_name(), capability, *libraries, *instruction_sets()]


def instruction_sets() -> list[str]:
    """Return what the environment says of kernels, as NAME=VALUE."""
    return [f"{name}={os.environ[name]}" for name in INSTRUCTION_SETS if name in os.environ]


def _processor_name() -> str:
    """Return maker, family and model under Linux, else what the platform says."""
    with suppress(OSError, ValueError):
        lines = Path("/proc/cpuinfo").read_text().partition("\n\n")[0].splitlines()
        fields = {
            key.strip(): value.strip() for key, value in (line.split(":", 1) for line in lines if ":" in line)
        }
        if found := [fields[key] for key in ("model name", "cpu family", "model") if key in fields]:
            return " ".join(found)
    return platform.processor() or platform.machine()


def check_model(name: str) -> Outcome:
    """Return how far the float32 gradients of a model's trials are from float64, computed in this process.

    A tensor whose error is too large is looked at in other draws of the same trial, and its smallest error counts: a
    rectifier's input within round-off of zero moves a right gradient, too, but not in every draw.
    """
    model = models[name]
    if not isinstance(model, TrainedModel):
        raise TypeError(f"{name} has no gradients")
    errors: dict[str, float] = {}
    same_bits = True
    for draw in range(_DRAWS):
        for trial in model.trials(generator(draw, f"trials of {name}")):
            for what, alone, stacked, exact in _gradients(model, trial):
                error = max(_distance(alone, exact), _distance(stacked, exact))
                errors[what] = min(error, errors.get(what, math.inf))
                same_bits &= torch.equal(alone, stacked)
        if max(errors.values()) <= TOLERANCE:
            break
    where = max(errors, key=lambda what: errors[what])
    wrong = f"the gradient of {where} is off by {errors[where]:.2g} of its norm"
    return Outcome(name, errors[where], where, wrong if errors[where] > TOLERANCE else "", same_bits)


def _gradients(model: TrainedModel, trial: Trial) -> Iterator[tuple[str, Tensor, Tensor, Tensor]]:
    """Yield each tensor of each run of a trial, with its gradient alone, in the stack, and in float64."""
    runs = range(len(trial.inputs))
    axes = ", ".join(f"{axis} {value}" for axis, value in trial.config.items())
    exact = gradients(model, trial, runs, torch.float64)
    stacked = gradients(model, trial, runs, torch.float32)
    for run in runs:
        alone = gradients(model, trial, [run], torch.float32)
        for tensor in exact:
            yield f"{tensor} ({axes}; run {run})", alone[tensor][0], stacked[tensor][run], exact[tensor][run]


def _distance(found: Tensor, expected: Tensor) -> float:
    """Return ‖found − expected‖ / ‖expected‖; infinite where that is no number, 0 where both are zero."""
    missed, size = float((found.double() - expected).norm()), float(expected.norm())
    error = 0.0 if missed == 0 else missed / size if size else math.inf
    return error if math.isfinite(error) else math.inf


def gradients(
    model: TrainedModel, trial: Trial, runs: Sequence[int], dtype: torch.dtype
) -> dict[str, Tensor]:
    """Return the gradient of each tensor, (R, ...), of some runs of a trial, computed as in training.

    In float64, by autograd alone.
    """
    config: dict[str, Any] = {"precision": "full", **model.axes.defaults(), **trial.config}
    weights = _weights(model, config, trial, runs, dtype)
    found = {name: weight.grad for name, weight in weights.items() if weight.grad is not None}
    inputs, targets = (torch.from_numpy(part[list(runs)]) for part in (trial.inputs, trial.targets))
    inputs = inputs.to(dtype) if inputs.is_floating_point() else inputs
    losses = None
    if dtype == torch.float32:
        losses = model.losses_and_gradients(config, weights, inputs, targets, found)
    if losses is None:
        with warnings.catch_warnings():
            # Rows are aligned as in training, where this is on purpose, too.
            warnings.filterwarnings(
                "ignore", message="grad and param do not obey the gradient layout contract"
            )
            _loss(model.forward(config, weights, inputs), targets).backward()
    return found


def _loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the sum over runs of the mean cross-entropy, or of half the mean squared error."""
    if targets.is_floating_point():
        return 0.5 * (outputs.squeeze(-1) - targets.to(outputs)).square().mean(1).sum()
    return len(targets) * cross_entropy(outputs.flatten(0, -2), targets.flatten())


def _weights(
    model: TrainedModel, config: Config, trial: Trial, runs: Sequence[int], dtype: torch.dtype
) -> dict[str, Tensor]:
    """Return the tensors of some runs, (R, ...), near their initial values, with gradients of zero.

    Near, since at the initial values themselves some gradients are zero, and say nothing of a kernel. Rows are
    aligned as in training.
    """
    rows: dict[str, list[NDArray[np.float64]]] = {}
    for run in runs:
        drawn = model.initial(config, trial.n_inputs, trial.n_outputs, generator(run, "initial weights"))
        rng = generator(run, "distance from the initial weights")
        for name, values in drawn.items():
            rows.setdefault(name, []).append(values + rng.normal(0.0, 0.1, values.shape))
    weights = {}
    for name, row in rows.items():
        values = torch.from_numpy(np.stack(row)).to(dtype)
        weights[name] = _aligned(values).requires_grad_()
        weights[name].grad = _aligned(torch.zeros_like(values))
    return weights


def _aligned(values: Tensor) -> Tensor:
    """Return values (R, ...) whose rows begin at multiples of ALIGNMENT numbers in memory."""
    size = values[0].numel()
    padded = values.new_zeros(len(values), -(-size // ALIGNMENT) * ALIGNMENT)
    return padded[:, :size].unflatten(1, values.shape[1:]).copy_(values)


def main(names: Sequence[str]) -> None:
    """Check models one after the other; print an outcome, as a line of JSON, as soon as there is one."""
    torch.set_num_threads(1)
    for name in names or trained_models():
        print(json.dumps(asdict(check_model(name))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
