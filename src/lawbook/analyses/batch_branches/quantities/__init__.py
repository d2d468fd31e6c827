"""Named quantities of this analysis."""
