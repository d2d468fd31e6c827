"""The block of a frontier: which pool sizes compete at each number of kept examples."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from lawbook.studies.block import Block, Name


class FrontierBlock(Block):
    """The best of several pool sizes at each number of kept examples, held against a control."""

    sweep: str = Field(description="The sweep over kept examples and pool sizes.")
    y: str = Field("test_error", description="A column of runs.parquet that falls.")
    kept: str = Field("n_train", description="Column of the examples kept.")
    pool: str = Field("samples", description="Axis of the pool sizes among which the best is chosen.")
    where: dict[str, Any] = Field(
        {}, description="The runs of the frontier: {metric: el2n}; unpruned runs of the sweep join them."
    )
    control: dict[str, Any] = Field(
        {"metric": "random"}, description="The runs of the control; unpruned runs of the sweep join them."
    )
    cluster: list[str] = Field(
        [],
        description="Axes whose combinations are independent pools; by default fold if it varies, else seed.",
    )
    exact: Name | None = Field(None, description="Registered exact curve, drawn where it applies.")

    @field_validator("cluster", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value
