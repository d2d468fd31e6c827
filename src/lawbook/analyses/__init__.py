"""Analyses: what looks across runs and is no law. A folder each."""
