"""The block of a law: which form to fit to which runs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, WithJsonSchema, field_validator, model_validator

from lawbook.studies.block import Block, Name

if TYPE_CHECKING:
    from lawbook.laws.law import Law

LossName = Literal[
    "log_least_squares", "log_huber", "log_absolute",
    "log1p_least_squares", "log1p_huber", "log1p_absolute",
    "least_squares", "huber", "absolute",
]  # fmt: skip


FORMULA = "formula"
"""The name of a block's formula among its forms."""


@cache
def _formula(text: str, inputs: tuple[str, ...], values: tuple[str, ...]) -> Law:
    """Return the law of a formula over the columns of x, in their order, for these values of its index."""
    # Planning a study without a formula needs no NumPy.
    from lawbook.laws.formulas import FormulaError, formula

    law = formula(text, inputs, name=FORMULA, values=lambda _: values)
    if law.index is not None and not values:
        column = law.index.column
        raise FormulaError(
            text, text.index(f"[{column}"), f"which values has {column}? write index: [one, other]"
        )
    if law.index is None and values:
        raise FormulaError(text, 0, f"index names values, {', '.join(values)}, and the formula has no index")
    unread = [name for name in inputs if name not in law.inputs]
    if unread:
        raise FormulaError(text, 0, f"x names {unread[0]}, which it does not read")
    return law.reading(inputs)


class LawBlock(Block):
    """Which law to fit to which runs."""

    sweep: str | None = Field(
        None, description="The sweep whose runs are fitted; left out where a table is given."
    )
    formula: str | None = Field(
        None,
        description="A law in one line over the columns of x, such as `E + A*N^-alpha + B*D^-beta`: other names are "
        "parameters, `; alpha in [0, 2]` bounds one, `; a = beta/(alpha + beta)` reports a quantity.",
    )
    index: list[str | int] = Field(
        [],
        description="Values of the column that is the formula's index, as domain in `E[domain] + A*N^-alpha`: each has "
        "parameters of its own, E[web]. The column is one of x.",
    )
    y: str = Field(description="A column of runs.parquet: test_loss, test_error, validation_loss, …")
    x: str | list[str] = Field(
        min_length=1,
        description="A column of runs.parquet: samples, width, n_params, n_train, steps, flops, …; several for a "
        "law of several inputs, in the order of the law's own: [N, D].",
    )
    compare: list[str] = Field(
        default_factory=lambda given: ["power"] if given.get("formula") is None else [FORMULA],
        min_length=1,
        description="Forms; the first is the headline. A formula of the block is called `formula`.",
    )
    by: list[str] = Field([], description="Axes whose every value gets a fit of its own.")
    cluster: list[str] = Field(
        [],
        description="Axes whose combinations are independent repeats; by default fold where it varies, else seed, "
        "else each run.",
    )
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    range: tuple[float, float] | None = Field(None, description="Fit only between these values of x.")
    choose: str | None = Field(None, description="Axis chosen at each x by the lowest validation metric.")
    at: Literal["last", "best", "every"] = Field(
        "last",
        description="Evaluations of a run that are its points: the last one; the best, with the lowest validation "
        "loss; or every one, with x step, samples_seen or [n_params, samples_seen].",
    )
    first_step: int = Field(
        1, ge=0, description="With at: best or every, the earliest step that counts; 0 is before training."
    )
    loss: LossName = Field(
        "log_least_squares",
        description="Penalty of the residuals (least_squares, huber, absolute) of log y; of log(1 + y) with log1p_, "
        "of y itself with neither.",
    )
    delta: float | None = Field(
        None, gt=0, description="Threshold δ of a Huber loss, in units of the residuals."
    )
    role: Literal["headline", "detail", "null"] = Field(
        "detail", description="`headline` stands on page one; `null` must come out as no law."
    )
    exact: Annotated[list[Name], WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array"}]})] = Field(
        [], description="Registered exact curves, one or several, fitted over the same range beside it."
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return the columns of x, one or several."""
        return (self.x,) if isinstance(self.x, str) else tuple(self.x)

    @property
    def measured(self) -> tuple[str, ...]:
        """Return the columns of x that are numbers, all but a formula's index."""
        if not self.index or self.formula is None:
            return self.inputs
        law = self.form(FORMULA)
        return tuple(self.inputs[j] for j in law.measured)

    def form(self, name: str) -> Law:
        """Return a form that the block compares, by its name. Raises FormulaError for a formula that is none."""
        from lawbook.laws.forms import laws

        if name == FORMULA and self.formula is not None:
            return _formula(self.formula, self.inputs, tuple(map(str, self.index)))
        return laws[name]

    @field_validator("cluster", "exact", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("range")
    @classmethod
    def _ordered(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not value[0] < value[1]:
            raise ValueError("the range is empty or inverted; write the smaller end first")
        return value

    @model_validator(mode="after")
    def _has_delta(self) -> LawBlock:
        if self.loss.endswith("huber") != (self.delta is not None):
            raise ValueError("delta goes with a huber loss; give both or neither")
        if self.first_step != 1 and self.at == "last":
            raise ValueError("first_step goes with at: best or every; the last evaluation is one step")
        if len(self.inputs) > 1 and (self.range is not None or self.choose is not None):
            raise ValueError("range and choose are for one x; leave them out, or select with where")
        return self
