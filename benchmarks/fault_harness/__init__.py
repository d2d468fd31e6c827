"""The parts of `benchmarks/faults.py`: what is damaged and how, in jobs and in whole studies, and what came of it."""
