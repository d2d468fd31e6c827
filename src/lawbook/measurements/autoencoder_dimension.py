"""Dimension of a cloud of points by autoencoders: the bottleneck whose last unit helps the most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from lawbook.axes import Config
from lawbook.measurements import At, Column, OfExamples
from lawbook.models import TrainedModel

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class AutoencoderDimension(OfExamples):
    """The width k of the bottleneck at which log(e_{k-1} / e_k) is largest, e_k what it leaves unexplained, e_0 = 1.

    e_k is the share of the variance of held-out points that an autoencoder with k units in the middle, trained on the
    other half, does not give back. A whole number. It counts what is needed to tell points apart by one continuous
    map, which of a closed manifold is more than its dimension: 2 of a circle. Dear: seconds a run of many inputs.
    Source: Kramer 1991, "Nonlinear principal component analysis using autoassociative neural networks".
    """

    needs = frozenset({"weights"})
    columns = (
        Column("autoencoder_dimension", "Dimension (bottleneck of an autoencoder)"),
        Column("autoencoder_unexplained", "Variance that a bottleneck leaves (share)", vector=True),
    )

    at: At = Field(
        "last", description="Steps at which it is taken: every evaluation, the last step, or a list."
    )
    of: Literal["inputs", "hidden"] = Field(
        "hidden", description="The points: the examples' inputs, or what the last hidden layer makes of them."
    )
    most: int = Field(8, ge=2, le=64, description="The widest bottleneck that is tried.")
    hidden: int = Field(24, ge=1, le=1024, description="Units in the hidden layers beside the bottleneck.")
    descent: int = Field(400, ge=1, description="Steps for which the autoencoders are trained.")

    def check(self, config: Config, model: TrainedModel, n_inputs: int, n_outputs: int) -> None:
        """Raise AxisError if hidden layers are asked for, and there are none."""
        from lawbook.measurements._needs import check_hidden

        check_hidden(self.of, config, model, n_inputs, n_outputs)

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the dimension (R,) and what is left unexplained, (R, most); none of points that are all the same."""
        import torch

        from lawbook.measurements._autoencoder import unexplained
        from lawbook.measurements._points import points_of, scaled

        left = []
        for points in points_of(view, self.of, self.examples):
            cloud = scaled(points)
            none = points.new_full((self.most,), torch.nan)
            left.append(none if cloud is None else unexplained(cloud, self.most, self.hidden, self.descent))
        shares = torch.stack(left)
        before = torch.cat([torch.ones_like(shares[:, :1]), shares[:, :-1]], dim=1)
        best = (before / shares).argmax(1) + 1
        none = shares.isnan().any(1)
        return {
            "autoencoder_dimension": torch.where(none, torch.nan, best.double()),
            "autoencoder_unexplained": shares,
        }


measurement = AutoencoderDimension
