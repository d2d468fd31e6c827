"""Fitting: the laws of a study or of a user's table, and exact curves over the same points."""
