"""Measurements of time and memory: `python -m benchmarks`. Never part of a test's verdict."""
