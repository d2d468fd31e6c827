"""Staged learning: when each task of a run is learned."""
