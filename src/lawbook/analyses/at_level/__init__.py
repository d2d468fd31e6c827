"""Runs compared where a metric reaches the same level, in place of after the same steps."""
