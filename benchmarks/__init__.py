"""Benchmarks of the server's targets: one file per benchmark, `python -m benchmarks` runs them."""
