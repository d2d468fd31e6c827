"""Known quanta: examples clustered by their gradients, held against the tasks that they are of."""
