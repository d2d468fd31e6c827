"""Answers: how well a classifier does by tokens, and by answers of several tokens that all have to be right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, field_validator

from lawbook.axes import AxisError, Config
from lawbook.measurements import Column, OfExamples, Split
from lawbook.models import TrainedModel

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class Answers(OfExamples):
    """Per-token accuracy and Brier score, and the share of answers of K tokens in a row all of which are right.

    A token is right where its class has the largest output; an answer of K tokens, each told from the true ones before
    it, is right where all are, as greedy decoding has it. A sampled answer passes with the product of its tokens'
    probabilities. The Brier score is Σ_c (p_c - [c is right])², from 0 to 2. Answers do not overlap: of T targets an
    example has ⌊T/K⌋; of one target each, K examples in a row are an answer, as in Schaeffer et al. 2023,
    arXiv:2304.15004.
    """

    needs = frozenset({"weights"})
    columns = (
        Column("token_accuracy", "Accuracy per token"),
        Column("token_brier", "Brier score per token"),
        Column("exact_match", "Share of answers right", vector=True),
        Column("n_answers", "Answers", vector=True),
        Column("log_pass", "Log probability that a sampled answer passes", "nats", vector=True),
    )

    split: Split = Field("test", description="Examples to look at: train, validation or test.")
    lengths: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (1, 2, 4, 8), min_length=1, description="Tokens K of an answer, for which exact matches are counted."
    )
    pass_length: int = Field(4, ge=1, description="Tokens of an answer whose probability to pass is kept.")
    passed: int = Field(
        64, ge=1, le=4096, description="The first so many answers, whose probability to pass is kept."
    )
    repeats: bool = Field(
        True,
        description="Whether an answer counts in which a token is that before it once more; in text most are blanks.",
    )

    @field_validator("lengths")
    @classmethod
    def _once(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a length stands there twice; write each once")
        return value

    def check(self, config: Config, model: TrainedModel, n_inputs: int, n_outputs: int) -> None:
        """Raise AxisError for real targets, which are not right or wrong."""
        if n_outputs < 2:
            raise AxisError("task", config["task"], "its targets are no classes", "delete this measurement")

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return accuracy and Brier score (R,), and per length the exact matches and answers, per answer log p."""
        import torch
        from torch.nn.functional import one_hot

        right, brier, log_p = [], [], []
        for inputs, targets in zip(
            view.inputs.split(view.at_once, 1), view.targets.split(view.at_once, 1), strict=True
        ):
            with torch.no_grad():
                logits = view.outputs(view.weights, inputs).double()
            log_all = logits.log_softmax(-1)
            index = targets.unsqueeze(-1)
            right.append(logits.argmax(-1) == targets)
            log_p.append(log_all.gather(-1, index).squeeze(-1))
            off = log_all.exp() - one_hot(targets, logits.shape[-1])
            brier.append(off.square().sum(-1))
        correct, log_each = torch.cat(right, 1), torch.cat(log_p, 1)
        if correct.dim() == 2:  # one target each: the examples in their order are one text
            correct, log_each = correct.unsqueeze(1), log_each.unsqueeze(1)
        texts = view.targets if view.targets.dim() == 3 else view.targets.unsqueeze(1)
        counted = {length: self._counted(texts, length) for length in (*self.lengths, self.pass_length)}
        matches = {length: _answers(correct, length).all(-1) & counted[length] for length in self.lengths}
        n_answers = torch.stack([counted[length].double().sum(1) for length in self.lengths], 1)
        n_right = torch.stack([matches[length].double().sum(1) for length in self.lengths], 1)
        log_pass = _answers(log_each, self.pass_length).sum(-1).where(counted[self.pass_length], torch.nan)
        return {
            "token_accuracy": correct.double().flatten(1).mean(1),
            "token_brier": torch.cat(brier, 1).flatten(1).mean(1),
            "exact_match": n_right / n_answers,
            "n_answers": n_answers,
            "log_pass": log_pass[:, : self.passed],
        }

    def _counted(self, texts: Tensor, length: int) -> Tensor:
        """Return which answers of texts (R, n, T) count, (R, answers)."""
        answers = _answers(texts, length)
        return (answers[:, :, 1:] != answers[:, :, :-1]).all(-1) | self.repeats


def _answers(tokens: Tensor, length: int) -> Tensor:
    """Return the tokens (R, n, T) cut into answers, (R, answers, length); what is left of a row is in none."""
    whole = tokens.shape[2] // length * length
    return tokens[:, :, :whole].unflatten(2, (-1, length)).flatten(1, 2)


measurement = Answers
