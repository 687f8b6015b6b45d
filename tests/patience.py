"""Time limit of tests for things that take a moment. On its own, for engines of tests that a child process imports."""

PATIENCE = 120.0
"""Seconds."""
