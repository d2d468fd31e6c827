"""Figures of this analysis."""
