"""Movement of kernel and weights, against Jacobians and against what is known of scaled weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.measurements.test_measurements import (
    N_EXAMPLES,
    N_OUTPUTS,
    N_RUNS,
    derivatives,
    drawn,
    plain,
    shown,
)

from lawbook.measurements import measurements


def test_kernel_distance_is_one_less_the_cosine_of_centred_kernels_of_jacobians() -> None:
    view = shown(drawn(2), drawn(1))
    found = measurements["kernel_distance"]().compute(view)["kernel_distance"]
    for run in range(N_RUNS):
        centred = []
        for weights in (view.weights, view.initial):
            net = plain(weights, run)
            jacobians = (
                derivatives(net(view.inputs[run]).flatten(), net).detach().view(N_EXAMPLES, N_OUTPUTS, -1)
            )
            features = (jacobians - jacobians.mean(0)).flatten(1).numpy()
            centred.append((features @ features.T).ravel())
        expected = 1 - np.dot(*centred) / np.prod([np.linalg.norm(one) for one in centred])
        assert float(found[run]) == pytest.approx(expected, rel=1e-9)


def test_weights_times_three_have_moved_by_twice_their_norm_and_without_a_step_nothing_has() -> None:
    initial = drawn(1)
    view = shown({name: 3 * one for name, one in initial.items()}, initial)
    moved = measurements["weight_movement"]().compute(view)["weight_movement"]
    torch.testing.assert_close(moved, torch.full((N_RUNS,), 2.0, dtype=torch.float64))
    still = measurements["kernel_distance"]().compute(shown(initial))["kernel_distance"]
    assert still.tolist() == pytest.approx([0.0] * N_RUNS, abs=1e-12)
