"""Dimension of a cloud of points by what a denoiser leaves of noise: the pull of AI Poincaré, in closed form."""

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


class DenoiserDimension(OfExamples):
    """E tr ∂P/∂y, the directions of noise that the best denoiser P(y) = E[x | y] of y = x + L ξ lets through.

    AI Poincaré walks off a manifold by noise of size L and is pulled back by a network that learns P: what is normal to
    the manifold goes, what is tangential stays. Here P is that of the other points, and its derivative is their
    covariance given y over L² (Miyasawa 1961), so that no network is trained. L is chosen so that `neighbours` points,
    in effect, share the posterior, 1/Σ w². Edges, and noise wider than the manifold bends, make it fall short.
    Source: Liu and Tegmark 2021, Physical Review Letters 126:180604, arXiv:2011.04698.
    """

    needs = frozenset({"weights"})
    columns = (
        Column("denoiser_dimension", "Dimension (noise that a denoiser leaves)"),
        Column("denoiser_noise", "Noise of that denoiser over the size of the points"),
    )

    at: At = Field(
        "last", description="Steps at which it is taken: every evaluation, the last step, or a list."
    )
    of: Literal["inputs", "hidden"] = Field(
        "hidden", description="The points: the examples' inputs, or what the last hidden layer makes of them."
    )
    neighbours: float = Field(
        20.0, gt=2, description="Points that share a posterior, on average; they set the size of the noise."
    )

    def check(self, config: Config, model: TrainedModel, n_inputs: int, n_outputs: int) -> None:
        """Raise AxisError if hidden layers are asked for, and there are none."""
        from lawbook.measurements._needs import check_hidden

        check_hidden(self.of, config, model, n_inputs, n_outputs)

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the dimension and the noise, (R,) each; none of points that are all the same."""
        import torch

        from lawbook.measurements._denoiser import let_through, noise_of
        from lawbook.measurements._points import points_of, scaled

        found = []
        for points in points_of(view, self.of, self.examples):
            cloud = scaled(points)
            if cloud is None:
                found.append(points.new_full((2,), torch.nan))
                continue
            noise = noise_of(cloud, self.neighbours)
            found.append(torch.stack([let_through(cloud, noise), points.new_tensor(noise)]))
        return {"denoiser_dimension": torch.stack(found)[:, 0], "denoiser_noise": torch.stack(found)[:, 1]}


measurement = DenoiserDimension
