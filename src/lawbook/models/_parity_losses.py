"""The cross-entropy of the parity network for a stack, and its gradient in the same pass.

Forward, loss and backward of some examples of one run follow each other while what they read and write is in the
cache, and in place. Of two classes the loss depends on one number alone, by how much the output of the second leads;
so does the gradient of the hidden layer, which is that of the lead times the difference of the two output rows, where
the unit is on. Autograd would pass over arrays of the size of the hidden layer several times more often.
`lawbook.models.parity_mlp.logits_of_one` is the same without this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import softplus

_CHUNK = 1 << 20
"""Numbers in the inputs and in the hidden layer of the examples that are taken at once: 4 megabytes in float32."""


@torch.no_grad()
def losses_and_gradients(
    weights: Mapping[str, Tensor], inputs: Tensor, targets: Tensor, gradients: Mapping[str, Tensor]
) -> Tensor:
    """Return the mean cross-entropy of each run, (R,), and write its gradient into `gradients`.

    weights, gradients: tasks (R, n_tasks, W), bits (R, n_bits, W), bias (R, W), output_weight (R, 2, W) and
    output_bias (R, 2); inputs: (R, B, n_bits + 1), the task's number last; targets: (R, B).
    """
    n, n_inputs = inputs.shape[1:]
    at_once = min(n, max(256, _CHUNK // (weights["bias"].shape[1] + n_inputs)))
    leading = weights["output_weight"].diff(dim=1).mT  # (R, W, 1)
    last_biases, scales = weights["output_bias"].diff(dim=1), leading.mT / n
    # 1 for the first class and -1 for the second: the loss is log(1 + e^s), with s the lead of the wrong class.
    signs = (1 - 2 * targets).to(inputs.dtype).unsqueeze(2)
    leads, slopes, of_leading = torch.empty_like(signs), torch.empty_like(signs), torch.zeros_like(leading)
    examples = _by_run_and_part((inputs[..., -1].long(), inputs[..., :-1], signs, leads, slopes), at_once)
    names = ("tasks", "bits", "bias")
    of_runs = (*(weights[name] for name in names), last_biases, leading, scales, of_leading)
    rows = torch.empty_like(weights["tasks"][0])
    hidden = inputs.new_empty(at_once, rows.shape[1])
    for parts, mine, (of_tasks, of_bits, of_bias) in zip(
        examples, _by_run(of_runs), _by_run([gradients[name] for name in names]), strict=True
    ):
        of_task, of_bit, bias, last_bias, lead_by, scale, of_lead = mine
        torch.add(of_task, bias, out=rows)
        of_tasks.zero_()
        of_bits.zero_()
        for task, x, sign, lead, slope in parts:
            h = hidden[: len(task)]
            torch.index_select(rows, 0, task, out=h)
            h.addmm_(x, of_bit).relu_()
            torch.addmm(last_bias, h, lead_by, out=lead)
            torch.sigmoid(lead.mul_(sign), out=slope).mul_(sign)
            of_lead.addmm_(h.T, slope)
            torch.ops.aten.threshold_backward.grad_input(slope, h, 0, grad_input=h)
            of_tasks.index_add_(0, task, h)
            of_bits.addmm_(x.T, h)
        of_bits.mul_(scale)
        # Each example has one task, so that the bias, which all share, feels the sum over tasks.
        torch.sum(of_tasks.mul_(scale), 0, out=of_bias)
    opposed = of_leading.new_tensor([[-1.0, 1.0]]) / n
    torch.mul(of_leading.mT, opposed.mT, out=gradients["output_weight"])
    torch.mul(slopes.sum(1), opposed, out=gradients["output_bias"])
    # One run after another: over a stack the last bits would depend on where in it a run lies.
    return torch.stack([softplus(lead).mean() for lead in leads])


def _by_run(tensors: Sequence[Tensor]) -> Iterator[tuple[Tensor, ...]]:
    """Yield the rows of several tensors side by side."""
    return zip(*(tensor.unbind() for tensor in tensors), strict=True)


def _by_run_and_part(tensors: Sequence[Tensor], size: int) -> Iterator[tuple[tuple[Tensor, ...], ...]]:
    """Yield for each run its parts of at most `size` examples, of several tensors (R, B, ...) side by side."""
    parts = zip(*(tensor.split(size, 1) for tensor in tensors), strict=True)
    return zip(*(_by_run(part) for part in parts), strict=True)
