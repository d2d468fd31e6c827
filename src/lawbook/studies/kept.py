"""Runs whose weights training keeps, since an analysis looks into them: which they are, and what they must be."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from lawbook.models import SolvedModel
from lawbook.studies.analysis import AnalysisBlock
from lawbook.studies.identity import Run
from lawbook.studies.plan import Columns, check_sweep
from lawbook.studies.study import Study


class KeptRunsBlock(AnalysisBlock):
    """The block of an analysis that looks into the weights of the runs of a sweep."""

    sweep: str = Field(
        description="The sweep whose runs are looked into; the weights of all of them are kept."
    )

    def looked_into(self, runs: Sequence[Run]) -> list[Run]:
        """Return the runs of the block's sweep."""
        return [run for run in runs if self.sweep in run.sweeps]

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError unless the block's sweep is there, and its runs leave weights to look into."""
        if isinstance(study.model, SolvedModel):
            problem = f"the model {study.base['model']} is solved and leaves no gradients"
            raise study.error(field, None, problem, "delete the block, or choose another model")
        check_sweep(study, field, self.sweep)
        if any(run.config["devices"] > 1 for run in self.looked_into(runs)):
            problem = "runs of several devices leave no weights to look into"
            fix = f"write devices: 1, or delete the block {field}"
            raise study.error("training.devices", study.base["devices"], problem, fix)
