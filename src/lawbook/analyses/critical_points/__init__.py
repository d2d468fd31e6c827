"""Critical points: the loss and the index of points where the gradient of a network vanishes."""
