"""The maximal update parametrization: every layer learns features at every width, and one rate fits all widths."""

from __future__ import annotations

from lawbook.training.parametrizations import Parametrization, Tensor


class MaximalUpdate(Parametrization):
    """With n the fan-in and m the fan-out of a tensor over those at the base width, where its rates are `standard`:

    | tensor | initial | rate, adaptive | rate, SGD |
    | input, vector | 1 | 1 | m |
    | hidden | 1 | 1/n | 1 |
    | output | 0 | 1/n | 1/n |

    The initial factor multiplies values whose deviation falls as 1/√fan_in already. Outputs may begin as anything
    that falls as 1/n, and begin at 0: drawn outputs are a larger part of what narrow networks say, by which their
    change would fall with the width. Attention divides by the width of a head instead of its root, which the model
    itself does.

    Source: Yang et al. 2022, "Tensor programs V", arXiv:2203.03466, table 3 and appendix D.2.
    """

    reads_base_width = True

    def initial(self, tensor: Tensor) -> float:
        """Return 0 for outputs, else 1."""
        return 0.0 if tensor.role == "output" else 1.0

    def rate(self, tensor: Tensor, adaptive: bool) -> float:
        """Return the factor of the table."""
        if tensor.role == "output" or (tensor.role == "hidden" and adaptive):
            return 1.0 / tensor.fan_in_ratio
        return 1.0 if tensor.role == "hidden" or adaptive else tensor.fan_out_ratio


parametrization = MaximalUpdate()
