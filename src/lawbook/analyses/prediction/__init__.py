"""What y will be at a target, by the candidate laws that predict held-out runs best."""
