"""Bundles: a finished study in one file, which another machine can check without training anything."""
