"""The frontier of pruned pools: the least error at each number of kept examples."""
