"""The block of an analysis of counting rules: whose surface, how many embeddings, and which sizes and budgets."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field, field_validator

from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.block import Name
from lawbook.studies.identity import Run
from lawbook.studies.plan import Columns
from lawbook.studies.study import Study
from lawbook.studies.values import Budgets

FORM = "chinchilla"
"""The form whose surface has its best sizes in closed form by every rule."""


class CountingRulesBlock(AnalysisBlock):
    """What a study would find on a fitted surface if it counted parameters and compute otherwise."""

    law: Name = Field(description="A law of the study with the form chinchilla, x: [N, D], N all parameters.")
    embedding: float = Field(
        gt=0, description="ω of all parameters N + ω N^(1/3), of which N lie outside of the embeddings."
    )
    sizes: tuple[float, float] = Field(
        description="Smallest and largest N that are sampled, embeddings left out."
    )
    sampled: int = Field(20, ge=3, le=10_000, description="How many sizes are sampled, evenly in log N.")
    budgets: Budgets = Field(
        description="Budgets C = 6·N·D with N embeddings left out, a list or {log10: [lo, hi, n]}; other rules are "
        "asked over the budgets for which the same sizes are the best."
    )

    @field_validator("sizes")
    @classmethod
    def _rising(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not 0 < value[0] < value[1]:
            raise ValueError("the smallest size comes first and is above 0; write [smallest, largest]")
        return value

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a law that the study does not have, or that has no form chinchilla."""
        from lawbook.errors import suggest

        laws = study.content.laws
        if self.law not in laws:
            raise study.error(f"{field}.law", self.law, "the study has no such law", suggest(self.law, laws))
        if FORM not in laws[self.law].compare:
            problem = "this law has no form chinchilla, whose surface is asked"
            raise study.error(f"{field}.law", self.law, problem, "add chinchilla to its compare")


RULES = {"surface": TEXT, "size_rule": TEXT, "compute_rule": TEXT}

TABLES = {
    # The exponent of the best size in compute on each surface (a group of the law), sizes and compute counted by
    # `size_rule` and `compute_rule` (non_embedding, total). `exponent` is read as from runs: at each budget the best of
    # the sampled sizes; its interval is over the draws of the fit, each with the sizes moved between their neighbours.
    # `exact` has the best size itself at the same budgets, with the interval over the draws. Between the first budget
    # and the last the local exponent has the range `local_low` to `local_high`, and the best size, embeddings left
    # out, goes from `size_low` to `size_high`; `limit` is the exponent at infinite compute.
    "exponents": {
        **RULES,
        "exponent": REAL,
        "low": REAL,
        "high": REAL,
        "exact": REAL,
        "exact_low": REAL,
        "exact_high": REAL,
        "level": REAL,
        "local_low": REAL,
        "local_high": REAL,
        "limit": REAL,
        "compute_low": REAL,
        "compute_high": REAL,
        "size_low": REAL,
        "size_high": REAL,
        "n_budgets": WHOLE,
        "n_sampled": WHOLE,
        "n_runs": WHOLE,
        "status": TEXT,
        "reason": TEXT,
    },
    # `exact` over parts of the budgets: what the window of a fit does.
    "windows": {**RULES, "window": TEXT, "compute_low": REAL, "compute_high": REAL, "exponent": REAL},
    # What each way of reading a frontier finds on the same sampled sizes and budgets, and the exact exponent over the
    # budgets that it could read; `factor` is the geometric mean of its N* over the exact one.
    "estimators": {
        **RULES,
        "method": TEXT,
        "exponent": REAL,
        "exact": REAL,
        "factor": REAL,
        "compute_low": REAL,
        "compute_high": REAL,
        "n_budgets": WHOLE,
    },
    # The local exponent along compute, within the budgets and beyond, with its interval over the draws of the fit.
    "slopes": {**RULES, "compute": REAL, "size": REAL, "exponent": REAL, "low": REAL, "high": REAL},
}

analysis = Analysis(
    CountingRulesBlock,
    TABLES,
    needs=frozenset({"fits"}),
    of_table=True,
    downloads=("exponents", "windows", "estimators", "slopes"),
)
