"""Branches of a run with larger batches: up to which size the loss stays what it was."""
