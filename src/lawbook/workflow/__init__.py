"""The workflow's side of a study: what the rules ask for, jobs, code digests, freshness, recovery, the runner."""
