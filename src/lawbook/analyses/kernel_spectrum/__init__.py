"""A learning curve before training: what the spectrum of a sample of the kernel foretells, beside what was measured."""
