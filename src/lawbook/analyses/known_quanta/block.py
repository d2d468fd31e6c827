"""The block of an analysis of quanta that are known: which examples are clustered, and how."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from lawbook.quanta.affinity import Affinity
from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis
from lawbook.studies.identity import Run
from lawbook.studies.kept import KeptRunsBlock
from lawbook.studies.plan import Columns
from lawbook.studies.study import Study
from lawbook.tasks import StreamTask


class KnownQuantaBlock(KeptRunsBlock):
    """Quanta from gradients where they are known: examples of low loss, clustered, and held against their tasks."""

    samples: int = Field(1000, ge=50, le=5000, description="Examples of each run that are clustered.")
    loss_below: float = Field(
        0.1, gt=0, description="Their largest loss in nats, and the mean loss below which a task is learned."
    )
    affinity: Affinity = Field(
        "abs_cos", description="How alike two gradients of the clusters shown are; the others stand beside."
    )

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError unless the task knows its quanta, and networks differ in their seed alone."""
        if not (isinstance(study.task, StreamTask) and study.task.knows_quanta):
            problem = f"the quanta of the task {study.base['task']} are not known"
            fix = "delete the block, or write task: {name: sparse_parity}"
            raise study.error(field, None, problem, fix)
        super().check(study, field, runs, columns)
        configs = [run.config for run in self.looked_into(runs)]
        differing = [axis for axis in configs[0] if len({str(config.get(axis)) for config in configs}) > 1]
        if set(differing) - {"seed"}:
            axes = ", ".join(differing)
            problem = f"its runs differ in {axes}, and networks are replicates that differ in their seed"
            raise study.error(f"{field}.sweep", self.sweep, problem, "sweep the seed alone")


TABLES = {
    # The examples that were clustered of each network, by its seed, with the known task's rank.
    "examples": {"seed": WHOLE, "task": WHOLE, "loss": REAL, "cluster": WHOLE},
    # Sizes of the clusters of each network, from the largest.
    "sizes": {"k": WHOLE, "seed": WHOLE, "rank": WHOLE, "size": WHOLE},
    # Of each network what it has learned, agreement with its tasks (n: those in the sample), blind rules, and slopes
    # (k: the last rank).
    "scores": {
        "seed": WHOLE,
        "what": TEXT,
        "part": TEXT,
        "k": WHOLE,
        "estimate": REAL,
        "low": REAL,
        "high": REAL,
        "n": WHOLE,
    },
}

analysis = Analysis(KnownQuantaBlock, TABLES, frozenset({"weights"}), memory_mb=4000)
