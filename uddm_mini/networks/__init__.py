"""Associative networks: a score for every symbol of every unit, and the dynamics that follow from it."""
