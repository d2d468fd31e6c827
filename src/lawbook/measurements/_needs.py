"""What measurements ask of a model where an option says what they look at."""

from __future__ import annotations

from lawbook.axes import AxisError, Config
from lawbook.models import TrainedModel


def check_hidden(of: str, config: Config, model: TrainedModel, n_inputs: int, n_outputs: int) -> None:
    """Raise AxisError if hidden layers are to be looked at, and the model has none."""
    roles = set(model.roles(config, n_inputs, n_outputs).values())
    if of == "hidden" and not roles & {"input", "hidden"}:
        raise AxisError("of", of, f"the model {config['model']} has no hidden layer", "write of: inputs")
