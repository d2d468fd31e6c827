"""The critical batch size: steps traded against examples on the way to a loss, at the best rate of each batch."""
