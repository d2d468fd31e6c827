"""How the exponent of the best size moves with what is counted, on a fitted surface of size and data."""
