"""What a study says to a doubling of its data."""

from pydantic import Field

from lawbook.studies.analysis import REAL, WHOLE, Analysis, AnalysisBlock


class DoublingBlock(AnalysisBlock):
    """Which metric of which sweep."""

    sweep: str = Field(description="The sweep over samples.")
    y: str = Field("test_loss", description="The metric.")


analysis = Analysis(DoublingBlock, {"gains": {"samples": WHOLE, "factor": REAL}}, downloads=("gains",))
