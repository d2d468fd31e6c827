"""Training: many runs stacked in one Lightning module, each exactly as if it were alone.

Every random number is a pure function of a run's seed, a purpose and a step, and every tensor operation treats
the runs row by row, so that a run gives the same numbers in any stack.
"""
