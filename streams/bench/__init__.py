"""Benchmarks that a reader can run: ``scripts/bench --help``."""
