"""The same runs under four metrics: per token, exact match, PassUntil and Brier, over seeds and sizes."""
