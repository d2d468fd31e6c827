"""Regression on the modes of a kernel whose spectrum is known: independent normal numbers, or waves on a torus.

An example is √λ_i φ_i(x) for i = 1 … K, so that its products with others are the kernel Σ λ_i φ_i(x) φ_i(x'), and
y = Σ_i v_i φ_i(x) + ξ. `lawbook.theory.kernel_modes` has the spectra and the exact test error.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config, Neutral
from lawbook.seeds import generator
from lawbook.tasks import Examples, PoolTask
from lawbook.theory.kernel_modes import SPECTRUM, spectrum, target_power, waves

LARGEST_POOL = 1 << 26
"""Numbers in a pool's inputs: a quarter of a gigabyte in float32."""


class KernelModesAxes(Axes):
    """Axes of the task kernel_modes."""

    modes: int = Field(2048, ge=1, le=1 << 14, description="Modes K of the kernel.")
    samples: int = Field(128, ge=1, description="Training examples n.")
    input_exponent: float = Field(1.5, gt=0, description="Decay a of the eigenvalues, λ_i = i^-a.")
    target_exponent: float = Field(
        1.5, ge=0, description="Decay b of the target, v_i² = i^-b, with random signs."
    )
    noise: float = Field(0.0, ge=0, description="Standard deviation σ of the label noise.")
    dimension: Annotated[int | None, Neutral(None)] = Field(
        None,
        ge=1,
        le=6,
        description="Modes have the spectrum of waves on a torus of so many dimensions d, λ = |k|^-(d a) and "
        "v² = |k|^-(d b); none: λ_i = i^-a.",
    )
    functions: Annotated[Literal["normal", "waves"], Neutral("normal")] = Field(
        "normal",
        description="The φ_i are independent normal numbers, or the waves themselves at points uniform on the torus.",
    )
    target_mode: Annotated[int | None, Neutral(None)] = Field(
        None, ge=1, description="The one mode, from 1, that the target is, with v = 1; none: all of them."
    )


class KernelModes(PoolTask):
    """Predict y = Σ v_i φ_i(x) + ξ. The test loss is that of the population, without the noise of new examples.

    It is read off the coefficients of a model that is linear in the √λ_i φ_i, as is the share of the target that it has
    learned, Σ v̂_i v_i / Σ v_i².
    """

    axes = KernelModesAxes
    inputs = "vector"
    targets = "real"
    loss = "squared_error"
    shape_axes = ("modes",)
    drawn = True
    metrics = ("learnability",)

    def n_inputs(self, config: Config) -> int:
        """Return K, the number of modes."""
        return int(config["modes"])

    def n_outputs(self, config: Config) -> int:
        """Return one real output."""
        return 1

    def n_eval(self, config: Config) -> None:
        """Return None: the test loss is the population's."""

    def check(self, config: Config) -> None:
        """Raise AxisError for a target that is no mode, for too many examples, and for a kernel that is not linear."""
        mode = config["target_mode"]
        if mode is not None and mode > config["modes"]:
            raise AxisError("target_mode", mode, f"there are {config['modes']} modes", "choose one of these")
        if config["functions"] == "waves" and config["dimension"] is None:
            raise AxisError("functions", "waves", "waves are on a torus of some dimensions", "add dimension")
        if config["samples"] * config["modes"] > LARGEST_POOL:
            problem = f"of {config['modes']} modes these fill more than a quarter of a gigabyte"
            fix = f"choose at most {LARGEST_POOL // config['modes']}"
            raise AxisError("samples", config["samples"], problem, fix)
        if config.get("kernel", "linear") != "linear":
            problem = "the examples are the modes of a kernel already, and their products are its values"
            raise AxisError("kernel", config["kernel"], problem, "write linear, or leave it out")

    def examples(self, config: Config) -> Examples:
        """Return the training examples, √λ_i φ_i(x) (n, K) and y (n, 1)."""
        axes = (
            "modes",
            "samples",
            "input_exponent",
            "target_exponent",
            "noise",
            "dimension",
            "functions",
            "target_mode",
            "seed",
        )
        return _examples(*(config[axis] for axis in axes))

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the whole pool; nothing is held out, since the loss is known."""
        none = np.arange(0)
        return {"pool": np.arange(config["samples"]), "validation": none, "test": none}

    def exact_metrics(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]]
    ) -> Mapping[str, float]:
        """Return the loss and the learned share of a map `weight` (K, 1)."""
        values, _ = spectrum(*(config[axis] for axis in SPECTRUM))
        target = _coefficients(*(config[axis] for axis in (*SPECTRUM, "target_mode", "seed")))
        learned = np.sqrt(values) * weights["weight"][:, 0]
        return {
            "loss": float(np.square(learned - target).sum()),
            "learnability": float(learned @ target / (target @ target)),
        }


@lru_cache(maxsize=2)
def _coefficients(
    modes: int, a: float, b: float, dimension: int | None, target_mode: int | None, seed: int
) -> NDArray[np.float64]:
    """Return v (K,), the signs drawn at random."""
    power = target_power(spectrum(modes, a, b, dimension)[1], target_mode)
    return np.asarray(np.sqrt(power) * generator(seed, "signs").choice([-1.0, 1.0], size=modes))


@lru_cache(maxsize=2)
def _functions(
    modes: int, samples: int, dimension: int | None, functions: str, seed: int
) -> NDArray[np.float32]:
    """Return φ_i(x) (n, K): normal numbers, or waves at n points."""
    rng = generator(seed, "examples")
    if functions == "normal" or dimension is None:
        return rng.standard_normal((samples, modes), dtype=np.float32)
    points = rng.random((samples, dimension))
    phases = (2 * np.pi * points @ waves(modes, dimension).T).astype(np.float32)
    found = np.empty((samples, 2 * phases.shape[1]), dtype=np.float32)
    found[:, 0::2], found[:, 1::2] = np.cos(phases), np.sin(phases)
    return np.asarray(np.sqrt(np.float32(2)) * found[:, :modes])


@lru_cache(maxsize=2)
def _examples(
    modes: int,
    samples: int,
    a: float,
    b: float,
    noise: float,
    dimension: int | None,
    functions: str,
    target_mode: int | None,
    seed: int,
) -> Examples:
    drawn = _functions(modes, samples, dimension, functions, seed)
    values, _ = spectrum(modes, a, b, dimension)
    inputs = drawn * np.sqrt(values).astype(np.float32)
    coefficients = _coefficients(modes, a, b, dimension, target_mode, seed) / np.sqrt(values)
    unexplained = noise * generator(seed, "noise").standard_normal(samples)
    return Examples(inputs, (inputs @ coefficients + unexplained)[:, None])


task = KernelModes()
