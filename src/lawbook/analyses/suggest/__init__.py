"""Which runs to make next, for a prediction at a target."""
