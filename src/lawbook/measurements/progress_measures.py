"""Progress measures of modular addition: what is left of the loss with a few waves of a + b alone, and without them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from lawbook.axes import AxisError, Config
from lawbook.measurements import Column, OfExamples, Split
from lawbook.models import TrainedModel

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View

TOKENS = 3
"""Tokens of an equation, a b =, instead of 2p inputs."""

HELD = 0.9
"""Share of the power of an embedding that its `embedding_frequencies` hold."""


class ProgressMeasures(OfExamples):
    """Losses with and without the strongest waves of the logits in a + b, and how few waves the embedding consists of.

    The logits of all p² pairs are projected on the waves cos w_k(a + b) and sin w_k(a + b), w_k = 2πk/p, of each class.
    The `frequencies` k of the largest power are the key ones. `restricted_loss` is the cross-entropy of all pairs by
    their waves and the mean over pairs alone; `excluded_loss` that of the pairs that are given by all but their waves.
    In `restricted_unseen_loss` mean and waves are fitted to the pairs of which neither order is given, and the loss is
    of these: what was learned by heart is in the logits of the others, and so in their waves. It has no value where
    such pairs are fewer than 1 + 2 `frequencies`.

    Of the embedding of the numbers 0 to p - 1, ‖W_E u‖ at each frequency k = 1, …, ⌊p/2⌋ has the Gini coefficient
    `embedding_gini`: 0 where all are alike, 1 - 1/⌊p/2⌋ where one is left; `embedding_frequencies` is the least number
    of frequencies that hold 90 % of its power.

    Source: Nanda et al. 2023, arXiv:2301.05217, who take the frequencies of the trained network at every step, where
    these are those of the step itself. Gini coefficient: Hurley & Rickard 2009, arXiv:0811.4706.
    """

    needs = frozenset({"weights"})
    columns = (
        Column("restricted_loss", "Loss with the key frequencies alone", "nats"),
        Column(
            "restricted_unseen_loss",
            "Loss of pairs not given in either order, by the key frequencies",
            "nats",
        ),
        Column("excluded_loss", "Training loss without the key frequencies", "nats"),
        Column("embedding_gini", "Gini coefficient of the embedding's frequencies"),
        Column("embedding_frequencies", "Frequencies that hold 90 % of the embedding's power"),
    )

    split: Split = Field("train", description="The pairs that are given: train.")
    examples: int = Field(1 << 16, ge=2, description="How many of them are looked at, at most.")
    frequencies: int = Field(
        5, ge=1, description="How many frequencies are the key ones, the strongest; all if there are fewer."
    )

    def check(self, config: Config, model: TrainedModel, n_inputs: int, n_outputs: int) -> None:
        """Raise AxisError unless the inputs are two of p numbers, and the classes p, an odd number."""
        sums = n_inputs in (TOKENS, 2 * n_outputs) and ("task" not in config or "modulus" in config)
        if not sums:
            fix = "choose modular_equation or modular_addition, or delete this measurement"
            raise AxisError("task", config["task"], "its examples are no modular sums", fix)
        if n_outputs % 2 == 0:
            fix = "choose an odd modulus, or delete this measurement"
            raise AxisError("modulus", config["modulus"], "the frequency p/2 has one wave, not two", fix)
        if self.split != "train":
            problem, fix = f"it has {self.split} of progress_measures", "write split: train, or leave it out"
            raise AxisError("task", config["task"], problem, fix)

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the losses, the coefficient and the number of frequencies, (R,) each."""
        import torch

        rows = [torch.stack(row) for row in self._rows(view)]
        return {
            column.name: values for column, values in zip(self.columns, torch.stack(rows, 1), strict=True)
        }

    def _rows(self, view: View) -> Iterator[list[Tensor]]:
        """Yield the values of each run, in the order of the columns; a run is looked at by itself."""
        import torch
        from torch.nn.functional import cross_entropy

        embeddings = _embedding(view).double()  # (R, p, d)
        p = embeddings.shape[1]
        pairs, places = _table(view, p)
        waves = _waves(p).to(embeddings)  # (p, ⌊p/2⌋, 2)
        sums = (torch.arange(p).unsqueeze(1) + torch.arange(p)).flatten().remainder(p).to(places.device)
        for run, embedding in enumerate(embeddings):
            logits = _logits(view, run, pairs).double()  # (p², p)
            given = places[run]
            unseen = torch.ones(p * p, dtype=torch.bool, device=given.device)
            unseen[given] = unseen[given % p * p + given // p] = False
            by_sum = torch.zeros_like(logits[:p]).index_add_(0, sums, logits) / p  # mean over pairs of a sum
            key = _power(waves, by_sum).topk(min(self.frequencies, p // 2)).indices
            basis = waves[:, key].flatten(1)
            along = 2 / p * basis @ (basis.T @ by_sum)  # (p, p), by sum and class
            power = _power(waves, embedding)
            yield [
                cross_entropy(by_sum.mean(0) + along, sums[:p]),
                _fitted_loss(basis[sums[unseen]], logits[unseen], sums[unseen]),
                cross_entropy((logits - along[sums])[given], sums[given]),
                _gini(power.sqrt()),
                (power.sort(descending=True).values.cumsum(0) < HELD * power.sum()).sum() + 1.0,
            ]


def _embedding(view: View) -> Tensor:
    """Return what the first number is embedded as, (R, p, d): rows of the table of tokens, or a matrix's columns."""
    if view.n_inputs == TOKENS:
        return view.weights["token"][:, :-1]
    matrices = (tensor for tensor in view.weights.values() if tensor.shape[-1] == view.n_inputs)
    return next(matrices)[..., : view.n_inputs // 2].mT


def _table(view: View, p: int) -> tuple[Tensor, Tensor]:
    """Return the inputs of all pairs a · p + b, (p², ...), and the places among them of the examples, (R, n)."""
    import torch
    from torch.nn.functional import one_hot

    first = torch.arange(p, device=view.inputs.device).repeat_interleave(p)
    second = torch.arange(p, device=view.inputs.device).repeat(p)
    if view.n_inputs == TOKENS:
        numbers = view.inputs[..., :2]
        pairs = torch.stack([first, second, torch.full_like(first, p)], 1)
    else:
        numbers = view.inputs.unflatten(2, (2, p)).argmax(3)
        pairs = torch.cat([one_hot(first, p), one_hot(second, p)], 1).to(view.inputs)
    return pairs, numbers[..., 0] * p + numbers[..., 1]


def _logits(view: View, run: int, pairs: Tensor) -> Tensor:
    """Return one run's outputs on all pairs, (p², p)."""
    import torch

    weights = {name: tensor[run : run + 1] for name, tensor in view.weights.items()}
    with torch.no_grad():
        parts = [view.outputs(weights, part.unsqueeze(0))[0] for part in pairs.split(max(2, view.at_once))]
    return torch.cat(parts)


def _fitted_loss(waves: Tensor, logits: Tensor, targets: Tensor) -> Tensor:
    """Return the cross-entropy of the least-squares fit of a mean and waves (n, m) to logits (n, p); NaN if n ≤ m."""
    import torch
    from torch.nn.functional import cross_entropy

    columns = torch.cat([torch.ones_like(waves[:, :1]), waves], 1)
    if len(columns) < columns.shape[1]:
        return logits.new_tensor(torch.nan)
    basis = torch.linalg.qr(columns).Q
    return cross_entropy(basis @ (basis.T @ logits), targets)


def _waves(p: int) -> Tensor:
    """Return cos and sin of w_k s for s = 0, …, p - 1 and k = 1, …, ⌊p/2⌋, (p, ⌊p/2⌋, 2)."""
    import torch

    turns = torch.outer(torch.arange(p), torch.arange(1, p // 2 + 1)).remainder(p)
    angles = turns.double() * (2 * torch.pi / p)
    return torch.stack([angles.cos(), angles.sin()], 2)


def _power(waves: Tensor, values: Tensor) -> Tensor:
    """Return the sum over the columns of values (p, m) of their power at each frequency, (⌊p/2⌋,)."""
    import torch

    return torch.einsum("skt,sm->ktm", waves, values).square().sum((1, 2))


def _gini(values: Tensor) -> Tensor:
    """Return Σ_i (2i - n - 1) x_i / (n Σ_i x_i) of values x_1 ≤ … ≤ x_n that are not negative."""
    import torch

    n = len(values)
    return (2 * torch.arange(1, n + 1).to(values) - n - 1) @ values.sort().values / (n * values.sum())


measurement = ProgressMeasures
