"""The block of a figure: its kind, and what it shows."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from lawbook.studies.block import Block, Name


class FigureBlock(Block):
    """One figure: its kind (a file in report/figures) and what it shows."""

    kind: str
    of: str | None = None
    called: Name | None = Field(
        None, alias="name", description="Its file's name after the kind, instead of `of`."
    )
    options: dict[str, Any] = Field({})

    @property
    def name(self) -> str:
        """Return the figure's file name without its ending."""
        last = self.called or self.of
        return f"{self.kind}_{last}" if last else self.kind

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        """Accept `curves`, `{law: error_by_data}` and `{law: {of: error_by_data, …}}`."""
        if isinstance(value, str):
            return {"kind": value}
        if isinstance(value, dict) and len(value) == 1 and "kind" not in value:
            ((kind, inner),) = value.items()
            if isinstance(inner, dict):
                options = {key: item for key, item in inner.items() if key not in ("of", "name")}
                return {
                    "kind": kind,
                    "of": inner.get("of"),
                    "name": inner.get("name"),
                    "options": options,
                }
            return {"kind": kind, "of": inner}
        return value
