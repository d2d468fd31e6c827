"""The distractor: planted predictors have the exact losses, and examples agree as often as they are to."""

from __future__ import annotations

import numpy as np
import pytest
from tests.shipped import STUDIES

from lawbook.axes import AxisError
from lawbook.studies.yaml_file import read_yaml
from lawbook.tasks import tasks
from lawbook.theory.distractor import conflict_loss, distracted_loss

task = tasks["distractor"]
BASE = task.axes.defaults() | {"seed": 0, "batch_size": 64}


def logits(of_odd):
    """Return the outputs that give odd examples this probability."""
    return np.stack([np.zeros_like(of_odd), np.log(of_odd) - np.log1p(-of_odd)], axis=-1)


def test_what_sees_the_distractor_alone_has_the_exact_losses():
    rho = 0.8
    stream = task.open([BASE | {"agreement": rho}])

    def distracted(inputs):
        odd = (inputs[..., 3] > 0) ^ (inputs[..., 4] > 0)
        return logits(np.where(odd, rho, 1 - rho))

    found = {metric: float(value[0]) for (_, metric), value in stream.evaluate({}, distracted).items()}
    assert found["loss"] == pytest.approx(float(distracted_loss(rho)))
    assert found["conflict_loss"] == pytest.approx(float(conflict_loss(rho)))
    assert (found["conflict_error"], found["agreement_error"]) == (1, 0)
    assert found["error"] == pytest.approx(1 - rho)

    def knowing(inputs):
        odd = (inputs[..., :3] > 0).sum(axis=-1) % 2 == 1
        return logits(np.where(odd, 1 - 1e-9, 1e-9))

    assert max(float(value[0]) for value in stream.evaluate({}, knowing).values()) < 1e-8


def test_examples_agree_as_often_as_they_are_to_and_are_uniform_otherwise():
    stream = task.open([BASE | {"batch_size": 512}])
    inputs, targets = (np.concatenate(parts)[:, :] for parts in zip(*(
        (x[0], y[0, :, None]) for x, y in map(stream.batch, range(130))), strict=True))  # fmt: skip
    bits, n = inputs > 0, len(inputs)
    label = bits[:, :3].sum(axis=1) % 2
    np.testing.assert_array_equal(targets[:, 0], label)
    agrees = (label == (bits[:, 3] ^ bits[:, 4])).mean()
    assert abs(agrees - 0.8) < 4 * (0.8 * 0.2 / n) ** 0.5
    assert np.abs(np.corrcoef(bits.T) - np.eye(10)).max() < 5 / n**0.5
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 4.5 * 0.5 / n**0.5


def test_parities_of_more_signs_than_there_are_are_told():
    with pytest.raises(AxisError, match="of 11 signs, which do not overlap; choose at least 11"):
        task.check(BASE | {"label_bits": 9})


def test_the_study_expects_the_losses_of_what_sees_the_distractor_alone():
    claims = read_yaml(STUDIES / "inverse_scaling.yaml")["claims"]
    expected = {claim["column"]: claim["expected"] for claim in claims if "expected" in claim}
    rho = BASE["agreement"]
    exact = {"distracted_loss": distracted_loss(rho), "distracted_conflict_loss": conflict_loss(rho)}
    assert expected == pytest.approx({name: float(loss) for name, loss in exact.items()}, abs=1e-4)
