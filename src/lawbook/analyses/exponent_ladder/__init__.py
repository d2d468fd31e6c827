"""The exponent of the best size under one change after another of how runs are counted and trained."""
