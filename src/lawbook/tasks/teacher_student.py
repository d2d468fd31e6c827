"""Regression on random networks: teachers on a manifold of known dimension d.

u is uniform on [-½, ½]^d; the inputs are √12 u (`cube`), or √2 (cos 2πu_i, sin 2πu_i) (`torus`, flat and without an
edge), numbers of variance 1, and beyond these zeros, so that students of one shape learn in any dimension. The target
is Σ_j T_j / √factors over teachers of d/factors coordinates of their own: T = W₃ φ(W₂ φ(W₁ x + b₁) + b₂) + b₃, φ the
rectifier, with `teacher_width` units in both layers, weights N(0, 1/fan_in) and biases N(0, bias²), shifted and scaled
to mean 0 and variance 1. Every seed has teachers and examples of its own, so that an interval over seeds is one over
teachers. Source: Sharma and Kaplan 2022, JMLR 23(9), arXiv:2004.10802, and its code, where the inputs have 20 numbers
of which d are not 0, and the teachers of a product of manifolds are added, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.seeds import generator
from lawbook.tasks import Predict, StreamTask

Floats = NDArray[np.float32]

EXAMPLES = 4096
"""Examples of a seed's test split, and others, as many, by which its teachers are scaled."""

_BLOCK = 32
"""Steps whose examples are drawn at once."""
_ROWS = 1024
"""Examples that a teacher is shown at once, which stay in a processor's cache."""


class TeacherStudentAxes(Axes):
    """Axes of a teacher."""

    dimension: int = Field(4, ge=1, le=64, description="Dimension d of the inputs' manifold.")
    manifold: Literal["cube", "torus"] = Field(
        "cube", description="Where the inputs lie: a cube in d numbers, or a flat torus in 2 d numbers."
    )
    ambient: int = Field(
        8, ge=1, le=1024, description="Numbers in an input; those that the manifold does not need are 0."
    )
    factors: int = Field(
        1,
        ge=1,
        le=64,
        description="Teachers that are added, each of as many of the coordinates, its own; it divides d.",
    )
    teacher_width: int = Field(
        64, ge=1, le=4096, description="Units in each of a teacher's two hidden layers."
    )
    teacher_bias: float = Field(
        1.0, ge=0, description="Standard deviation of a teacher's biases; without, it is a cone about 0."
    )
    samples: int | None = Field(
        None,
        ge=2,
        le=1 << 22,
        description="Examples of a set that is passed over again and again; none: all are fresh.",
    )


class TeacherStudent(StreamTask):
    """Regress on the outputs of random networks."""

    axes = TeacherStudentAxes
    inputs = "vector"
    targets = "real"
    loss = "squared_error"
    shape_axes = ("ambient",)

    def n_inputs(self, config: Config) -> int:
        """Return the numbers in an input."""
        return int(config["ambient"])

    def n_outputs(self, config: Config) -> int:
        """Return one real output."""
        return 1

    def check(self, config: Config) -> None:
        """Raise AxisError unless every teacher reads as many coordinates, and an input holds them all."""
        if config["dimension"] % config["factors"]:
            problem = f"it does not divide {config['dimension']} coordinates"
            raise AxisError("factors", config["factors"], problem, "choose a divisor of dimension")
        if (needed := _needed(config)) > config["ambient"]:
            problem = f"a {config['manifold']} of dimension {config['dimension']} takes {needed} numbers"
            raise AxisError("ambient", config["ambient"], problem, f"choose at least {needed}")

    def open(self, configs: Sequence[Config]) -> TeacherStream:
        """Return the examples of a stack of runs, each seed with teachers of its own."""
        return TeacherStream(configs)


def _needed(config: Config) -> int:
    """Return how many numbers a point of the manifold has."""
    return int(config["dimension"]) * (2 if config["manifold"] == "torus" else 1)


