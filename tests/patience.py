"""How long tests wait for what takes a moment. On its own, for engines of tests that a child process imports."""

PATIENCE = 120.0
"""Seconds."""
