"""What a study says to the spread of a metric over seeds."""

from pydantic import Field

from lawbook.studies.analysis import REAL, WHOLE, Analysis, AnalysisBlock


class SpreadBlock(AnalysisBlock):
    """Which metric of which sweep."""

    sweep: str = Field(description="The sweep.")
    y: str = Field("test_loss", description="The metric.")


analysis = Analysis(SpreadBlock, {"spreads": {"samples": WHOLE, "spread": REAL}}, downloads=("spreads",))
