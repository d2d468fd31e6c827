"""An optimiser over a stack: each run has its own rates, decay, schedule and clip, and never feels the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from lawbook.axes import Config
from lawbook.schedules import rate_factors
from lawbook.training.optimizers import Part, optimizers

WHOLE = slice(None)

Groups = Mapping[float, Sequence[slice]]
"""The places in a run's row of the tensors that share a rate multiplier, by that multiplier."""


class PerRun(torch.optim.Optimizer):
    """An optimizer applied row by row of one (R, P) parameter.

    A row is a run. One fused call a row costs a few microseconds, less than any vectorised update that lets
    learning rates differ; and since rows never meet, a run's numbers cannot depend on its stack. Rows that are
    not `alive` stay as they are. groups: those of each run; a run whose multipliers are all 1 has its whole row in
    one group.
    """

    def __init__(
        self, stacked: Parameter, configs: Sequence[Config], alive: Tensor, groups: Sequence[Groups]
    ) -> None:
        super().__init__([stacked], {})
        self._configs, self._alive, self._groups = configs, alive, groups
        self._optimizer = optimizers[configs[0]["optimizer"]]
        self._rates = _rates(configs)
        state = self.state[stacked]
        state["steps_taken"] = torch.zeros(len(configs), dtype=torch.float32, device=stacked.device)
        for moment in self._moments:
            state[moment] = torch.zeros_like(stacked)
        self._take_rows()

    @property
    def _moments(self) -> list[str]:
        return [f"moment_{i}" for i in range(self._optimizer.n_moments)]

    def _take_rows(self) -> None:
        """Hold the parts of each run as views of weights, gradients and moments, so that a step does no indexing."""
        stacked: Parameter = self.param_groups[0]["params"][0]
        assert stacked.grad is not None, "the stack lays out its gradient before it makes the optimiser"
        state = self.state[stacked]
        self._gradient, self._steps_taken = stacked.grad, state["steps_taken"]
        self._gradients = stacked.grad.unbind(0)
        self._parts = [
            [
                Part(
                    [stacked.detach()[row, place] for place in places],
                    [stacked.grad[row, place] for place in places],
                    [[state[moment][row, place] for place in places] for moment in self._moments],
                    state["steps_taken"][row],
                    multiplier,
                )
                for multiplier, places in groups.items()
            ]
            for row, groups in enumerate(self._groups)
        ]
        self._count = int(state["steps_taken"].max())

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
        rates = self._rates(self._count)
        self._steps_taken.add_(self._alive)
        for row in self._alive.nonzero().flatten().tolist():
            self._step_row(row, rates[row])
        self._count += 1
        return loss

    def _step_row(self, row: int, rate: float) -> None:
        config = self._configs[row]
        if config["gradient_clip"] is not None:
            gradient = self._gradients[row]
            gradient.mul_(
                (config["gradient_clip"] / (torch.linalg.vector_norm(gradient) + 1e-6)).clamp(max=1.0)
            )
        for part in self._parts[row]:
            multiplier = part.rate_multiplier
            decay = config["weight_decay"] / multiplier
            self._optimizer.step(config, part, self._count, rate * multiplier, decay)


def groups_of(slots: Mapping[str, slice], multipliers: Mapping[str, float]) -> Groups:
    """Return the places of a run's tensors by rate multiplier; one for the whole row where all of them are 1."""
    if set(multipliers.values()) == {1.0}:
        return {1.0: [WHOLE]}
    groups: dict[float, list[slice]] = {}
    for name, place in slots.items():
        groups.setdefault(multipliers[name], []).append(place)
    return groups


def _rates(configs: Sequence[Config]) -> Callable[[int], list[float]]:
    """Return the function from a step to the learning rate of each run, in float64."""
    kinds = [
        (config["schedule"], config["warmup"], config["steps"], config["warmup_steps"]) for config in configs
    ]
    factors = {kind: rate_factors(*kind) for kind in set(kinds)}
    peaks = [config["learning_rate"] for config in configs]

    def rates(step: int) -> list[float]:
        return [peak * float(factors[kind][step]) for peak, kind in zip(peaks, kinds, strict=True)]

    return rates
