"""The teacher–student perceptron of the replica theory, pruned by an oracle at a known angle to the teacher.

`lawbook.theory.perceptron` has the exact error of a `max_margin` student on the examples that the oracle keeps.
Source: Sorscher et al. 2022, "Beyond neural scaling laws", arXiv:2206.14486, section 2.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, Config, Neutral
from lawbook.seeds import generator
from lawbook.tasks._teacher import TeacherTask, teacher, unit


class PerceptronAxes(Axes):
    """Axes of the perceptron."""

    dimension: int = Field(200, ge=2, le=1 << 14, description="Inputs N; the theory is that of many.")
    samples: int = Field(800, ge=1, description="Pool size: examples before pruning.")
    probe_angle_deg: Annotated[float, Neutral(0.0)] = Field(
        0.0,
        ge=0,
        le=90,
        description="Angle between the teacher and the probe by whose margins `oracle_margin` prunes.",
    )


class Perceptron(TeacherTask):
    """Learn a teacher from examples of chosen distance to a probe's hyperplane."""

    axes = PerceptronAxes
    margin_axes = ("probe_angle_deg",)

    def probe(self, config: Config) -> NDArray[np.float64]:
        """Return T cos θ + v sin θ with a unit vector v that is orthogonal to T, drawn uniformly."""
        true = teacher(config["dimension"], config["seed"])
        angle = float(np.deg2rad(config["probe_angle_deg"]))
        random = generator(config["seed"], "probe direction").standard_normal(len(true))
        aside = unit(random - (random @ true) * true)
        mixed: NDArray[np.float64] = np.cos(angle) * true + np.sin(angle) * aside
        return mixed


task = Perceptron()
