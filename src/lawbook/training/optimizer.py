"""An optimiser over a stack: each run has its own rates, decay, schedule and clip, and never feels the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import Parameter

from lawbook.axes import Config
from lawbook.schedules import rate_factors
from lawbook.training.optimizers import Part, optimizers

WHOLE = slice(None)

Groups = Mapping[float, Sequence[slice]]
"""The places in a run's row of the tensors that share a rate multiplier, by that multiplier."""


@dataclass(frozen=True)
class _Member:
    """The tensors of one run that share a rate: its row, what the run says of its steps, and where they stand."""

    row: int
    config: Config
    multiplier: float
    places: Sequence[slice]


class PerRun(torch.optim.Optimizer):
    """An optimizer applied to the rows of one (R, P) parameter.

    A row is a run. Runs that agree in all that a step reads are moved by one fused call, tensor by tensor: rows never
    meet, so that a run's numbers cannot depend on its stack. Rows that are not `alive` stay as they are. groups: those
    of each run; a run whose multipliers are all 1 has its whole row in one group.
    """

    def __init__(
        self, stacked: Parameter, configs: Sequence[Config], alive: Tensor, groups: Sequence[Groups]
    ) -> None:
        super().__init__([stacked], {})
        self._alive = alive
        self._optimizer = optimizers[configs[0]["optimizer"]]
        read = ("learning_rate", "weight_decay", *sorted(self._optimizer.hyperparameters))
        self._members: dict[tuple[Any, ...], list[_Member]] = {}
        for row, (config, of_run) in enumerate(zip(configs, groups, strict=True)):
            for multiplier, places in of_run.items():
                key = (multiplier, _schedule(config), *(config[axis] for axis in read))
                self._members.setdefault(key, []).append(_Member(row, config, multiplier, places))
        self._factors = {_schedule(config): _factors_of(config) for config in configs}
        self._clips = {
            row: config["gradient_clip"]
            for row, config in enumerate(configs)
            if config["gradient_clip"] is not None
        }
        state = self.state[stacked]
        state["steps_taken"] = torch.zeros(len(configs), dtype=torch.float32, device=stacked.device)
        for moment in self._moments:
            state[moment] = torch.zeros_like(stacked)
        self._take_rows()

    @property
    def _moments(self) -> list[str]:
        return [f"moment_{i}" for i in range(self._optimizer.n_moments)]

    def _take_rows(self) -> None:
        """Hold the state of the rows, and their parts once it is known which of them are alive."""
        stacked: Parameter = self.param_groups[0]["params"][0]
        assert stacked.grad is not None, "the stack lays out its gradient before it makes the optimiser"
        self._gradient, self._steps_taken = stacked.grad, self.state[stacked]["steps_taken"]
        self._gradients = stacked.grad.unbind(0)
        self._count = int(self._steps_taken.max())
        self._living: list[bool] = []
        self._parts: list[tuple[Config, Part, NDArray[np.float64]]] = []

    def _take_parts(self, living: list[bool]) -> None:
        """Hold the tensors of the living as views of weights, gradients and moments, and index no more."""
        stacked: Parameter = self.param_groups[0]["params"][0]
        state = self.state[stacked]
        self._living, self._parts = living, []
        for members in self._members.values():
            some = [member for member in members if living[member.row]]
            if not some:
                continue
            weights, gradients, *moments = (
                [rows[member.row, place] for member in some for place in member.places]
                for rows in (stacked.detach(), self._gradient, *(state[moment] for moment in self._moments))
            )
            first = some[0]
            part = Part(weights, gradients, moments, self._steps_taken[first.row], first.multiplier)
            self._parts.append((first.config, part, self._factors[_schedule(first.config)]))

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore moments and counts, and hold the new tensors' rows."""
        super().load_state_dict(state_dict)
        state = self.state[self.param_groups[0]["params"][0]]
        # PyTorch has cast it to the number format of the weights; the fused kernels count in float32.
        state["steps_taken"] = state["steps_taken"].float()
        self._take_rows()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradient to zero in place: the stack's weights hold views of it."""
        self._gradient.zero_()
        # Lightning sets it to None before the first step; where processes average it, they look for it here.
        self.param_groups[0]["params"][0].grad = self._gradient

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step of every run that is alive."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        living = self._alive.tolist()
        if living != self._living:
            self._take_parts(living)
        self._steps_taken.add_(self._alive)
        for row, largest in self._clips.items():
            gradient = self._gradients[row]
            gradient.mul_((largest / (torch.linalg.vector_norm(gradient) + 1e-6)).clamp(max=1.0))
        for config, part, factors in self._parts:
            rate = config["learning_rate"] * float(factors[self._count]) * part.rate_multiplier
            decay = config["weight_decay"] / part.rate_multiplier
            self._optimizer.step(config, part, self._count, rate, decay)
        self._count += 1
        return loss


def groups_of(slots: Mapping[str, slice], multipliers: Mapping[str, float]) -> Groups:
    """Return the places of a run's tensors by rate multiplier; one for the whole row where all of them are 1."""
    if set(multipliers.values()) == {1.0}:
        return {1.0: [WHOLE]}
    groups: dict[float, list[slice]] = {}
    for name, place in slots.items():
        groups.setdefault(multipliers[name], []).append(place)
    return groups


_GROWTH = ("batch_growth", "growth_step", "growth_rate")
_EXPONENTS = {"none": 0.0, "sqrt": 0.5, "linear": 1.0}
"""By which power of the growth of batches the learning rate grows."""


def _schedule(config: Config) -> tuple[Any, ...]:
    """Return what says how a run's learning rate moves."""
    return tuple(config[axis] for axis in ("schedule", "warmup", "steps", "warmup_steps", *_GROWTH))


def _factors_of(config: Config) -> NDArray[np.float64]:
    """Return the factor on a run's learning rate at each step: that of its schedule, and of the growth of batches."""
    schedule, warmup, steps, warmup_steps, growth, start, rate = _schedule(config)
    factors = rate_factors(schedule, warmup, steps, warmup_steps)
    if growth > 1:
        factors[start:] *= growth ** _EXPONENTS[rate]
    return factors
