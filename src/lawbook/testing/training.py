"""The checks of a loss and of an optimizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lawbook.studies.axes import TrainingAxes
from lawbook.training.losses import losses
from lawbook.training.optimizers import Part, optimizers

if TYPE_CHECKING:
    from torch import Tensor


def check_loss(name: str) -> None:
    """Hold a loss to its contract, for each kind of targets that it takes. Raises AssertionError."""
    import torch

    loss = losses[name]
    assert loss.unit, "a loss says what its values are called"
    drawn = torch.Generator().manual_seed(0)
    for kind in loss.targets:
        outputs = torch.randn(3, 7, 4, generator=drawn, dtype=torch.float64, requires_grad=True)
        classes = torch.randint(4, (3, 7), generator=drawn)
        targets = classes if kind == "classes" else torch.randn(3, 7, 4, generator=drawn, dtype=torch.float64)
        values = loss.of_examples(outputs, targets)
        assert values.shape == (3, 7), "a loss has one number for each example"
        assert torch.isfinite(values).all(), "losses are finite"
        descended = loss.descended(outputs, targets)
        assert descended.shape == (3,), "a run descends one number"
        (gradient,) = torch.autograd.grad(descended[1], outputs)
        assert not gradient[[0, 2]].any(), "a run's loss depends on its own outputs alone"
        direction = torch.randn(outputs.shape, generator=drawn, dtype=torch.float64)
        with torch.no_grad():
            ahead, behind = (loss.descended(outputs + h * direction, targets)[1] for h in (1e-6, -1e-6))
        found, slope = float((gradient * direction).sum()), float((ahead - behind) / 2e-6)
        assert abs(found - slope) <= 1e-6 * max(1.0, abs(slope)), "the gradient is that of the loss"


def check_optimizer(name: str) -> None:
    """Hold an optimizer to its contract. Raises AssertionError."""
    import torch

    optimizer = optimizers[name]
    config = TrainingAxes.defaults() | {"optimizer": name}
    assert optimizer.hyperparameters <= set(config), "hyperparameters are axes of the training"

    def moved(rate: float, weight_decay: float = 0.0) -> tuple[Tensor, Tensor]:
        drawn = torch.Generator().manual_seed(0)
        before = torch.randn(5, generator=drawn)
        weights, moments = before.clone(), [[torch.zeros(5)] for _ in range(optimizer.n_moments)]
        for step in range(3):
            gradient = torch.randn(5, generator=drawn)
            part = Part([weights], [gradient], moments, torch.tensor(step + 1.0), 1.0)
            optimizer.step(config, part, step, rate, weight_decay)
        return before, weights

    before, after = moved(0.01)
    assert torch.isfinite(after).all(), "weights stay finite"
    assert not torch.equal(before, after), "a step moves the weights in place"
    assert torch.equal(moved(0.01)[1], after), "a step follows from its arguments alone"
    assert torch.equal(*moved(0.0)), "no step is taken at the rate 0"
