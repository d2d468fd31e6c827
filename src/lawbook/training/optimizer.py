"""An optimiser over a stack: each run has its own rate, decay, schedule and clip, and never feels the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from lawbook.axes import Config
from lawbook.schedules import rate_factors

BETAS, EPSILON = (0.9, 0.999), 1e-8


class PerRun(torch.optim.Optimizer):
    """AdamW or SGD with momentum, row by row of one (R, P) parameter, by PyTorch's fused kernels.

    A row is a run. One fused call a row costs a few microseconds, less than any vectorised update that lets
    learning rates differ; and since rows never meet, a run's numbers cannot depend on its stack. Rows that are
    not `alive` stay as they are.
    """

    def __init__(self, stacked: Parameter, configs: Sequence[Config], alive: Tensor) -> None:
        super().__init__([stacked], {})
        self._configs, self._alive = configs, alive
        self._adam = configs[0]["optimizer"] == "adamw"
        self._rates = _rates(configs)
        state = self.state[stacked]
        state["steps_taken"] = torch.zeros(len(configs), dtype=torch.float32, device=stacked.device)
        for moment in ("first", "second") if self._adam else ("first",):
            state[moment] = torch.zeros_like(stacked)
        self._take_rows()

    def _take_rows(self) -> None:
        """Hold the rows of weights, gradients and moments as views, so that a step does no indexing."""
        stacked: Parameter = self.param_groups[0]["params"][0]
        assert stacked.grad is not None, "the stack lays out its gradient before it makes the optimiser"
        state = self.state[stacked]
        self._gradient, self._steps_taken = stacked.grad, state["steps_taken"]
        self._rows = {
            "weights": stacked.detach().unbind(0),
            "gradients": stacked.grad.unbind(0),
            "steps_taken": state["steps_taken"].unbind(0),
            "first": state["first"].unbind(0),
            "second": state["second"].unbind(0) if self._adam else (),
        }
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
        config, rows = self._configs[row], self._rows
        weights, gradients = [rows["weights"][row]], [rows["gradients"][row]]
        if config["gradient_clip"] is not None:
            norm = torch.linalg.vector_norm(gradients[0])
            gradients[0].mul_((config["gradient_clip"] / (norm + 1e-6)).clamp(max=1.0))
        if self._adam:
            torch._fused_adamw_(
                weights, gradients, [rows["first"][row]], [rows["second"][row]], [], [rows["steps_taken"][row]],
                lr=rate, beta1=BETAS[0], beta2=BETAS[1], weight_decay=config["weight_decay"], eps=EPSILON,
                amsgrad=False, maximize=False,
            )  # fmt: skip
        else:
            torch._fused_sgd_(
                weights, gradients, [rows["first"][row]] if config["momentum"] else [],
                lr=rate, momentum=config["momentum"], weight_decay=config["weight_decay"], dampening=0.0,
                nesterov=False, maximize=False, is_first_step=self._count == 0,
            )  # fmt: skip


def _rates(configs: Sequence[Config]) -> Callable[[int], list[float]]:
    """Return the function from a step to the learning rate of each run, in float64."""
    kinds = [(config["schedule"], config["warmup"], config["steps"]) for config in configs]
    factors = {kind: rate_factors(*kind) for kind in set(kinds)}
    peaks = [config["learning_rate"] for config in configs]

    def rates(step: int) -> list[float]:
        return [peak * float(factors[kind][step]) for peak, kind in zip(peaks, kinds, strict=True)]

    return rates
