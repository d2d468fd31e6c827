"""Scoring: probes that score the examples of a pool."""
