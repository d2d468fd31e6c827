"""How the exponent of the best size moves with what is counted, on runs that were trained."""
