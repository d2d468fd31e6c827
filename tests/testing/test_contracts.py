"""Every entry that is shipped holds to its contract; and what breaks one is told."""

from __future__ import annotations

import pytest
from tests.laws.designs import DESIGNS

from lawbook.laws import laws
from lawbook.measurements import measurements
from lawbook.models import TrainedModel, models
from lawbook.tasks import tasks
from lawbook.testing import check_law, check_loss, check_measurement, check_model, check_optimizer, check_task
from lawbook.training.losses import losses
from lawbook.training.optimizers import optimizers

SETTINGS = {
    "linear_modes": {"samples": 8},
    "quanta": {"samples": 64},
    "sgd_oracle": {"modes": 8},
}
DOWNLOADED, OF_NO_PERCEPTRON = ("cifar10",), ("singular_values",)


@pytest.mark.parametrize("name", sorted(set(tasks) - set(DOWNLOADED)))
def test_a_task(name: str) -> None:
    check_task(name, SETTINGS.get(name))


@pytest.mark.parametrize("name", sorted(set(models) - {"resnet18", "transformer"}))
def test_a_model(name: str) -> None:
    check_model(name)


@pytest.mark.parametrize("name", sorted(losses))
def test_a_loss(name: str) -> None:
    check_loss(name)


@pytest.mark.parametrize("name", sorted(optimizers))
def test_an_optimizer(name: str) -> None:
    check_optimizer(name)


@pytest.mark.parametrize("name", sorted(measurements))
def test_a_measurement(name: str) -> None:
    check_measurement(name)


@pytest.mark.parametrize("name", sorted(laws))
def test_a_law(name: str) -> None:
    check_law(name, *DESIGNS[name])


def test_what_breaks_a_contract_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(tasks["digits"]), "n_outputs", lambda *_: 9)
    with pytest.raises(AssertionError, match="classes are below n_outputs"):
        check_task("digits")
    monkeypatch.setattr(type(losses["squared_error"]), "of_examples", lambda *of: of[1].sum((1, 2)))
    with pytest.raises(AssertionError, match="one number for each example"):
        check_loss("squared_error")
    assert isinstance(models["mlp"], TrainedModel)
