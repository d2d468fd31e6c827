"""Weights of trained networks removed: what is left of them, by density, temperature and size."""
