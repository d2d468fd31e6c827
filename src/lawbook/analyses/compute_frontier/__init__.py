"""The compute-optimal frontier: the best size and number of samples for each budget, by several methods."""
