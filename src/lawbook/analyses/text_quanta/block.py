"""The block on quanta of a text: what is clustered by its gradients, how, and by what it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field, model_validator

from lawbook.errors import suggest
from lawbook.quanta.affinity import Affinity
from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis
from lawbook.studies.identity import Run
from lawbook.studies.kept import KeptRunsBlock
from lawbook.studies.plan import Columns
from lawbook.studies.study import Study
from lawbook.tasks import TextTask


class TextQuantaBlock(KeptRunsBlock):
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
    def _possible(self) -> TextQuantaBlock:
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

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError unless the runs learn a text, and one of each of the two seeds is planned."""
        if not isinstance(study.task, TextTask):
            problem = f"the task {study.base['task']} has no words to cluster"
            raise study.error(field, None, problem, "delete the block, or write task: {name: corpus}")
        super().check(study, field, runs, columns)
        for axis in self.where:
            if axis not in study.fields:
                fix = suggest(axis, study.fields)
                raise study.error(f"{field}.where", axis, "there is no such axis", fix)
        for key, seed in (("seed", self.seed), ("held_out", self.held_out)):
            found = self.selected(runs, seed)
            if len(found) != 1:
                problem = f"{len(found)} runs of the sweep have this seed and these axes, where one is needed"
                raise study.error(f"{field}.{key}", seed, problem, "change where, or the sweep's seeds")

    def selected(self, runs: Sequence[Run], seed: int) -> list[Run]:
        """Return the runs of the block's sweep with its axes and this seed."""
        wanted = {**self.where, "seed": seed}
        members = self.looked_into(runs)
        return [run for run in members if all(run.config[axis] == value for axis, value in wanted.items())]


TABLES = {
    # The tokens that were clustered, with the text around each; `window` is a place among the task's examples.
    # `loss_held_out` and `learned_step` are those of the run of another seed, the step null where the token is never
    # learned; `control` is a cluster of the same size made of target and previous token.
    "tokens": {
        "window": WHOLE,
        "position": WHOLE,
        "file": TEXT,
        "before": TEXT,
        "target": TEXT,
        "after": TEXT,
        "loss": REAL,
        "loss_held_out": REAL,
        "learned_step": REAL,
        "cluster": WHOLE,
        "control": WHOLE,
    },
    # Sizes of the clusters at each k and start of the clustering, from the largest.
    "sizes": {"k": WHOLE, "seed": WHOLE, "rank": WHOLE, "size": WHOLE},
    # How tokens were chosen, stability, agreement with the target tokens, slope of size over rank (n: its last rank),
    # and the comparison with the control on the run of another seed (n: files that the bootstrap draws from).
    "scores": {
        "what": TEXT,
        "part": TEXT,
        "k": WHOLE,
        "estimate": REAL,
        "low": REAL,
        "high": REAL,
        "n": WHOLE,
    },
    # Losses of tokens under runs of several sizes, and how they fall over these, by seed.
    "losses": {
        "window": WHOLE,
        "position": WHOLE,
        "before": TEXT,
        "target": TEXT,
        "run_id": TEXT,
        "seed": WHOLE,
        "n_params": WHOLE,
        "loss": REAL,
        "kind": TEXT,
    },
}

analysis = Analysis(TextQuantaBlock, TABLES, frozenset({"weights"}), memory_mb=4000)
