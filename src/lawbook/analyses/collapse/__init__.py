"""Scaling collapse: whether normalised learning curves of several sizes are one, and on which ladder."""
