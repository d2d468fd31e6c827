"""The block of critical points: whose networks are started from, how far away, and what counts as found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from lawbook.models import models
from lawbook.studies.analysis import FLAG, REAL, TEXT, WHOLE, Analysis
from lawbook.studies.identity import Run, reads_scores
from lawbook.studies.kept import KeptRunsBlock
from lawbook.studies.plan import Columns
from lawbook.studies.study import Study
from lawbook.tasks import tasks

MOST_WEIGHTS = 1000
"""Weights of a network, at most: its Hessian is computed whole, and decomposed, at every step of the search."""


class CriticalPointsBlock(KeptRunsBlock):
    """Critical points near the weights of the runs of a sweep: their loss, and the index of their Hessian."""

    noise: list[Annotated[float, Field(ge=0)]] = Field(
        [0.3, 1.0],
        min_length=1,
        description="Standard deviations of what is added to the weights that are started from.",
    )
    steps: int = Field(
        8, ge=1, description="Steps of each run that are started from, log-spaced as its evaluations."
    )
    examples: int = Field(256, ge=2, description="Training examples, the first ones, of which the loss is.")
    tolerance: float = Field(
        1e-8, gt=0, description="Largest norm of the gradient at which a point counts as critical."
    )
    iterations: int = Field(100, ge=1, description="Steps of the search, after which a start counts as lost.")

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for streams, networks that are too large, and runs that are pruned by a score."""
        super().check(study, field, runs, columns)
        for run in self.looked_into(runs):
            task, model = tasks[run.config["task"]], models[run.config["model"]]
            n = model.n_params(run.config, task.n_inputs(run.config), task.n_outputs(run.config))
            if n > MOST_WEIGHTS:
                problem = f"a network of it has {n:,} weights, and a whole Hessian is made of {MOST_WEIGHTS:,} at most"
                raise study.error(f"{field}.sweep", self.sweep, problem, "choose a narrower model")
            if reads_scores(run.config):
                problem = "its runs are pruned by a score"
                raise study.error(f"{field}.sweep", self.sweep, problem, "take the metric random")


TABLES = {
    # Where each start ended. `loss` is what the run descends, weight decay included, `error` the share of wrong
    # classes; `negative` of the n_params eigenvalues of the Hessian are negative, `index` is their share. `known_loss`
    # and `known_negative` are those of the known critical point whose loss is nearest, null where none are known.
    "points": {
        "run_id": TEXT, "seed": WHOLE, "step": WHOLE, "noise": REAL, "found": FLAG, "iterations": WHOLE,
        "gradient_norm": REAL, "loss": REAL, "error": REAL, "n_params": WHOLE, "negative": WHOLE, "index": REAL,
        "known_loss": REAL, "known_negative": REAL,
    },
    # Of the points that were found from the runs of each seed: Spearman's correlation of the index with loss and error,
    # and the share that are known critical points, by loss (to a millionth) and index.
    "seeds": {
        "seed": WHOLE, "starts": WHOLE, "found": WHOLE, "rank_loss": REAL, "rank_error": REAL, "known": REAL,
    },
}  # fmt: skip

analysis = Analysis(
    CriticalPointsBlock, TABLES, frozenset({"weights"}), downloads=("points", "seeds"), memory_mb=3000
)
