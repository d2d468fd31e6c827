"""Results: tables of runs, made of shards or of a user's table, and read for fits, claims and reports."""
