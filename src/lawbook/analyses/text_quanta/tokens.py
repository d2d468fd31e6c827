"""Tokens: their losses under some weights, which of them are worth clustering, and their gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lawbook.analyses.text_quanta.block import TextQuantaBlock
from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.models import TrainedModel, models
from lawbook.quanta.gradients import SampleLoss, sketched_gradients
from lawbook.tasks import TextTask, tasks
from lawbook.training.losses.cross_entropy import target_losses

FIRST_POSITION = 12
"""Tokens that a token must have before it in its window, so that there is something to predict it from."""

LOOKED_AT = 2048
"""Windows of the validation split in which tokens are looked for, at most, evenly spaced."""

_CHUNK = 64

Ids = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]
Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Windows:
    """The windows in which tokens are looked for: their places among the task's examples, inputs and targets."""

    places: Ids
    inputs: Ids
    targets: Ids


@dataclass(frozen=True)
class Chosen:
    """Tokens to cluster, by window (a row of `Windows`) and position, and how they were chosen.

    threshold: the largest loss in nats; n_below, n_candidates: tokens below it, and those that neither stand too
    early nor end a trigram that the window has had before.
    """

    window: Ids
    position: Ids
    threshold: float
    n_tokens: int
    n_below: int
    n_candidates: int


def text_task(config: Config) -> TextTask:
    """Return the task of a run, which learns a text."""
    return cast(TextTask, tasks[config["task"]])


def windows_of(config: Config) -> Windows:
    """Return the windows in which the tokens of a run are looked for."""
    task = text_task(config)
    examples, places = task.examples(config), task.held_out(config)
    n = min(LOOKED_AT, len(places))
    places = places[np.arange(n) * len(places) // n]
    return Windows(places, examples.inputs[places], examples.targets[places])


def token_losses(config: Config, weights: Weights, windows: Windows) -> NDArray[np.float32]:
    """Return the loss of each target in nats, (windows, T)."""
    model = cast(TrainedModel, models[config["model"]])
    one_run = {name: tensor.unsqueeze(0) for name, tensor in weights.items()}
    parts = []
    with torch.no_grad():
        for start in range(0, len(windows.inputs), _CHUNK):
            inputs, targets = (
                torch.from_numpy(ids[start : start + _CHUNK]).unsqueeze(0)
                for ids in (windows.inputs, windows.targets)
            )
            parts.append(target_losses(model.forward(config, one_run, inputs), targets)[0].float().numpy())
    return np.concatenate(parts)


def repeated_trigrams(windows: Windows) -> NDArray[np.bool_]:
    """Tell which targets end a trigram that stood in their window before: these can be copied, (windows, T)."""
    repeated = np.zeros(windows.targets.shape, dtype=bool)
    for row, (inputs, targets) in enumerate(
        zip(windows.inputs.tolist(), windows.targets.tolist(), strict=True)
    ):
        seen: set[tuple[int, int, int]] = set()
        for place in range(1, len(targets)):
            trigram = (inputs[place - 1], inputs[place], targets[place])
            repeated[row, place] = trigram in seen
            seen.add(trigram)
    return repeated


def choose_tokens(
    block: TextQuantaBlock, losses: Floats, windows: Windows, rng: np.random.Generator
) -> Chosen:
    """Return up to `samples` tokens of low loss, drawn from all that qualify.

    losses: (windows, T). Raises LawbookError if no token is below the loss threshold, or not more qualify than
    clusters are asked for.
    """
    threshold = float(np.quantile(losses, block.loss_quantile))
    if block.loss_below is not None:
        threshold = min(threshold, block.loss_below)
    below = losses <= threshold
    if not below.any():
        problem = (
            f"none of {losses.size:,} tokens has so small a loss; the smallest is {losses.min():.2g} nats"
        )
        raise LawbookError(f"loss_below = {block.loss_below}: {problem}; choose a larger one")
    fresh = below & ~repeated_trigrams(windows)
    fresh[:, :FIRST_POSITION] = False
    window, position = np.nonzero(fresh)
    if len(window) <= max(block.clusters):
        problem = f"only {len(window)} tokens qualify for {max(block.clusters)} clusters"
        raise LawbookError(f"loss_quantile = {block.loss_quantile}: {problem}; raise it, or ask for fewer")
    drawn = np.sort(rng.permutation(len(window))[: block.samples])
    return Chosen(window[drawn], position[drawn], threshold, losses.size, int(below.sum()), int(fresh.sum()))


def token_gradients(
    config: Config, weights: Weights, windows: Windows, chosen: Chosen, dimension: int = 4096
) -> NDArray[np.float32]:
    """Return the sketched gradient of each chosen token's loss, (S, dimension).

    Of the matrices inside the model: embeddings, the output layer, gains and biases are left out, as in Michaud et
    al. 2023.
    """
    samples = (
        torch.from_numpy(windows.inputs[chosen.window]),
        torch.from_numpy(chosen.position),
        torch.from_numpy(windows.targets[chosen.window, chosen.position]),
    )
    return sketched_gradients(
        token_loss(config), weights, samples, inner_layers(config, weights), dimension=dimension
    )


def token_loss(config: Config) -> SampleLoss:
    """Return the loss of one target: a function of weights, a window (T,), a position and the target there."""
    model = cast(TrainedModel, models[config["model"]])

    def loss(weights: Weights, window: Tensor, position: Tensor, target: Tensor) -> Tensor:
        one_run = {name: tensor.unsqueeze(0) for name, tensor in weights.items()}
        outputs = model.forward(config, one_run, window[None, None])[0, 0]
        there = outputs.index_select(0, position[None])
        return target_losses(there[None], target[None, None])[0, 0]

    return loss


def inner_layers(config: Config, weights: Weights) -> list[str]:
    """Return the names of the matrices inside a model."""
    border = cast(TrainedModel, models[config["model"]]).border
    return [name for name, tensor in weights.items() if tensor.dim() > 1 and name not in border]
