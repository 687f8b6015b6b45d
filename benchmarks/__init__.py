"""What the server must reach, measured: one file per benchmark, `python -m benchmarks` runs them."""
