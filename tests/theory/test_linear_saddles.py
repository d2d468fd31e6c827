"""Critical points of linear networks: the theory against gradients and Hessians at points that are made."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch

from lawbook.theory.linear_saddles import critical_points

STRENGTHS, HIDDEN = (2.0, 1.0, 0.5), 3


@pytest.mark.parametrize("decay", [0.0, 0.1, 0.7])
def test_losses_and_indices_are_those_of_hessians_at_made_points(decay: float) -> None:
    s, n = np.array(STRENGTHS), len(STRENGTHS) * HIDDEN
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((HIDDEN, HIDDEN)))[0]

    def loss(point: torch.Tensor) -> torch.Tensor:
        first, second = point[:n].view(HIDDEN, -1), point[n:].view(-1, HIDDEN)
        missed = second @ first - torch.diag(torch.from_numpy(s))
        return (missed.square().sum() + decay * point.square().sum()) / 2

    losses, negative = critical_points(STRENGTHS, HIDDEN, decay)
    learnable = [k for k in range(3) if s[k] > decay]
    kinds = [kind for size in range(len(learnable) + 1) for kind in combinations(learnable, size)]
    assert len(kinds) == len(losses)
    for learned, known, below in zip(kinds, losses, negative, strict=True):
        first = np.zeros((HIDDEN, 3))
        for unit, k in enumerate(learned):
            first[:, k] = np.sqrt(s[k] - decay) * turn[:, unit]
        point = torch.from_numpy(np.concatenate([first.ravel(), first.T.ravel()]))
        assert torch.autograd.functional.jacobian(loss, point).abs().max() < 1e-12
        assert loss(point).item() == pytest.approx(known)
        values = torch.linalg.eigvalsh(torch.autograd.functional.hessian(loss, point))
        assert int((values < -1e-9).sum()) == below
    assert losses[-1] == losses.min()
    assert negative[-1] == 0


def test_equal_strengths_are_refused() -> None:
    with pytest.raises(ValueError, match="distinct"):
        critical_points([1.0, 1.0], 2, 0.0)
