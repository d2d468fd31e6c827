"""The blocks `quanta` and `known_quanta`: what is clustered by its gradients, how, and by what it is judged."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from lawbook.studies.block import Block

Affinity = Literal["angular", "relu_cos", "abs_cos"]


class KnownQuantaBlock(Block):
    """Quanta from gradients where they are known: examples of low loss, clustered, and held against their tasks."""

    sweep: str = Field(
        description="The sweep whose runs are looked into; the weights of all of them are kept."
    )
    samples: int = Field(1000, ge=50, le=5000, description="Examples of each run that are clustered.")
    loss_below: float = Field(
        0.1, gt=0, description="Their largest loss in nats, and the mean loss below which a task is learned."
    )
    affinity: Affinity = Field(
        "abs_cos", description="How alike two gradients of the clusters shown are; the others stand beside."
    )


class QuantaBlock(Block):
    """Quanta from gradients: tokens that one run predicts well, clustered, and judged on a run of another seed."""

    sweep: str = Field(description="The sweep over sizes and seeds; the weights of all its runs are kept.")
    where: dict[str, Any] = Field(
        {}, description="The size whose tokens are clustered: axes that leave one run of each seed."
    )
    seed: int = Field(0, ge=0, description="Seed of the run whose gradients are clustered.")
    held_out: int = Field(1, ge=0, description="Seed of the run that the clusters are judged on.")
    samples: int = Field(2000, ge=4, le=100_000, description="Tokens that are clustered.")
    loss_quantile: float = Field(
        0.25, gt=0, le=1, description="Tokens are taken from this share with the lowest loss."
    )
    loss_below: float | None = Field(None, gt=0, description="Tokens' largest loss in nats, besides.")
    affinity: Affinity = Field(
        "angular",
        description="How alike two gradients are: the paper's 1 - arccos(cos)/π, max(cos, 0), or |cos|.",
    )
    clusters: list[int] = Field([60], min_length=1, description="Numbers of clusters k.")
    shown: int | None = Field(
        None, description="The k whose clusters the report shows; by default the middle one."
    )
    cluster_seeds: int = Field(3, ge=2, le=20, description="Starts of the clustering that are compared.")

    @model_validator(mode="after")
    def _possible(self) -> QuantaBlock:
        if min(self.clusters) < 2 or max(self.clusters) >= self.samples:
            problem = f"{self.samples} samples make from 2 to {self.samples - 1} clusters"
            raise ValueError(f"{problem}, not {sorted(self.clusters)}; change clusters or samples")
        if len(set(self.clusters)) < len(self.clusters):
            raise ValueError("clusters names a number twice; name each once")
        if self.shown is not None and self.shown not in self.clusters:
            raise ValueError(
                f"shown = {self.shown} is none of clusters; choose one of {sorted(self.clusters)}"
            )
        if self.seed == self.held_out:
            raise ValueError("seed and held_out are the same run; choose two seeds")
        return self

    @property
    def k(self) -> int:
        """Return the k whose clusters are shown."""
        ordered = sorted(self.clusters)
        return ordered[(len(ordered) - 1) // 2] if self.shown is None else self.shown
