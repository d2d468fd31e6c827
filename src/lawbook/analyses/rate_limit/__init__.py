"""The limit of a small learning rate: how a column of runs comes to that of the gradient flow."""
