"""Measured statistics and circuit breakers of all engine instances."""
