"""The search for critical points: descend the norm of the gradient, by the whole Hessian, from many points at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from lawbook.axes import Config
from lawbook.measurements.view import View, flat
from lawbook.models import TrainedModel, models
from lawbook.tasks import tasks
from lawbook.training.losses import loss_name, losses

FIRST, LEAST, MOST = 1e-2, 1e-20, 1e6
"""Damping in units of the largest squared eigenvalue: at first, at least, and that from which on a start is lost."""

CHUNK = 32
"""Weights along which second derivatives are taken at once."""


@dataclass(frozen=True)
class Landscape:
    """What a run descends, over its weights in float64: the loss on n examples, and ½ λ ‖θ‖² of its weight decay.

    inputs (n, ...) and targets (n, ...): the examples. Points are rows (S, P), tensor after tensor.
    """

    config: Config
    inputs: Tensor
    targets: Tensor
    decay: float

    def _view(self, points: Tensor) -> View:
        config = self.config
        task, model = tasks[config["task"]], cast(TrainedModel, models[config["model"]])
        shapes = model.shapes(config, task.n_inputs(config), task.n_outputs(config))
        parts = points.split([math.prod(shape) for shape in shapes.values()], 1)
        return View(
            model=model,
            config=config,
            n_inputs=task.n_inputs(config),
            weights={name: part.unflatten(1, shapes[name]) for name, part in zip(shapes, parts, strict=True)},
            initial={},
            inputs=self.inputs.expand(len(points), *self.inputs.shape),
            targets=self.targets.expand(len(points), *self.targets.shape),
            losses=losses[loss_name(config)].descended,
            at_once=len(self.inputs),
        )

    def losses(self, points: Tensor) -> Tensor:
        """Return the loss of each point, (S,)."""
        view = self._view(points)
        with torch.no_grad():
            found = view.losses(view.outputs(view.weights, view.inputs), view.targets)
        return found + self.decay / 2 * points.square().sum(1)

    def errors(self, points: Tensor) -> Tensor:
        """Return the share of examples of each point whose largest output is not their class, (S,)."""
        view = self._view(points)
        with torch.no_grad():
            chosen = view.outputs(view.weights, view.inputs).argmax(-1)
        return (chosen != view.targets).double().mean(1)

    def gradients(self, points: Tensor) -> Tensor:
        """Return the gradient at each point, (S, P)."""
        return self._view(points).gradient() + self.decay * points

    def hessians(self, points: Tensor) -> Tensor:
        """Return the Hessian at each point, (S, P, P): the derivatives of the gradient along all weights at once."""
        leaf = points.detach().requires_grad_()
        view = self._view(leaf)
        with torch.enable_grad():
            total = view.losses(view.outputs(view.weights, view.inputs), view.targets).sum()
            (gradient,) = torch.autograd.grad(total, leaf, create_graph=True)
        unit = torch.eye(points.shape[1], dtype=points.dtype)
        rows = torch.cat(
            [
                torch.autograd.grad(
                    gradient,
                    leaf,
                    part[:, None].expand(-1, *points.shape),
                    retain_graph=True,
                    is_grads_batched=True,
                )[0]
                for part in unit.split(CHUNK)
            ]
        ).transpose(0, 1)
        return (rows + rows.mT) / 2 + self.decay * unit


@dataclass(frozen=True)
class Ended:
    """Where starts ended: points (S, P), norms of their gradients (S,), and the steps that they took (S,)."""

    points: Tensor
    norms: Tensor
    iterations: Tensor


def descend(landscape: Landscape, starts: Tensor, tolerance: float, iterations: int) -> Ended:
    """Descend ½ ‖g‖² from each of the starts (S, P) by steps -(H² + μ)⁻¹ H g, with μ as small as lets it fall.

    That is the method of Levenberg and Marquardt for the equations g = 0. A start ends where ‖g‖ is at most the
    tolerance; where no step lets it fall, near a minimum of ‖g‖ that is not critical, it is lost.
    """
    points = starts.clone()
    gradients = landscape.gradients(points)
    norms = gradients.norm(dim=1)
    damping, taken = torch.full_like(norms, FIRST), torch.zeros(len(points), dtype=torch.int64)
    values, vectors = torch.zeros_like(points), torch.zeros(*points.shape, points.shape[1]).to(points)
    moved = torch.ones(len(points), dtype=torch.bool)
    for _ in range(iterations):
        live = ((norms > tolerance) & (damping <= MOST)).nonzero()[:, 0]
        if not len(live):
            break
        fresh = live[moved[live]]
        if len(fresh):
            values[fresh], vectors[fresh] = torch.linalg.eigh(landscape.hessians(points[fresh]))
        eigenvalues, basis = values[live], vectors[live]
        squares = eigenvalues.square()
        scaled = eigenvalues / (squares + damping[live, None] * squares.amax(1, keepdim=True))
        along = (basis.mT @ gradients[live, :, None]).squeeze(2)
        ahead = points[live] - (basis @ (scaled * along).unsqueeze(2)).squeeze(2)
        there = landscape.gradients(ahead)
        better = there.norm(dim=1) < norms[live]
        taken[live] += 1
        damping[live] = torch.where(better, (damping[live] / 5).clamp(min=LEAST), damping[live] * 5)
        moved[live] = better
        on = live[better]
        points[on], gradients[on], norms[on] = ahead[better], there[better], there[better].norm(dim=1)
    return Ended(points, norms, taken)


def flattened(weights: dict[str, Tensor]) -> Tensor:
    """Return the weights of one run, without a run axis, as a point (P,) in float64."""
    return flat({name: one.unsqueeze(0) for name, one in weights.items()})[0].double()
