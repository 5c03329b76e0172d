"""Experiments: many jobs of (size, seed), one runner, one store of results."""
