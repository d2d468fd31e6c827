"""The block of a claim: an expected value with its source."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from lawbook.studies.block import Block, Name

Scale = Literal["flops", "N", "D"]
"""What says how large a run is: its compute, its parameters, its examples."""


class Claim(Block):
    """An expected value with its source, to be held against the measured interval."""

    name: Name | None = Field(None, description="What a preset calls the claim by.")
    value: str | None = Field(None, description="law.form.parameter")
    difference: str | None = Field(None, description="Column whose paired difference is meant.")
    quantity: Name | None = Field(None, description="A registered named quantity.")
    column: Name | None = Field(None, description="The column of the runs that the quantity is about.")
    analysis: Name | None = Field(
        None, description="The analysis that the quantity is of, by name; needed where there are several."
    )
    options: dict[str, Any] = Field({}, description="What the quantity is asked, such as {method: akima}.")
    exact: Name | None = Field(
        None, description="Exact curve whose fit over the same points is subtracted from the value."
    )
    of: dict[str, Any] = Field({}, description="Runs that the difference is of.")
    minus: dict[str, Any] = Field({}, description="Runs that are subtracted.")
    where: dict[str, Any] = Field({}, description="The group of a fit, or runs that both sides share.")
    paired_by: list[str] = Field([], description="Axes by which the two sides are paired.")
    expected: float | None = None
    within: float | None = Field(None, gt=0)
    at_least: float | None = None
    at_most: float | None = None
    origin: Literal["exact", "published", "preregistered", "exploratory"]
    source: str = ""
    scale: dict[Scale, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(
        {},
        description="How large the source's runs are, {flops: 6.0e18}: compute, parameters N, examples D of one.",
    )
    note: str = Field("", description="Why the claim came out so, once it has.")

    @field_validator("paired_by", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _complete(self) -> Claim:
        if sum(item is not None for item in (self.value, self.difference, self.quantity)) != 1:
            raise ValueError("a claim is about exactly one of value, difference, quantity; keep one")
        if self.options and self.quantity is None:
            raise ValueError("options are for a quantity; name the quantity, or delete options")
        if self.exact is not None and self.value is None:
            raise ValueError("an exact curve is subtracted from a value; name law.form.parameter as value")
        if self.column is not None and self.quantity is None:
            raise ValueError("column goes with a quantity; delete it, or name the quantity")
        if self.analysis is not None and self.quantity is None:
            raise ValueError("an analysis is named for a quantity; name the quantity, or delete analysis")
        if self.difference is not None and not (self.of and self.minus and self.paired_by):
            raise ValueError(
                "a difference is of runs minus other runs, pair by pair; add of, minus and paired_by"
            )
        if (self.expected is None) != (self.within is None):
            raise ValueError("expected and within go together; give both or neither")
        if sum(item is not None for item in (self.expected, self.at_least, self.at_most)) != 1:
            raise ValueError(
                "a claim has one expectation; give one of expected (with within), at_least, at_most"
            )
        if self.origin in ("exact", "published") and not self.source:
            raise ValueError(f"a claim of origin {self.origin} names its source; add source")
        if self.scale and self.origin != "published":
            raise ValueError(
                "a scale is that of a published source; delete scale, or write origin: published"
            )
        return self