class TeacherStream:
    """The examples of R runs: functions of (seed, step), shared by the runs of one seed and one problem."""

    def __init__(self, configs: Sequence[Config]) -> None:
        self._batch_size = configs[0]["batch_size"]
        problem = [*(axis for axis in TeacherStudentAxes.model_fields), "seed"]
        keys = [tuple(config[axis] for axis in problem) for config in configs]
        self._places = [list(dict.fromkeys(keys)).index(key) for key in keys]
        self._teachers = [Teacher(config) for config in dict(zip(keys, configs, strict=True)).values()]
        tests = self._of_runs([teacher.draw("test", 0, EXAMPLES) for teacher in self._teachers])
        self._inputs, self._targets = tests
        self._block = -1
        self._drawn: tuple[Floats, Floats] = tests

    def batch(self, step: int) -> tuple[Floats, Floats]:
        """Return inputs (R, B, ambient) and targets (R, B)."""
        block, place = divmod(step, _BLOCK)
        if block != self._block:
            size = _BLOCK * self._batch_size
            x, y = self._of_runs([teacher.examples(block, size) for teacher in self._teachers])
            steps = (len(self._places), _BLOCK, self._batch_size)
            self._drawn = (
                np.ascontiguousarray(x.reshape(*steps, -1).swapaxes(0, 1)),
                np.ascontiguousarray(y.reshape(steps).swapaxes(0, 1)),
            )
            self._block = block
        inputs, targets = self._drawn
        return inputs[place], targets[place]

    def _of_runs(self, drawn: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
        """Return what each teacher has drawn as a row of each run."""
        x, y = zip(*(drawn[place] for place in self._places), strict=True)
        return np.stack(x), np.stack(y)

    def evaluate(
        self, weights: Mapping[str, NDArray[Any]], predict: Predict
    ) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Return the mean squared residual on the examples of each seed's test split."""
        residuals = predict(self._inputs)[..., 0].astype(np.float64) - self._targets
        return {("test", "loss"): np.mean(residuals**2, axis=1)}


class Teacher:
    """The teachers of one run, drawn from its seed and the axes of the task, and nothing else."""

    def __init__(self, config: Config) -> None:
        self._seed, self._dimension, self._factors = config["seed"], config["dimension"], config["factors"]
        self._torus, self._ambient = config["manifold"] == "torus", config["ambient"]
        width, n_in = config["teacher_width"], _needed(config) // self._factors
        rng = generator(self._seed, "teacher")
        self._layers = [
            [
                (
                    rng.normal(0, a**-0.5, (a, b)).astype(np.float32),
                    rng.normal(0, config["teacher_bias"], b).astype(np.float32),
                )
                for a, b in ((n_in, width), (width, width), (width, 1))
            ]
            for _ in range(self._factors)
        ]
        raw = self.raw(self.points(generator(self._seed, "scale"), EXAMPLES)).astype(np.float64)
        spread = raw.std(0)
        # A narrow teacher may be the same everywhere: then its target is 0.
        self._scale = np.where(spread > 0, spread, 1.0).astype(np.float32)
        self._shift = raw.mean(0).astype(np.float32)
        self._set = None if config["samples"] is None else self.draw("set", 0, config["samples"])

    def examples(self, block: int, n: int) -> tuple[Floats, Floats]:
        """Return the n examples of a block of steps: fresh ones, or those of the set, one pass after another."""
        if self._set is None:
            return self.draw("examples", block, n)
        chosen = np.arange(block * n, (block + 1) * n) % len(self._set[1])
        return self._set[0][chosen], self._set[1][chosen]

    def draw(self, purpose: str, block: int, n: int) -> tuple[Floats, Floats]:
        """Return n inputs (n, ambient) and targets (n,), a function of the seed, a purpose and a number."""
        points = self.points(generator(self._seed, purpose, block), n)
        standard = (self.raw(points) - self._shift) / self._scale
        inputs = np.zeros((n, self._ambient), dtype=np.float32)
        inputs[:, : points.shape[1]] = points
        return inputs, standard.sum(axis=1) / np.float32(np.sqrt(self._factors))

    def points(self, rng: np.random.Generator, n: int) -> Floats:
        """Return n points of the manifold, (n, d), or (n, 2 d) of a torus, whose first coordinate has the first two."""
        u = rng.random((n, self._dimension), dtype=np.float32) - np.float32(0.5)
        if not self._torus:
            return np.float32(np.sqrt(12)) * u
        angles = np.float32(2 * np.pi) * u
        both = np.float32(np.sqrt(2)) * np.stack([np.cos(angles), np.sin(angles)], axis=2)
        return np.asarray(both.reshape(n, -1))

    def raw(self, points: Floats) -> Floats:
        """Return what each teacher puts out before it is shifted and scaled, (n, factors)."""
        outputs = np.empty((len(points), self._factors), dtype=np.float32)
        for start in range(0, len(points), _ROWS):
            rows = slice(start, start + _ROWS)
            parts = np.split(points[rows], self._factors, axis=1)
            for factor, (layers, h) in enumerate(zip(self._layers, parts, strict=True)):
                for weight, bias in layers[:-1]:
                    h = h @ weight
                    h += bias
                    np.maximum(h, np.float32(0), out=h)
                weight, bias = layers[-1]
                outputs[rows, factor] = (h @ weight + bias)[:, 0]
        return outputs


task = TeacherStudent()
