"""The measurement of answers against counts over plain outputs."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from lawbook.axes import AxisError
from lawbook.measurements import measurements
from lawbook.measurements.view import View
from lawbook.models import TrainedModel, models


class Showing:
    """A model whose outputs are its inputs."""

    def forward(self, config: Any, weights: Any, inputs: torch.Tensor) -> torch.Tensor:
        return inputs


def measured(
    outputs: np.ndarray, targets: np.ndarray, at_once: int = 3, **options: Any
) -> dict[str, torch.Tensor]:
    one = measurements["answers"].model_validate(options)
    shown = View(
        cast(TrainedModel, Showing()), {}, 0, {}, {}, torch.from_numpy(outputs), torch.from_numpy(targets),
        lambda *_: outputs, at_once,
    )  # fmt: skip
    return dict(one.compute(shown))


@pytest.mark.parametrize("tokens", [(), (7,)])
def test_answers_are_counted_as_a_loop_counts_them(tokens):
    rng = np.random.default_rng(0)
    outputs, targets = rng.normal(size=(2, 10, *tokens, 4)), rng.integers(4, size=(2, 10, *tokens))
    outputs += 2 * np.eye(4)[targets]
    found = measured(outputs, targets, lengths=[1, 3, 100], pass_length=2, passed=5)
    for run in range(2):
        texts = targets[run] if tokens else targets[run][None]
        logits = outputs[run] if tokens else outputs[run][None]
        right = logits.argmax(-1) == texts
        p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        of_right = np.take_along_axis(p, texts[..., None], -1)[..., 0]
        whole = [all(row[i : i + 3]) for row in right for i in range(0, len(row) - 2, 3)]
        passing = [np.log(row[i : i + 2]).sum() for row in of_right for i in range(0, len(row) - 1, 2)]
        assert found["token_accuracy"][run] == pytest.approx(right.mean())
        assert found["token_brier"][run] == pytest.approx(np.square(p - np.eye(4)[texts]).sum(-1).mean())
        assert found["exact_match"][run, 0] == pytest.approx(right.mean())
        assert found["exact_match"][run, 1] == pytest.approx(np.mean(whole))
        assert torch.isnan(found["exact_match"][run, 2])
        assert found["n_answers"][run].tolist() == [right.size, len(whole), 0]
        np.testing.assert_allclose(found["log_pass"][run], passing[:5])


def test_answers_with_a_token_twice_in_a_row_may_be_left_out():
    targets = np.array([[[0, 1, 1, 1, 2, 0]], [[0, 1, 2, 1, 1, 0]]])
    found = measured(
        5 * np.eye(3)[targets], targets, lengths=[1, 2, 3], pass_length=2, passed=3, repeats=False
    )
    assert found["n_answers"].tolist() == [[6, 2, 1], [6, 3, 1]]
    assert found["exact_match"].tolist() == [[1, 1, 1], [1, 1, 1]]
    assert torch.isnan(found["log_pass"]).tolist() == [[False, True, False], [False, False, False]]


def test_real_targets_and_lengths_twice_are_refused():
    one = measurements["answers"].model_validate({})
    with pytest.raises(AxisError, match="no classes"):
        one.check({"task": "sgd_oracle"}, cast(TrainedModel, models["linear"]), 3, 1)
    with pytest.raises(ValidationError, match="write each once"):
        measurements["answers"].model_validate({"lengths": [2, 2]})
