"""Power-law linear regression, drawn afresh at every step: the task whose loss under SGD is known exactly.

Inputs are x ~ N(0, diag λ) with λ_k = k^-a, and y = Σ_k x_k w*_k + ξ with λ_k w*_k² = k^-b. The model sees
the first N features; the others and ξ ~ N(0, σ²) together are label noise of variance Σ_{k>N} k^-b + σ².
`lawbook.theory.sgd_oracle` has the exact loss, the divergence edge, the compute frontier, and the sources.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config, Neutral
from lawbook.seeds import generator
from lawbook.tasks import Predict, StreamTask


class SGDOracleAxes(Axes):
    """Axes of the task sgd_oracle."""

    modes: int = Field(64, ge=1, le=1 << 16, description="Features that the model sees, N.")
    input_exponent: float = Field(1.5, ge=0, description="Decay a of the input variances, λ_k = k^-a.")
    target_exponent: float = Field(
        1.6, gt=1, description="Decay b of the target's variance, λ_k w*_k² = k^-b."
    )
    noise_variance: Annotated[float, Neutral(0.0)] = Field(0.0, ge=0, description="Label noise σ².")


class SGDOracle(StreamTask):
    """Regress on Gaussian features, each example seen once.

    The recorded loss is the expected squared residual of the weights on a new example, computed exactly: it
    has no sampling error of its own. A run whose model trains several copies gives each its own examples and
    records the mean of their losses. So its inputs are vectors, the batch of each copy together, and the exact loss
    is read off the weights of a linear model.
    """

    axes = SGDOracleAxes
    inputs = "copies"
    targets = "real"
    loss = "squared_error"
    shape_axes = ("modes",)

    def n_inputs(self, config: Config) -> int:
        """Return N, the number of features that the model sees."""
        return int(config["modes"])

    def n_outputs(self, config: Config) -> int:
        """Return one real output."""
        return 1

    def check(self, config: Config) -> None:
        """Raise AxisError for another loss, or outputs that are not the model's own: neither is known exactly."""
        for axis, known in (("loss", (None, "squared_error")), ("output_multiplier", (1.0,))):
            if config[axis] not in known:
                problem = "the loss that is known exactly is the squared error of the outputs as they are"
                raise AxisError(axis, config[axis], problem, "leave it out")

    def open(self, configs: Sequence[Config]) -> PowerLawStream:
        """Return the examples of a stack of runs that share modes, copies and batch size."""
        return PowerLawStream(configs)


class PowerLawStream:
    """The examples of R runs with K copies: functions of (seed, step), shared by the runs of one seed."""

    def __init__(self, configs: Sequence[Config]) -> None:
        from scipy.special import zeta

        config = configs[0]
        self._copies = config["copies"]
        self._shape = (self._copies * config["batch_size"], config["modes"])
        fields = ("input_exponent", "target_exponent", "noise_variance")
        a, b, noise = np.array([[[one[name]] for one in configs] for name in fields])
        k = np.arange(1, config["modes"] + 1, dtype=np.float64)
        self._variances = k**-a
        self._target = k ** ((a - b) / 2)
        self._floor = (zeta(b, config["modes"] + 1) + noise)[:, 0]
        self._scale = np.sqrt(self._variances).astype(np.float32)
        self._weights = self._target.astype(np.float32)
        self._unseen_scale = np.sqrt(self._floor).astype(np.float32)
        # Runs of one seed see the same draws; those of one law, too, the same examples.
        self._alike: dict[int, dict[tuple[float, ...], list[int]]] = {}
        for run, one in enumerate(configs):
            of_seed = self._alike.setdefault(one["seed"], {})
            of_seed.setdefault(tuple(one[name] for name in fields), []).append(run)

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return inputs (R, K·B, N) and targets (R, K·B), the examples of each copy together.

        Drawn in float32 whatever the run's number format, so that formats can be compared on the same data.
        """
        inputs = np.empty((len(self._target), *self._shape), dtype=np.float32)
        targets = np.empty(inputs.shape[:-1], dtype=np.float32)
        for seed, alike in self._alike.items():
            rng = generator(seed, "examples", step)
            drawn = rng.standard_normal(self._shape, dtype=np.float32)
            unseen = rng.standard_normal(self._shape[0], dtype=np.float32)
            for first, *others in alike.values():
                np.multiply(drawn, self._scale[first], out=inputs[first])
                targets[first] = inputs[first] @ self._weights[first] + self._unseen_scale[first] * unseen
                inputs[others], targets[others] = inputs[first], targets[first]
        return inputs, targets

    def evaluate(
        self, weights: Mapping[str, NDArray[Any]], predict: Predict
    ) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Return the mean over copies of Σ_k λ_k (w_k - w*_k)² + Σ_{k>N} k^-b + σ², where w = √K θ.

        weights: `weight` (R, copies, N, 1), the θ of the model `linear`.
        """
        error = np.sqrt(self._copies) * weights["weight"][..., 0]
        error -= self._target[:, None]
        moments = np.square(error, out=error).mean(axis=1)
        return {("test", "loss"): (moments * self._variances).sum(axis=1) + self._floor}


task = SGDOracle()
