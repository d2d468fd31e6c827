"""Exponents of a text before training: the decay of its covariance and of its conditional entropy, and α_D."""
