"""One target seen through two pathways, the first of which is blocked for a time: a deficit while a network learns.

An example is x = ±√K e_i, seen twice, (x, x), and its target is s x. During the deficit the first of the two is 0.
`lawbook.theory.two_pathways` says what share of the target the first pathway learns.

Source: the setting follows Kleinman, Achille & Soatto 2023, "Critical learning periods emerge even in deep linear
networks", arXiv:2308.12221.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.seeds import generator
from lawbook.tasks import Predict, StreamTask


class TwoPathwaysAxes(Axes):
    """Axes of the task two_pathways."""

    n_modes: int = Field(
        1, ge=1, le=1024, description="Modes K of the target, inputs to each pathway and outputs."
    )
    strength: float = Field(1.0, gt=0, description="Strength s of every mode.")
    deficit_start: int = Field(0, ge=0, description="Step from which the first pathway is blocked.")
    deficit_steps: int = Field(0, ge=0, description="Steps for which it is blocked.")


class TwoPathways(StreamTask):
    """Learn y = s x from x seen twice. Batches hold each direction as often: their second moment is exactly I.

    The test loss is that without a deficit; `share` is the part of the output along the target that comes through the
    first pathway, Σ_i y_i·A x_i / Σ_i y_i·(A + B) x_i.
    """

    axes = TwoPathwaysAxes
    inputs = "pathways"
    targets = "real"
    loss = "squared_error"
    shape_axes = ("n_modes",)
    metrics = ("share",)

    def n_inputs(self, config: Config) -> int:
        """Return 2 K, those of the first pathway first."""
        return 2 * int(config["n_modes"])

    def n_outputs(self, config: Config) -> int:
        """Return K, the number of modes."""
        return int(config["n_modes"])

    def check(self, config: Config) -> None:
        """Raise AxisError for batches in which some direction stands more often than another."""
        if config["batch_size"] == "full" or config["batch_size"] % config["n_modes"]:
            problem = f"the inputs are white only if all {config['n_modes']} directions are taken as often"
            raise AxisError("batch_size", config["batch_size"], problem, "write a multiple of n_modes")

    def open(self, configs: Sequence[Config]) -> TwoViews:
        """Return the examples of a stack of runs that share modes and batch size."""
        return TwoViews(configs)


class TwoViews:
    """The examples of R runs: functions of (seed, step) and of the run's deficit."""

    def __init__(self, configs: Sequence[Config]) -> None:
        self._configs = configs
        self._modes = configs[0]["n_modes"]
        repeats = -(-configs[0]["batch_size"] // self._modes)
        self._directions = np.sqrt(self._modes) * np.tile(np.eye(self._modes), (repeats, 1))
        self._strengths = np.array([config["strength"] for config in configs]).reshape(-1, 1, 1)

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return inputs (R, B, 2 K) and targets (R, B, K)."""
        seen = {
            seed: (2 * generator(seed, "signs", step).integers(0, 2, (len(self._directions), 1)) - 1)
            * self._directions
            for seed in {config["seed"] for config in self._configs}
        }
        whole = np.stack([seen[config["seed"]] for config in self._configs])
        blocked = [0 <= step - config["deficit_start"] < config["deficit_steps"] for config in self._configs]
        first = np.where(np.array(blocked).reshape(-1, 1, 1), 0.0, whole)
        return np.concatenate([first, whole], axis=2).astype(np.float32), self._strengths * whole

    def evaluate(
        self, weights: Mapping[str, NDArray[Any]], predict: Predict
    ) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Return the loss of the whole view, and the share that comes through the first pathway."""
        whole = np.tile(np.sqrt(self._modes) * np.eye(self._modes), (len(self._configs), 1, 1))
        through_a, through_b = (
            predict(np.concatenate(halves, axis=2).astype(np.float32)).astype(np.float64)
            for halves in ((whole, 0 * whole), (0 * whole, whole))
        )
        along_a, along_b = (np.einsum("rij,rij->r", whole, part) for part in (through_a, through_b))
        excess = through_a + through_b - self._strengths * whole
        return {
            ("test", "loss"): np.square(excess).sum(axis=2).mean(axis=1),
            ("test", "share"): along_a / (along_a + along_b),
        }


task = TwoPathways()
