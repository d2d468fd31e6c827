"""Parametrizations: how initial scale and rate of each tensor follow from its role and its size.

One file each; the file's `parametrization` is found by its name. Factors on the forward pass are not among them: a
tensor multiplied by c on its way forward moves exactly as one that begins c times as large, at a rate c² times (c
times, of an adaptive optimizer) as large (Yang et al. 2022, arXiv:2203.03466, lemma J.1). So the weights here are
always those that the products see.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from lawbook.axes import AxisError, Config
from lawbook.models import Role, TrainedModel, models
from lawbook.registry import Registry
from lawbook.tasks import tasks
from lawbook.training.optimizers import optimizers


@dataclass(frozen=True)
class Tensor:
    """What a parametrization reads of a tensor: its role, fan-in, and how both fans compare with the base width's.

    fan_in_ratio, fan_out_ratio: fan-in and fan-out over those of the same tensor where the model's `width` is the
    `base_width`; 1 where they do not grow with the width.
    """

    role: Role
    fan_in: int
    fan_in_ratio: float
    fan_out_ratio: float


class Parametrization(ABC):
    """The factors on a tensor's initial values, as its model draws them, and on its rate."""

    reads_base_width: ClassVar[bool] = False
    """Whether the width is compared with the base width."""

    def initial(self, tensor: Tensor) -> float:
        """Return the factor on the initial values; 1 unless a parametrization says otherwise."""
        return 1.0

    @abstractmethod
    def rate(self, tensor: Tensor, adaptive: bool) -> float:
        """Return the factor on the learning rate, under an adaptive optimizer or one that follows the gradient."""


parametrizations: Registry[Parametrization] = Registry(
    "lawbook.training.parametrizations", "parametrization", "parametrization"
)


@dataclass(frozen=True)
class Scale:
    """The factors on the initial values and the rate of one tensor of a run."""

    initial: float
    rate: float


def tensor_scales(config: Config) -> Mapping[str, Scale]:
    """Return the scale of each tensor of a run, by its name.

    `init_scale` multiplies the initial matrices beside what the parametrization says; vectors stay as they are.
    Raises AxisError where the model has no width that could be compared with the base width.
    """
    model, task = models[config["model"]], tasks[config["task"]]
    assert isinstance(model, TrainedModel)
    rule, adaptive = parametrizations[config["parametrization"]], optimizers[config["optimizer"]].adaptive
    at_base = config
    if rule.reads_base_width:
        if "width" not in model.axes.model_fields:
            problem = f"the model {config['model']} has no width to scale by"
            raise AxisError("parametrization", config["parametrization"], problem, "write standard")
        at_base = {**config, "width": config["base_width"]}
    sizes = (task.n_inputs(config), task.n_outputs(config))
    fans, base_fans = _fans(model, config, sizes), _fans(model, at_base, sizes)
    scales = {}
    for tensor, role in model.roles(config, *sizes).items():
        (fan_in, fan_out), (base_in, base_out) = fans[tensor], base_fans[tensor]
        facts = Tensor(role, fan_in, fan_in / base_in, fan_out / base_out)
        wanted = 1.0 if role == "vector" else config["init_scale"]
        scales[tensor] = Scale(rule.initial(facts) * wanted, rule.rate(facts, adaptive))
    return scales


def _fans(model: TrainedModel, config: Config, sizes: tuple[int, int]) -> Mapping[str, tuple[int, float]]:
    """Return fan-in and fan-out of each tensor, the latter as its size over the former."""
    fan_in = model.fan_in(config, *sizes)
    return {
        name: (fan_in[name], prod(shape) / fan_in[name])
        for name, shape in model.shapes(config, *sizes).items()
    }
