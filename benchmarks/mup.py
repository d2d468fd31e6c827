"""Coordinate check of the maximal update parametrization, and the best learning rate over widths.

    python benchmarks/mup.py [--widths 32 1024] [--seeds 4] [--steps 60]

The check: how the change of each hidden layer and of the outputs after five steps of AdamW, as a root mean square
over examples and units, grows with the width; the slope of its logarithm is about 0 under `mup` and positive under
`standard` (Yang et al. 2022, arXiv:2203.03466, appendix D.1). The best rate: the lowest validation loss of the
perceptron of tanh on digits, over a grid of factors of 2, at three widths that span a factor of 16.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from lawbook.models import TrainedModel, models
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import PoolTask, tasks
from lawbook.training.sources import open_source
from lawbook.training.stack import StackedRuns, train_stack

CHECK_STEPS, EXAMPLES = 5, 64
LEARNED: Mapping[str, Mapping[str, Any]] = {
    "mlp": {"task": "digits", "depth": 2, "batch_size": 64, "learning_rate": 1e-3},
    "transformer": {
        "task": "corpus", "context": 32, "vocabulary": 256, "samples": 256,
        "depth": 2, "heads": 4, "batch_size": 8, "learning_rate": 3e-4,
    },
}  # fmt: skip
RATES = [2.0**power for power in range(-11, -2)]
RATE_WIDTHS = (32, 128, 512)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--widths", type=int, nargs=2, default=[32, 1024])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--steps", type=int, default=60)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    low, high = arguments.widths
    widths = [low << i for i in range((high // low).bit_length())]
    for model in LEARNED:
        for parametrization in ("standard", "mup"):
            slopes = coordinate_slopes(model, parametrization, widths, range(arguments.seeds))
            shown = "  ".join(f"{layer} {slope:+.3f}" for layer, slope in slopes.items())
            print(f"{model:12} {parametrization:9} {shown}", flush=True)
    for parametrization in ("standard", "mup"):
        best = best_rates(parametrization, RATE_WIDTHS, range(arguments.seeds), arguments.steps)
        shown = "  ".join(f"{width}: {rate:+.2f}" for width, rate in best.items())
        print(f"best log2 rate {parametrization:9} {shown}", flush=True)


def run_config(model: str, **fields: Any) -> dict[str, Any]:
    """Return the configuration of a run from what differs from the defaults."""
    task = fields["task"]
    groups = (tasks[task].axes, models[model].axes, TrainingAxes, PruningAxes, SeedAxes)
    defaults = {name: value for axes in groups for name, value in axes.defaults().items()}
    return {"task": task, "model": model, **defaults, **fields}


def coordinate_slopes(
    model: str, parametrization: str, widths: Sequence[int], seeds: Sequence[int]
) -> dict[str, float]:
    """Return the slope of log change against log width, of each hidden layer and of the outputs."""
    changes: dict[str, list[float]] = {}
    for width in widths:
        fields = {**LEARNED[model], "width": width, "parametrization": parametrization, "evaluations": 1}
        configs = [run_config(model, steps=CHECK_STEPS, seed=seed, **fields) for seed in seeds]
        for layer, change in _changes(configs).items():
            changes.setdefault(layer, []).append(change)
    return {layer: float(np.polyfit(np.log(widths), np.log(c), 1)[0]) for layer, c in changes.items()}


def _changes(configs: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the root mean square change of each layer of some runs of one shape, over their training."""
    config, model = configs[0], cast(TrainedModel, models[configs[0]["model"]])
    task = cast(PoolTask, tasks[config["task"]])
    shown = task.examples(config).inputs[task.splits(config)["validation"][:EXAMPLES]]
    inputs = torch.from_numpy(np.stack([shown] * len(configs)))
    before = StackedRuns(configs, open_source(configs, {}))
    layers = []
    for stack in (before, train_stack(configs)):
        with torch.no_grad():
            found = model.activations(config, stack.weights, inputs)
            layers.append(found | {"output": model.forward(config, stack.weights, inputs)})
    first, last = layers
    return {name: float((last[name] - first[name]).square().mean().sqrt()) for name in first}


def best_rates(
    parametrization: str, widths: Sequence[int], seeds: Sequence[int], steps: int
) -> dict[int, float]:
    """Return log2 of the best rate at each width, by a parabola through the lowest mean loss and its neighbours."""
    best = {}
    for width in widths:
        configs = [
            run_config(
                "mlp", task="digits", activation="tanh", depth=2, width=width, batch_size=32, steps=steps, seed=seed,
                learning_rate=rate, parametrization=parametrization, base_width=min(widths), evaluations=1,
            )
            for rate in RATES
            for seed in seeds
        ]  # fmt: skip
        losses = np.array(train_stack(configs).curve[steps]["validation/loss"])
        best[width] = _lowest(np.log2(RATES), losses.reshape(len(RATES), -1).mean(axis=1))
    return best


def _lowest(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return where a parabola through the lowest point and its neighbours is lowest; an end of x is taken as it is."""
    i = int(np.nanargmin(y))
    if i in (0, len(x) - 1):
        return float(x[i])
    curved, sloped, _ = np.polyfit(x[i - 1 : i + 2], y[i - 1 : i + 2], 2)
    return float(-sloped / (2 * curved))


if __name__ == "__main__":
    main()
