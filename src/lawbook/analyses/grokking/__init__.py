"""Phases of learning: comprehension, grokking, memorisation and confusion, by what runs reach and when."""
