"""The cross-entropy of the parity network for a stack, and its gradient in the same pass.

Forward, loss and backward of some runs, or of some examples of one run, follow each other while what they read and
write is in the cache, and in place. Of two classes the loss depends on one number alone, by how much the output of the
second leads; so does the gradient of the hidden layer, which is that of the lead times the difference of the two output
rows, where the unit is on. Autograd would pass over arrays of the size of the hidden layer several times more often.
`lawbook.models.parity_mlp.logits_of_one` is the same without this.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import softplus

_CHUNK = 1 << 20
"""Numbers in the inputs and hidden layers of the runs, or of the examples of one, taken at once: 4 MB in float32."""


@torch.no_grad()
def losses_and_gradients(
    weights: Mapping[str, Tensor], inputs: Tensor, targets: Tensor, gradients: Mapping[str, Tensor]
) -> Tensor:
    """Return the mean cross-entropy of each run, (R,), and write its gradient into `gradients`.

    weights, gradients: tasks (R, n_tasks, W), bits (R, n_bits, W), bias (R, W), output_weight (R, 2, W) and
    output_bias (R, 2); inputs: (R, B, n_bits + 1), the task's number last; targets: (R, B).
    """
    n_runs, n, n_inputs = inputs.shape
    width = weights["bias"].shape[1]
    examples_at_once = min(n, max(256, _CHUNK // (width + n_inputs)))
    runs_at_once = max(1, _CHUNK // (n * (width + n_inputs)))
    hidden = inputs.new_empty(min(n_runs, runs_at_once), examples_at_once, width)
    losses = []
    for start in range(0, n_runs, runs_at_once):
        runs = slice(start, start + runs_at_once)
        of_runs, into = ({name: each[runs] for name, each in all_.items()} for all_ in (weights, gradients))
        losses += _of_some(of_runs, inputs[runs], targets[runs], into, hidden)
    return torch.stack(losses)


def _of_some(
    weights: Mapping[str, Tensor],
    inputs: Tensor,
    targets: Tensor,
    gradients: Mapping[str, Tensor],
    hidden: Tensor,
) -> list[Tensor]:
    """Return the losses of some runs, and write their gradients.

    hidden: room for the hidden layer, (R, B, W), of as many runs and examples of each as are taken at once.
    """
    (n_runs, n), (n_tasks, width) = inputs.shape[:2], weights["tasks"].shape[1:]
    leading = weights["output_weight"].diff(dim=1).mT  # (R, W, 1)
    last_biases, scales = weights["output_bias"].diff(dim=1), leading.mT / n
    # 1 for the first class and -1 for the second: the loss is log(1 + e^s), with s the lead of the wrong class.
    signs = (1 - 2 * targets).to(inputs.dtype).unsqueeze(2)
    leads, slopes, of_leading = torch.empty_like(signs), torch.empty_like(signs), torch.zeros_like(leading)
    # The rows of all tasks, those of one run below those of another.
    rows = (weights["tasks"] + weights["bias"].unsqueeze(1)).flatten(0, 1)
    places = inputs[..., -1].long() + n_tasks * torch.arange(n_runs, device=inputs.device).unsqueeze(1)
    of_tasks, of_bits = torch.zeros_like(rows), torch.zeros_like(weights["bits"])
    examples = (inputs[..., :-1], places, signs, leads, slopes)
    parts = (each.split(hidden.shape[1], 1) for each in examples)
    for x, place, sign, lead, slope in zip(*parts, strict=True):
        h = hidden[:n_runs, : x.shape[1]]
        torch.index_select(rows, 0, place.flatten(), out=h.view(-1, width))
        # Products run by run: of several at once some kernels give other last bits.
        of_runs = zip(h, x, weights["bits"], last_biases, leading, lead, strict=True)
        for h_of_run, x_of_run, bits, last_bias, lead_by, lead_of_run in of_runs:
            h_of_run.addmm_(x_of_run, bits).relu_()
            torch.addmm(last_bias, h_of_run, lead_by, out=lead_of_run)
        lead.mul_(sign)
        # So is what PyTorch computes in another way at the end of an array, where vectors are not full.
        for lead_of_run, slope_of_run in zip(lead, slope, strict=True):
            torch.sigmoid(lead_of_run, out=slope_of_run)
        slope.mul_(sign)
        for of_lead, h_of_run, slope_of_run in zip(of_leading, h, slope, strict=True):
            of_lead.addmm_(h_of_run.T, slope_of_run)
        torch.ops.aten.threshold_backward.grad_input(slope, h, 0, grad_input=h)
        of_tasks.index_add_(0, place.flatten(), h.view(-1, width))
        for of_bit, x_of_run, h_of_run in zip(of_bits, x, h, strict=True):
            of_bit.addmm_(x_of_run.T, h_of_run)
    torch.mul(of_tasks.unflatten(0, (n_runs, n_tasks)), scales, out=gradients["tasks"])
    torch.mul(of_bits, scales, out=gradients["bits"])
    # Each example has one task, so that the bias, which all share, feels the sum over tasks.
    torch.sum(gradients["tasks"], 1, out=gradients["bias"])
    opposed = leading.new_tensor([[-1.0, 1.0]]) / n
    torch.mul(of_leading.mT, opposed.mT, out=gradients["output_weight"])
    torch.mul(slopes.sum(1), opposed, out=gradients["output_bias"])
    # One run after another: over a stack the last bits would depend on where in it a run lies.
    return [softplus(lead).mean() for lead in leads]
