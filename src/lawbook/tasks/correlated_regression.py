"""Regression on five correlated inputs, which a diagonal network learns one after another.

`lawbook.theory.correlated_regression` has the order, the times and the plateaus in the limit of small weights.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.tasks import Examples, PoolTask
from lawbook.theory.correlated_regression import DIMENSION, LONGEST, jumps, moments, problem


class CorrelatedRegressionAxes(Axes):
    """Axes of the task correlated_regression."""

    samples: int = Field(
        40, ge=DIMENSION, description="Examples n: the fewer, the more the inputs correlate."
    )
    duration: float = Field(
        LONGEST, gt=0, le=LONGEST, description="Time τ for which the flow is followed, in units of ln(1/α)."
    )


class CorrelatedRegression(PoolTask):
    """Learn y = β*·x from n examples, drawn anew for each seed.

    The test loss is that of the examples, (w - β*)ᵀ H (w - β*). Of a model that tells its whole path there are
    besides: `jump_k`, the time, in units of the path, at which the loss falls through the middle between the levels of
    plateaus k - 1 and k; `delay_k`, how much later that is than in the limit, in time itself; `jump_deviation`, the
    largest of |jump_k / limit - 1|; and `level_deviation`, how far the loss midway between two jumps of the limit is at
    most off its level, over the loss at the start. Null where the path ends before.
    """

    axes = CorrelatedRegressionAxes
    inputs = "coordinates"
    targets = "real"
    loss = "squared_error"
    metrics = (
        *(f"{what}_{k}" for what in ("jump", "delay") for k in range(1, DIMENSION + 1)),
        "jump_deviation",
        "level_deviation",
    )
    drawn = True

    def n_inputs(self, config: Config) -> int:
        """Return five inputs."""
        return DIMENSION

    def n_outputs(self, config: Config) -> int:
        """Return one real output."""
        return 1

    def n_eval(self, config: Config) -> None:
        """Return None: the test loss is the population's, which is the examples."""

    def check(self, config: Config) -> None:
        """Raise AxisError for pruning: the jumps are those of all examples."""
        if config["keep_fraction"] != 1:
            raise AxisError(
                "keep_fraction", config["keep_fraction"], "examples are not pruned", "leave it at 1"
            )

    def examples(self, config: Config) -> Examples:
        """Return the examples, x (n, 5) and y (n, 1)."""
        inputs, coefficients = problem(config["seed"], config["samples"])
        return Examples(inputs, (inputs.astype(np.float64) @ coefficients)[:, None])

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the whole pool; nothing is held out."""
        none = np.arange(0)
        return {"pool": np.arange(config["samples"]), "validation": none, "test": none}

    def exact_metrics(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]]
    ) -> Mapping[str, float]:
        """Return the loss, and what is known of the path (T, 5) at `times` (T,) with `unit` (1,), their unit."""
        inputs, coefficients = problem(config["seed"], config["samples"])
        second, c = moments(inputs, coefficients)
        missing = weights["path"] - coefficients
        losses = np.einsum("ti,ij,tj->t", missing, second, missing)
        limit = jumps(second, c)
        levels = limit.losses(second, c)
        found = {"loss": float(losses[-1])}
        errors = []
        for k, (exact, middle) in enumerate(
            zip(limit.times[:DIMENSION], (levels[1:] + levels[:-1]) / 2, strict=False), 1
        ):
            time = _falls_through(weights["times"], losses, middle)
            found |= {f"jump_{k}": time, f"delay_{k}": (time - exact) * float(weights["unit"][0])}
            errors.append(abs(time / exact - 1))
        midway = np.interp((limit.times[1:] + limit.times[:-1]) / 2, weights["times"], losses)
        known = weights["times"][-1] > limit.times[-1]
        found["jump_deviation"] = max(errors) if known else np.nan
        found["level_deviation"] = float(np.abs(midway - levels[1:-1]).max() / levels[0]) if known else np.nan
        return found


def _falls_through(times: NDArray[np.float64], losses: NDArray[np.float64], level: float) -> float:
    """Return the first time at which the losses are below a level, interpolated; NaN where they never are."""
    below = losses < level
    if not below.any():
        return np.nan
    after = int(below.argmax())
    return float(np.interp(level, losses[[after, after - 1]], times[[after, after - 1]]))


task = CorrelatedRegression()
