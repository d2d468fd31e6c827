"""Scaling symmetries: which products of powers of its hyperparameters a loss depends on, found from runs nearby."""
