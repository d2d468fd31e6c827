"""Domino: targets are the weighted parities, and what is wrong is counted whatever the weight."""

from __future__ import annotations

import numpy as np
import torch

from lawbook.tasks import tasks

task = tasks["domino"]
BASE = task.axes.defaults() | {"seed": 0}


def test_targets_are_the_parities_of_two_bits_times_the_roots_of_the_weights() -> None:
    examples = task.examples(BASE | {"first_weight": 4.0, "second_weight": 0.25})
    bits = examples.inputs[:, :32].astype(int)
    np.testing.assert_array_equal(examples.inputs[:, 32:], np.broadcast_to([2.0, 0.5], (len(bits), 2)))
    np.testing.assert_array_equal(examples.targets[:, 0], 2.0 * (bits[:, 0] ^ bits[:, 1]))
    np.testing.assert_array_equal(examples.targets[:, 1], 0.5 * (bits[:, 2] ^ bits[:, 3]))
    other = task.examples(BASE | {"second_weight": 1.0})
    np.testing.assert_array_equal(other.inputs[:, :32], examples.inputs[:, :32])
    assert np.abs(examples.inputs[:, :32].mean(0) - 0.5).max() < 4.5 * 0.5 / len(bits) ** 0.5


def test_an_output_is_wrong_where_it_lies_nearer_to_the_other_bit() -> None:
    config = BASE | {"second_weight": 0.01}
    outputs, targets = torch.tensor([[[0.4, 0.06], [0.6, 0.04]]]), torch.tensor([[[0.0, 0.1], [0.0, 0.1]]])
    found = task.example_metrics(config, outputs, targets)
    assert found["first_error"].tolist() == [[0, 1]]
    assert found["second_error"].tolist() == [[0, 1]]
    assert [*task.example_metrics(config | {"second_weight": 0.0}, outputs, targets)] == ["first_error"]
