"""Quanta of a text: tokens clustered by their gradients, judged on a run of another seed."""
